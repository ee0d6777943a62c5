//! Asking the upstream, before a refresh, whether the session goes on there.
//!
//! The refresh machine knows nothing of it: a session that the upstream has ended is over before `decide` sees it.

use jiff::Timestamp;

use super::{
    RecheckSecret, UpstreamIdentity,
    account::{self, NoAccount},
    sessions,
};
use crate::{
    Context,
    flows::{TRIES, contended, events},
    model::{
        AuditEntry, AuditKind, EndReason, Reason, Selector, Session, SessionId, SessionState, UpstreamCheck,
        UpstreamName, UpstreamSession, UpstreamSubject, later,
    },
    refresh_machine::decide,
    settings::UpstreamSettings,
    store::{Applied, Change, Changes, Conflict, StoreError},
};

/// A question to an upstream. Whoever got it asks, and tells the answer with [`rechecked`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recheck {
    /// About which session.
    pub session: SessionId,
    /// Whom to ask.
    pub upstream: UpstreamName,
    /// Who it must be.
    pub subject: UpstreamSubject,
    /// What to ask with.
    pub secret: RecheckSecret,
    /// What the question rests on.
    check: UpstreamCheck,
}

/// What the upstream said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecheckOutcome {
    /// The session goes on there, and this is what holds now. A secret in it takes the place of the one before.
    StillThere(Box<UpstreamIdentity>),
    /// The session is over there, or the person is gone.
    Ended,
    /// Nothing: it did not answer, or with something that means neither.
    Unreachable,
}

/// What becomes of the refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecheckVerdict {
    /// It goes on.
    GoOn,
    /// The session is over now, everywhere.
    Ended,
    /// Too long ago did the upstream say yes. The client tries again later, and is not signed out.
    Unavailable,
}

/// What has to be done before a refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Nothing: refresh.
    Nothing,
    /// The upstream has to be asked.
    Ask(Recheck),
    /// Somebody else asks it at this moment, and the time without an answer is over: as [`RecheckVerdict::Unavailable`].
    Unavailable,
}

/// Returns what has to be done before a refresh with this token.
///
/// Of all requests and replicas at most one asks at a time, for as long as the service may take over a request: the upstream
/// may take a token of its own once. The others go on meanwhile. A token that will be refused is refused without delay.
pub async fn recheck_due(ctx: &Context, refresh_token: &str, now: Timestamp) -> Result<Due, StoreError> {
    if ctx.settings.upstreams.values().all(|settings| settings.recheck_every.is_none()) {
        return Ok(Due::Nothing);
    }
    let Ok(presented) = ctx.keyring.refresh_keys().authenticate(refresh_token) else {
        return Ok(Due::Nothing);
    };
    let Some(session) = ctx.store.session(presented.session).await? else { return Ok(Due::Nothing) };
    let decision = decide(&session, presented.step, now, &ctx.settings.sessions);
    if decision.answer(presented.step, session.refresh.current()).is_none() {
        return Ok(Due::Nothing);
    }
    // What was carried to another site goes on with the session that it comes from.
    let id = session.root();
    for _ in 0..TRIES {
        let Some(beside) = ctx.store.upstream_session(id).await? else { return Ok(Due::Nothing) };
        let (Some(times), Some(sealed)) = (Times::of(ctx, &beside), &beside.secret) else {
            return Ok(Due::Nothing);
        };
        match times.at(now) {
            When::NotYet => return Ok(Due::Nothing),
            When::Asked if now < times.until => return Ok(Due::Nothing),
            When::Asked => return Ok(Due::Unavailable),
            When::Now => {}
        }
        let unreadable = |error| StoreError::Corrupt { what: format!("an upstream's token: {error}") };
        let secret = sessions::open(ctx, id, sealed).map_err(unreadable)?;
        let check = UpstreamCheck { asked_at: Some(now), ..beside.check };
        let (upstream, subject) = (beside.upstream.clone(), beside.subject.clone());
        let change =
            Change::CheckUpstreamSession { from: beside.check, to: UpstreamSession { check, ..beside } };
        match ctx.store.apply(Changes::one(change).relaxed()).await? {
            Applied::Committed { .. } => {
                return Ok(Due::Ask(Recheck { session: id, upstream, subject, secret, check }));
            }
            Applied::Conflict(Conflict::SessionChanged) => {}
            Applied::Conflict(conflict) => return Err(defect(conflict)),
        }
    }
    Err(contended("asking an upstream"))
}

/// Takes an upstream's answer.
pub async fn rechecked(
    ctx: &Context,
    recheck: Recheck,
    outcome: RecheckOutcome,
    now: Timestamp,
) -> Result<RecheckVerdict, StoreError> {
    match outcome {
        RecheckOutcome::StillThere(identity) if is_same(&recheck, &identity) => {
            still_there(ctx, &recheck, &identity, now).await
        }
        // A token that is somebody else's by now says nothing good of the session.
        RecheckOutcome::StillThere(_) | RecheckOutcome::Ended => end(ctx, recheck.session, now).await,
        RecheckOutcome::Unreachable => unreachable(ctx, &recheck, now).await,
    }
}

fn is_same(recheck: &Recheck, identity: &UpstreamIdentity) -> bool {
    identity.upstream == recheck.upstream && identity.subject == recheck.subject
}

/// Notes the answer, and brings the account up to date as at a sign-in.
async fn still_there(
    ctx: &Context,
    recheck: &Recheck,
    identity: &UpstreamIdentity,
    now: Timestamp,
) -> Result<RecheckVerdict, StoreError> {
    for _ in 0..TRIES {
        let Some(beside) = ctx.store.upstream_session(recheck.session).await? else {
            return Ok(RecheckVerdict::Ended);
        };
        if beside.check != recheck.check {
            // This answer took so long that somebody else has asked since: theirs is the younger one.
            return Ok(RecheckVerdict::GoOn);
        }
        let yes = UpstreamCheck { checked_at: now, asked_at: None };
        let (changes, check, verdict) = match account_changes(ctx, recheck, identity, now).await {
            Ok(changes) => (changes, yes, RecheckVerdict::GoOn),
            Err(NoAccount::Store(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(upstream = %recheck.upstream, %error, "cannot follow what the upstream says of a session");
                // It is asked again, and by then the secret of before may be used up.
                (Changes::default(), recheck.check, RecheckVerdict::Unavailable)
            }
        };
        let secret = match &identity.recheck {
            Some(secret) => Some(sessions::seal(ctx, recheck.session, secret).map_err(unsealed)?),
            None => beside.secret.clone(),
        };
        let to = UpstreamSession { secret, check, ..beside };
        let noting = Change::CheckUpstreamSession { from: recheck.check, to };
        match ctx.store.apply(changes.and(noting)).await? {
            Applied::Committed { .. } => return Ok(verdict),
            Applied::Conflict(
                Conflict::UserChanged
                | Conflict::SessionChanged
                | Conflict::EmailTaken
                | Conflict::OrganizationUnknown,
            ) => {}
            Applied::Conflict(conflict) => return Err(defect(conflict)),
        }
    }
    Err(contended("noting an upstream's answer"))
}

/// Returns what the answer changes of the account: nothing, once the link is gone.
async fn account_changes(
    ctx: &Context,
    recheck: &Recheck,
    identity: &UpstreamIdentity,
    now: Timestamp,
) -> Result<Changes, NoAccount> {
    let settings = ctx.settings.upstreams.get(&recheck.upstream);
    let session = ctx.store.session_subject(recheck.session).await?;
    let (Some(settings), Some((_, subject))) = (settings, session) else { return Ok(Changes::default()) };
    // Read after the account: whoever removes the link changes the account's version, and is noticed.
    let link = ctx.store.upstream_link(&recheck.upstream, &recheck.subject).await?;
    if link.is_none_or(|link| link.user_id != subject.user.id) {
        return Ok(Changes::default());
    }
    Ok(account::up_to_date(ctx, settings, identity, subject, now).await?.changes)
}

/// Ends the session everywhere, in one unit of work.
async fn end(ctx: &Context, id: SessionId, now: Timestamp) -> Result<RecheckVerdict, StoreError> {
    let session = ctx.store.session(id).await?.filter(|session| session.state == SessionState::Active);
    if let Some(session) = session {
        let changes = ending(ctx, Changes::default(), &session, now).await?;
        ctx.store.apply(changes).await?;
    }
    Ok(RecheckVerdict::Ended)
}

/// Adds the end of a session that the upstream has ended.
pub(super) async fn ending(
    ctx: &Context,
    changes: Changes,
    session: &Session,
    now: Timestamp,
) -> Result<Changes, StoreError> {
    let (id, reason) = (session.id, EndReason::UpstreamEnded);
    let event = events::dead(Selector::Session(id), Reason::SessionEnded, now, &ctx.settings);
    let event = events::owned(ctx, event, session.user_id).await?;
    let changes = changes.and(Change::EndGroup { id, at: now, reason, event }).audit(AuditEntry {
        user_id: Some(session.user_id),
        session_id: Some(id),
        detail: Some(reason.as_str().to_owned()),
        ..AuditEntry::new(AuditKind::SessionEnded, now)
    });
    Ok(changes)
}

/// An upstream that is away signs nobody out. After a while nobody gets new tokens either.
async fn unreachable(ctx: &Context, recheck: &Recheck, now: Timestamp) -> Result<RecheckVerdict, StoreError> {
    let Some(beside) = ctx.store.upstream_session(recheck.session).await? else {
        return Ok(RecheckVerdict::Ended);
    };
    match Times::of(ctx, &beside) {
        Some(times) if now >= times.until => Ok(RecheckVerdict::Unavailable),
        _ => Ok(RecheckVerdict::GoOn),
    }
}

/// The times of one session's questions.
struct Times {
    /// From then on the upstream is asked.
    due: Timestamp,
    /// Until then the session goes on without an answer.
    until: Timestamp,
    /// Until then somebody is asking.
    asked_until: Option<Timestamp>,
}

enum When {
    NotYet,
    Asked,
    Now,
}

impl Times {
    /// `None`: the upstream is never asked, or not configured any more.
    fn of(ctx: &Context, beside: &UpstreamSession) -> Option<Self> {
        let settings: &UpstreamSettings = ctx.settings.upstreams.get(&beside.upstream)?;
        let due = later(beside.check.checked_at, settings.recheck_every?);
        let takes = ctx.settings.sessions.refresh_service_timeout;
        let asked_until = beside.check.asked_at.map(|at| later(at, takes));
        Some(Self { due, until: later(due, settings.recheck_grace), asked_until })
    }

    fn at(&self, now: Timestamp) -> When {
        if now < self.due {
            When::NotYet
        } else if self.asked_until.is_some_and(|until| now < until) {
            When::Asked
        } else {
            When::Now
        }
    }
}

fn unsealed(error: crate::root_key::RootKeyError) -> StoreError {
    StoreError::Defect { doing: "sealing an upstream's token", source: error.into() }
}

fn defect(conflict: Conflict) -> StoreError {
    StoreError::Defect { doing: "asking an upstream", source: conflict.into() }
}
