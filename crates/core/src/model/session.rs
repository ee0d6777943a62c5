use jiff::Timestamp;

use super::{Carried, ClientId, RefreshState, SessionId, StatusPlace, Step, UserId};

/// One sign-in on one device: a refresh family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The `sid` of tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// Which client signed in.
    pub client_id: ClientId,
    /// The device in words, for the user's own list.
    pub device: String,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When the user last proved who they are.
    pub auth_time: Timestamp,
    /// How (RFC 8176).
    pub amr: Vec<String>,
    /// The session never lives past this.
    pub absolute_expiry: Timestamp,
    /// The session ends here unless it is refreshed before.
    pub idle_expiry: Timestamp,
    /// Where the refresh family stands.
    pub refresh: RefreshState,
    /// When the device was last seen, for the list.
    pub last_seen_at: Timestamp,
    /// Its place in a status list, where its tokens name one. Kept for as long as the list's epoch lasts.
    pub status: Option<StatusPlace>,
    /// Where it comes from, if it began on another site than the one where people sign in.
    pub carried: Option<Carried>,
    /// Whether it is over.
    pub state: SessionState,
}

/// Whether a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// Not ended by anybody. It may still have run out: see the expiries.
    Active,
    /// Over.
    Ended {
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: EndReason,
    },
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The user signed out on this device.
    SignedOut,
    /// The user signed out everywhere.
    SignedOutEverywhere,
    /// The user ended this device from another one.
    EndedByUser,
    /// An administrator ended it.
    EndedByAdmin,
    /// The password was changed.
    PasswordChanged,
    /// The account was disabled.
    AccountDisabled,
    /// A refresh token came back that only a thief, or the victim of one, could still hold.
    TokenReuse,
    /// Nobody used it for too long, or it reached its last day.
    Expired,
    /// The user signed in on more devices than allowed; this was the oldest.
    TooManySessions,
    /// It began at an upstream, which has ended it.
    UpstreamEnded,
}

impl Session {
    /// Returns whether the session can still be used: nobody has ended it, and neither expiry has passed.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state == SessionState::Active && !self.has_run_out(now)
    }

    /// Returns whether one of the two expiries has passed, whoever may have ended the session.
    pub fn has_run_out(&self, now: Timestamp) -> bool {
        now >= self.absolute_expiry || now >= self.idle_expiry
    }

    /// Returns the session by which its group is known: the one it was carried from, or itself.
    pub fn root(&self) -> SessionId {
        self.carried.as_ref().map_or(self.id, |carried| carried.from)
    }

    /// Ends the session, if it is active. Returns whether it was.
    pub fn end(&mut self, at: Timestamp, reason: EndReason) -> bool {
        let was_active = self.state == SessionState::Active;
        if was_active {
            self.state = SessionState::Ended { at, reason };
        }
        was_active
    }

    /// Moves the refresh family on, if everything the decision rests on still holds: not the counters alone, but also when
    /// the token was last handed out and whether it was confirmed.
    pub fn rotate(
        &mut self,
        from: &RefreshState,
        to: RefreshState,
        idle_expiry: Timestamp,
    ) -> Result<(), SessionMoved> {
        if self.state != SessionState::Active || self.refresh != *from {
            return Err(SessionMoved);
        }
        self.refresh = to;
        self.idle_expiry = idle_expiry.max(self.idle_expiry);
        Ok(())
    }

    /// Notes that the current token was handed out again, if the family still stands where the decision found it.
    pub fn hand_out_again(&mut self, from: &RefreshState, at: Timestamp) -> Result<(), SessionMoved> {
        if self.state != SessionState::Active || self.refresh.current() != from.current() {
            return Err(SessionMoved);
        }
        self.refresh.handed_out_at = self.refresh.handed_out_at.max(at);
        Ok(())
    }

    /// Gives the session a place in a status list, if it still has the one that was read, or none where it had none.
    pub fn place(&mut self, from: Option<StatusPlace>, to: StatusPlace) -> Result<(), SessionMoved> {
        if self.state != SessionState::Active || self.status != from {
            return Err(SessionMoved);
        }
        self.status = Some(to);
        Ok(())
    }

    /// Notes that an access token of the session came back to the auth service.
    pub fn see(&mut self, at: Timestamp, issued_under: Step) {
        if self.state != SessionState::Active {
            return;
        }
        self.last_seen_at = self.last_seen_at.max(at);
        if issued_under == self.refresh.current() {
            self.refresh.confirmed = true;
        }
    }
}

/// The session ended or moved on since it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionMoved;

impl EndReason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::SignedOut,
        Self::SignedOutEverywhere,
        Self::EndedByUser,
        Self::EndedByAdmin,
        Self::PasswordChanged,
        Self::AccountDisabled,
        Self::TokenReuse,
        Self::Expired,
        Self::TooManySessions,
        Self::UpstreamEnded,
    ];

    /// Returns the reason's stable name, as stores and logs keep it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::SignedOutEverywhere => "signed_out_everywhere",
            Self::EndedByUser => "ended_by_user",
            Self::EndedByAdmin => "ended_by_admin",
            Self::PasswordChanged => "password_changed",
            Self::AccountDisabled => "account_disabled",
            Self::TokenReuse => "token_reuse",
            Self::Expired => "expired",
            Self::TooManySessions => "too_many_sessions",
            Self::UpstreamEnded => "upstream_ended",
        }
    }

    /// Returns the reason with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == name)
    }
}
