use jiff::Timestamp;

use crate::model::{
    AuditEntry, Client, ClientId, EndReason, LogPosition, NewEvent, OneTimePurpose, Organization,
    PasswordHash, Profile, RefreshState, Session, SessionId, StatusList, StatusListId, StatusPlace, Step,
    StoredKey, UpstreamCheck, UpstreamLink, UpstreamName, UpstreamSession, User, UserId, VerifierReport,
};

/// One unit of work: applied whole, or not at all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// In this order.
    pub changes: Vec<Change>,
    /// Revocation events, numbered by the store in this same transaction.
    pub events: Vec<NewEvent>,
    /// Audit entries.
    pub audit: Vec<AuditEntry>,
    /// Whether the answer waits for the disk.
    pub durability: Durability,
}

/// Whether the answer waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// It does: after a power cut the change is still there.
    #[default]
    Synced,
    /// It need not. For what is made good when it is lost: a rotation, when its token comes back.
    Relaxed,
}

/// One change. Those that rest on what was read carry it, and conflict when it is no longer so.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Adds a user. Conflicts when the name or address is taken, or the organisation is unknown.
    CreateUser(User),
    /// Adds the very first user. Conflicts when there is any.
    CreateFirstUser(User),
    /// Replaces the user with this id. `user.version` is the version that was read; the store raises it by one.
    UpdateUser(User),
    /// Replaces the password hash alone, as of a version that was read, and raises no version: a rehash at sign-in.
    RehashPassword {
        /// Whose.
        user_id: UserId,
        /// The hash that was read.
        from: PasswordHash,
        /// The new hash of the same password.
        to: PasswordHash,
    },
    /// Replaces a user's profile, and raises no version. Conflicts unless it still is the one that was read; one that was never
    /// set is empty.
    SetProfile {
        /// Whose.
        user_id: UserId,
        /// The profile that was read.
        from: Profile,
        /// The new one. An empty one is as good as none.
        to: Profile,
    },
    /// Adds an organisation. Conflicts when the id is taken.
    CreateOrganization(Organization),
    /// Replaces the organisation with this id. Conflicts when it is gone.
    UpdateOrganization(Organization),
    /// Adds a session. Conflicts unless the user still has the version that was read, so that no session begins under
    /// a password, a role or a status that was changed a moment before.
    ///
    /// One that is carried conflicts unless the session it comes from is active, of the same user and not carried itself; and
    /// while another that can be used was carried from there to the same site.
    StartSession {
        /// The new session.
        session: Session,
        /// The version of the user that the decision rests on.
        user_version: u64,
        /// How many live sessions the user may have, this one included and carried ones not; more is a conflict.
        at_most: Option<u32>,
    },
    /// Moves the refresh state on. Conflicts unless the session is active and its refresh state still is `from`, all of it:
    /// the decision also rests on when the token was last handed out and on whether it was confirmed.
    RotateSession {
        /// Which session.
        id: SessionId,
        /// What the decision rests on.
        from: RefreshState,
        /// What holds from now on.
        to: RefreshState,
        /// The new idle expiry.
        idle_expiry: Timestamp,
    },
    /// Notes that the current refresh token was handed out again. Conflicts unless the session is active and its counters
    /// still are `from`'s. Never moves time backwards.
    HandOutAgain {
        /// Which session.
        id: SessionId,
        /// What the decision rests on: its `generation` and `branch` must still hold.
        from: RefreshState,
        /// The moment to note.
        at: Timestamp,
    },
    /// Keeps a session from running out before a moment, unless it is over: one that was carried from it is in use. Never moves
    /// its idle expiry back.
    KeepSession {
        /// Which session.
        id: SessionId,
        /// The idle expiry to have at least.
        idle_expiry: Timestamp,
    },
    /// Ends a session that is active; does nothing when it is over already.
    EndSession {
        /// Which session.
        id: SessionId,
        /// When.
        at: Timestamp,
        /// Why.
        reason: EndReason,
    },
    /// Ends a session that is active, and with it all active ones of its group: the one it was carried from, and those that
    /// were carried from there. Each gets an event of its own, in the transaction, so that none that began a moment before is
    /// missed. Does nothing when the session is over already.
    EndGroup {
        /// Which session.
        id: SessionId,
        /// When.
        at: Timestamp,
        /// Why.
        reason: EndReason,
        /// What others hear of each: its selector is replaced.
        event: NewEvent,
    },
    /// Ends every active session of a user, but for one and the one that it was carried from: without that, nothing that is done at home
    /// would reach it any more.
    EndSessionsOf {
        /// Whose sessions.
        user_id: UserId,
        /// This one goes on.
        except: Option<SessionId>,
        /// When.
        at: Timestamp,
        /// Why.
        reason: EndReason,
    },
    /// Renames the device of a session. Conflicts when the session is over or gone.
    RelabelSession {
        /// Which session.
        id: SessionId,
        /// The new label.
        device: String,
    },
    /// Notes that an access token of the session reached the auth service. Never moves time backwards.
    SeeSession {
        /// Which session.
        id: SessionId,
        /// When.
        at: Timestamp,
        /// The refresh token the access token was issued under: confirms the refresh state if still current.
        issued_under: Step,
    },
    /// Links a user to somebody at an upstream. Conflicts when that person is linked, or the user is linked to anybody there.
    LinkUpstream(UpstreamLink),
    /// Removes a user's link to an upstream. Conflicts when there is none. Goes with a change of the user, so that others who remove
    /// a link notice.
    UnlinkUpstream {
        /// Whose.
        user_id: UserId,
        /// To which upstream.
        upstream: UpstreamName,
    },
    /// Puts something beside an active session that has begun at an upstream, until it ends. Conflicts when the session is over or
    /// gone, or has something beside it; and unless the person at the upstream is linked to the session's user, so that no session
    /// begins by a link that was removed a moment before.
    RememberUpstreamSession(UpstreamSession),
    /// Notes that an upstream is asked, or has answered, and the secret to ask with. Conflicts unless it was last asked as `from`
    /// says.
    CheckUpstreamSession {
        /// What was read.
        from: UpstreamCheck,
        /// What holds from now on. Of this `secret` and `check` are written.
        to: UpstreamSession,
    },
    /// Gives a session a place in a status list. Conflicts unless it is active and its place still is `from`.
    PlaceSession {
        /// Which session.
        id: SessionId,
        /// The place it had when it was read, if any.
        from: Option<StatusPlace>,
        /// The place it has from now on.
        to: StatusPlace,
    },
    /// Begins a status list. Conflicts when the id is taken.
    BeginStatusList(StatusList),
    /// Takes the places from `from` up to `to` of a status list. Conflicts unless exactly `from` of them were taken, so that no
    /// place is given twice. Never shortens the time that the list is kept.
    TakePlaces {
        /// Which list.
        list: StatusListId,
        /// How many were taken when it was read.
        from: u32,
        /// How many are taken from now on.
        to: u32,
        /// By then the last token with one of these places is dead.
        keep_until: Timestamp,
    },
    /// Adds the first key of its purpose. Conflicts when there is any: another process was faster.
    AddFirstKey(StoredKey),
    /// Adds a key. Conflicts when the id is taken.
    AddKey(StoredKey),
    /// Adds the next key of its purpose. Conflicts when there is one: another process was faster.
    AddNextKey(StoredKey),
    /// Moves a key on in its life. Conflicts unless its state still is `from`'s.
    MoveKey {
        /// The key with its new state.
        key: StoredKey,
        /// The state that was read.
        from: crate::model::KeyState,
    },
    /// Forgets a key. Does nothing when it is gone.
    RemoveKey(handstamp_token::KeyId),
    /// Begins another epoch of the revocation log, [`EPOCH_STRIDE`](crate::model::EPOCH_STRIDE) numbers ahead, and notes up to
    /// where it goes on from the one before. Events of the same unit belong to the new one. Conflicts unless the log is in the
    /// epoch that was read.
    BeginEpoch {
        /// The epoch that was read.
        from: u32,
        /// The new one; it is larger.
        to: u32,
        /// An epoch between the two that the database has lost altogether: it went on from the same place.
        lost: Option<u32>,
        /// By then the last token of an earlier epoch is dead.
        forget_at: Timestamp,
    },
    /// Adds a machine client. Conflicts when the id is taken.
    CreateClient(Client),
    /// Removes a machine client. Conflicts when it is gone.
    RemoveClient(ClientId),
    /// Uses something up that may be used once. Conflicts when it was used before, by whatever process.
    UseOnce {
        /// What it is for.
        purpose: OneTimePurpose,
        /// Which one.
        id: String,
        /// From then on nobody would take it anyway, so that it may be forgotten.
        expires_at: Timestamp,
    },
    /// Notes what a process says about itself, in the place of what it said before. Does nothing when a younger report is there,
    /// or when the process is new and its service has as many as allowed.
    NoteReport {
        /// What it says.
        report: VerifierReport,
        /// How many processes of one service are remembered.
        at_most: u32,
    },
}

/// What became of a unit of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// All of it holds.
    Committed {
        /// Where the revocation log stands after it.
        head: LogPosition,
        /// How many sessions were active and have ended.
        sessions_ended: u64,
    },
    /// None of it holds.
    Conflict(Conflict),
}

/// Why a unit of work was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// The user name is taken.
    #[error("the user name is taken")]
    UsernameTaken,
    /// The e-mail address is taken.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// There is a user already.
    #[error("there is a user already")]
    NotFirstUser,
    /// The organisation is unknown.
    #[error("the organisation is unknown")]
    OrganizationUnknown,
    /// The organisation id is taken.
    #[error("the organisation id is taken")]
    OrganizationTaken,
    /// The user changed meanwhile, or is gone.
    #[error("the user changed meanwhile")]
    UserChanged,
    /// The session changed meanwhile, ended, or is gone.
    #[error("the session changed meanwhile")]
    SessionChanged,
    /// The user has more live sessions than allowed.
    #[error("the user has too many sessions")]
    TooManySessions,
    /// Places of the status list were taken meanwhile, it is gone, or its id is taken.
    #[error("the status list changed meanwhile")]
    StatusListChanged,
    /// The key changed meanwhile, is gone, or its id is taken.
    #[error("the key changed meanwhile")]
    KeyChanged,
    /// The revocation log is in another epoch by now.
    #[error("the revocation log is in another epoch by now")]
    EpochChanged,
    /// Somebody at the upstream is linked to a user, or the user to somebody there.
    #[error("the link is taken")]
    LinkTaken,
    /// The user is not linked to the upstream.
    #[error("there is no such link")]
    LinkUnknown,
    /// The client id is taken.
    #[error("the client id is taken")]
    ClientTaken,
    /// The client is unknown.
    #[error("the client is unknown")]
    ClientUnknown,
    /// It may be used once, and was.
    #[error("it was used before")]
    AlreadyUsed,
}

impl Changes {
    /// Returns one change that waits for the disk.
    pub fn one(change: Change) -> Self {
        Self::default().and(change)
    }

    /// Adds a change.
    #[must_use]
    pub fn and(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// Adds a revocation event.
    #[must_use]
    pub fn event(mut self, event: NewEvent) -> Self {
        self.events.push(event);
        self
    }

    /// Adds an audit entry.
    #[must_use]
    pub fn audit(mut self, entry: AuditEntry) -> Self {
        self.audit.push(entry);
        self
    }

    /// Returns whether the answer waits for the disk. What others hear of does, whatever is asked: a power cut must not take it back.
    pub fn is_synced(&self) -> bool {
        let moves_log =
            |change: &Change| matches!(change, Change::EndGroup { .. } | Change::BeginEpoch { .. });
        let is_told = !self.events.is_empty() || self.changes.iter().any(moves_log);
        self.durability == Durability::Synced || is_told
    }

    /// Says that the answer need not wait for the disk.
    #[must_use]
    pub fn relaxed(mut self) -> Self {
        self.durability = Durability::Relaxed;
        self
    }
}
