//! Sign-in with an upstream's word: the single use of the attempt, the account, the link and the session, in one unit of work.

use std::net::IpAddr;

use jiff::Timestamp;

use super::{
    UpstreamIdentity,
    account::{self, Account, NoAccount},
    rule::{self, Holder, Unlinked},
    sessions,
};
use crate::{
    Context,
    flows::{
        Issued, TRIES, contended,
        session_start::{self, FIRST, MayNotWork, Proved},
        status_lists, use_once,
    },
    minting::MintError,
    model::{AuditEntry, AuditKind, Login, OneTimePurpose, OrgId, SessionState, UpstreamName, UserId},
    settings::UpstreamSettings,
    store::{Applied, Change, Changes, Conflict, StoreError, Subject},
};

/// Somebody comes back from an upstream.
#[derive(Debug, Clone)]
pub struct UpstreamSignIn {
    /// What the upstream said.
    pub identity: UpstreamIdentity,
    /// What was begun here and may be finished once. Absent where a token of the upstream's is exchanged.
    pub attempt: Option<Attempt>,
    /// The device in words, for the user's list of sessions.
    pub device: String,
    /// From where.
    pub address: Option<IpAddr>,
}

/// A sign-in that was begun: whichever replica finishes it, it is finished once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Drawn at random when it was begun.
    pub id: String,
    /// From then on nobody would take it anyway.
    pub expires_at: Timestamp,
}

/// Nobody was signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamSignInError {
    /// The configuration has no such upstream.
    #[error("there is no upstream {upstream}")]
    UnknownUpstream {
        /// The name.
        upstream: UpstreamName,
    },
    /// This attempt was finished before, here or by another replica.
    #[error("the sign-in was finished before")]
    AlreadyUsed,
    /// They have no account, and the upstream may make none.
    #[error("nobody here is linked to this person, and the upstream may make no accounts (`create = false`)")]
    NotLinked,
    /// An account has their address, and the rule does not let them be linked without its owner.
    #[error("an account has the address, and may be linked by its owner alone")]
    EmailTaken,
    /// All names that would do are taken.
    #[error("every user name that would do is taken")]
    UsernameTaken,
    /// The account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The user's organisation is suspended.
    #[error("the organisation is suspended")]
    OrganizationSuspended,
    /// The upstream names an organisation that does not exist here.
    #[error("the upstream names the organisation {org_id}, which does not exist here")]
    UnknownOrganization {
        /// The organisation.
        org_id: OrgId,
    },
    /// No access token could be made.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// The upstream's token could not be sealed: a defect.
    #[error("the upstream's token could not be sealed")]
    Seal(#[source] crate::root_key::RootKeyError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<MayNotWork> for UpstreamSignInError {
    fn from(why: MayNotWork) -> Self {
        match why {
            MayNotWork::AccountDisabled => Self::AccountDisabled,
            MayNotWork::OrganizationSuspended => Self::OrganizationSuspended,
        }
    }
}

impl From<NoAccount> for UpstreamSignInError {
    fn from(why: NoAccount) -> Self {
        match why {
            NoAccount::UnknownOrganization { org_id } => Self::UnknownOrganization { org_id },
            NoAccount::UsernameTaken => Self::UsernameTaken,
            NoAccount::Store(error) => Self::Store(error),
        }
    }
}

/// Signs in somebody whom an upstream vouches for.
///
/// Who is linked is that user. Somebody else becomes the user whom the rule says, or nobody.
pub async fn sign_in_through_upstream(
    ctx: &Context,
    command: UpstreamSignIn,
    now: Timestamp,
) -> Result<Issued, UpstreamSignInError> {
    let upstream = &command.identity.upstream;
    let unknown = || UpstreamSignInError::UnknownUpstream { upstream: upstream.clone() };
    let settings = ctx.settings.upstreams.get(upstream).ok_or_else(unknown)?;
    let signing_in = SigningIn { ctx, settings, command: &command, now };
    for _ in 0..TRIES {
        // Boxed: a whole account and a whole session live across its reads, and every request would carry their room.
        match Box::pin(signing_in.once()).await {
            Ok(Some(issued)) => return Ok(issued),
            Ok(None) => {}
            Err(error) => return Err(signing_in.refused(error).await?),
        }
    }
    Err(contended("signing in through an upstream").into())
}

struct SigningIn<'a> {
    ctx: &'a Context,
    settings: &'a UpstreamSettings,
    command: &'a UpstreamSignIn,
    now: Timestamp,
}

impl SigningIn<'_> {
    /// Decides and acts once. `None`: somebody was faster, decide again.
    async fn once(&self) -> Result<Option<Issued>, UpstreamSignInError> {
        let (ctx, now) = (self.ctx, self.now);
        let Account { subject, changes, makes_stale } = self.account().await?;
        session_start::may_work(&subject)?;
        let identity = &self.command.identity;
        let proved = Proved {
            user: subject.user.id,
            at: self.proved_at(),
            amr: tidy_amr(&identity.amr),
            device: &self.command.device,
        };
        let mut session = session_start::new_session(ctx, proved, now);
        session.status = status_lists::place(ctx, &session, subject.rev, now).await?;
        // Minted first: a token that cannot be made moves nothing.
        let issued = Issued::mint(ctx, session, subject, FIRST, now)?;
        let remembered = sessions::beginning(ctx, issued.session.id, self.command, now)?;
        let changes = self.used_first(changes);
        let changes =
            session_start::starting(ctx, changes, &issued.session, &issued.subject.user, now).await?;
        let changes = changes.and(Change::RememberUpstreamSession(remembered)).audit(self.signed_in(&issued));
        match ctx.store.apply(changes).await? {
            Applied::Committed { .. } if makes_stale => self.mint_again(issued).await,
            Applied::Committed { .. } => Ok(Some(issued)),
            Applied::Conflict(conflict) => again_after(conflict),
        }
    }

    /// Returns when they proved who they are, as far as that is known.
    ///
    /// A token that somebody holds proves that they did at some time. Until the upstream says when, no rule that asks for a fresh
    /// sign-in may be met by it: the token may have been stolen long afterwards.
    fn proved_at(&self) -> Timestamp {
        match (self.command.identity.auth_time, &self.command.attempt) {
            (Some(at), _) => at.min(self.now),
            (None, Some(_)) => self.now,
            (None, None) => Timestamp::UNIX_EPOCH,
        }
    }

    /// Returns the account they sign in to.
    async fn account(&self) -> Result<Account, UpstreamSignInError> {
        if let Some(account) = self.linked_account().await? {
            return Ok(account);
        }
        match self.account_by_the_rule().await {
            // They may have come twice at once, and the account that stands in the way be the one which they have just got.
            Err(refused @ (UpstreamSignInError::NotLinked | UpstreamSignInError::EmailTaken)) => {
                self.linked_account().await?.ok_or(refused)
            }
            decided => decided,
        }
    }

    /// Returns the account that is linked.
    async fn linked_account(&self) -> Result<Option<Account>, UpstreamSignInError> {
        let (ctx, identity) = (self.ctx, &self.command.identity);
        let link = ctx.store.upstream_link(&identity.upstream, &identity.subject).await?;
        let Some(link) = link else { return Ok(None) };
        let subject = self.subject(link.user_id).await?;
        session_start::may_work(&subject)?;
        Ok(Some(account::up_to_date(ctx, self.settings, identity, subject, self.now).await?))
    }

    /// Returns the account of somebody who is not linked.
    async fn account_by_the_rule(&self) -> Result<Account, UpstreamSignInError> {
        let (ctx, settings, now) = (self.ctx, self.settings, self.now);
        let identity = &self.command.identity;
        let holder = self.holder().await?;
        let links = match &holder {
            // Somebody of this upstream who is linked meanwhile is noticed: an account has one link to it.
            Some(holder) => ctx.store.upstream_links_of(holder.user.id).await?,
            None => Vec::new(),
        };
        let found = holder.as_ref().map(|holder| Holder { user: &holder.user, links: &links });
        match (rule::decide(settings, &identity.upstream, found), holder) {
            (Unlinked::Link, Some(subject)) => {
                session_start::may_work(&subject)?;
                let account = account::up_to_date(ctx, settings, identity, subject, now).await?;
                Ok(account.link(identity, "by the verified address", now))
            }
            (Unlinked::Create, _) => Ok(account::made(ctx, settings, identity, now).await?),
            (Unlinked::Link | Unlinked::NotLinked, _) => Err(UpstreamSignInError::NotLinked),
            (Unlinked::EmailTaken, _) => Err(UpstreamSignInError::EmailTaken),
        }
    }

    /// Returns the account that has the address which the upstream has verified.
    async fn holder(&self) -> Result<Option<Subject>, UpstreamSignInError> {
        let Some(email) = self.command.identity.verified_email() else { return Ok(None) };
        let Some(user) = self.ctx.store.user_by_login(&Login::Email(email.clone())).await? else {
            return Ok(None);
        };
        // It may have got another address between the two; the store then says who has this one.
        let subject = self.subject(user.id).await?;
        Ok(Some(subject).filter(|subject| subject.user.email.as_ref() == Some(email)))
    }

    async fn subject(&self, user: UserId) -> Result<Subject, UpstreamSignInError> {
        let missing = || StoreError::Corrupt { what: format!("the user {user} is gone") };
        Ok(self.ctx.store.subject(user).await?.ok_or_else(missing)?)
    }

    /// Puts the single use of the attempt first: who comes second has done nothing else wrong.
    fn used_first(&self, mut changes: Changes) -> Changes {
        if let Some(attempt) = &self.command.attempt {
            changes.changes.insert(0, attempt.using());
        }
        changes
    }

    /// Mints again what the change of the account has made stale at once.
    async fn mint_again(&self, issued: Issued) -> Result<Option<Issued>, UpstreamSignInError> {
        let read = self.ctx.store.session_subject(issued.session.id).await?;
        let Some((session, subject)) = read.filter(|(session, _)| session.state == SessionState::Active)
        else {
            return Err(contended("signing in through an upstream").into());
        };
        session_start::may_work(&subject)?;
        Ok(Some(Issued::mint(self.ctx, session, subject, FIRST, self.now)?))
    }

    fn signed_in(&self, issued: &Issued) -> AuditEntry {
        AuditEntry {
            user_id: Some(issued.subject.user.id),
            session_id: Some(issued.session.id),
            address: self.command.address,
            detail: Some(format!("{}, through {}", issued.session.device, self.command.identity.upstream)),
            ..AuditEntry::new(AuditKind::SignedIn, self.now)
        }
    }

    /// Notes that somebody was refused, where that is a matter of who they are.
    async fn refused(&self, error: UpstreamSignInError) -> Result<UpstreamSignInError, StoreError> {
        use UpstreamSignInError::{Mint, Seal, Store, UnknownUpstream};
        if let Mint(_) | Seal(_) | Store(_) | UnknownUpstream { .. } = error {
            return Ok(error);
        }
        let identity = &self.command.identity;
        let link = self.ctx.store.upstream_link(&identity.upstream, &identity.subject).await?;
        let entry = AuditEntry {
            user_id: link.map(|link| link.user_id),
            address: self.command.address,
            detail: Some(format!("through {}: {error}", identity.upstream)),
            ..AuditEntry::new(AuditKind::SignInFailed, self.now)
        };
        self.ctx.store.apply(Changes::default().audit(entry).relaxed()).await?;
        Ok(error)
    }
}

impl Attempt {
    /// Returns what uses it up.
    pub(super) fn using(&self) -> Change {
        use_once(OneTimePurpose::SignInAttempt, self.id.clone(), self.expires_at)
    }
}

/// Returns `Ok(None)` where another decision may do.
fn again_after(conflict: Conflict) -> Result<Option<Issued>, UpstreamSignInError> {
    match conflict {
        Conflict::AlreadyUsed => Err(UpstreamSignInError::AlreadyUsed),
        Conflict::UserChanged
        | Conflict::TooManySessions
        | Conflict::UsernameTaken
        | Conflict::EmailTaken
        | Conflict::LinkTaken
        | Conflict::LinkUnknown
        | Conflict::OrganizationUnknown => Ok(None),
        other => {
            let doing = "signing in through an upstream";
            Err(StoreError::Defect { doing, source: other.into() }.into())
        }
    }
}

/// Keeps a few short words of what an upstream says of the way somebody proved who they are: tokens have no room for more.
fn tidy_amr(amr: &[String]) -> Vec<String> {
    let is_word =
        |word: &&String| (1..=16).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_graphic());
    amr.iter().filter(is_word).take(8).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::tidy_amr;

    #[test]
    fn of_many_words_a_few_short_ones_are_kept() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let long = "x".repeat(17);
        assert_eq!(tidy_amr(&words(&["pwd", "", "o t p", &long, "é", "otp"])), ["pwd", "otp"]);
        assert_eq!(tidy_amr(&vec!["pwd".to_owned(); 100]).len(), 8);
    }
}
