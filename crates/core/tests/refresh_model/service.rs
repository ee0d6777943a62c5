use handstamp_core::{
    model::{ClientId, EndReason, RefreshState, Session, SessionId, SessionState, Step, UserId},
    refresh_machine::{Decision, IssuedKind},
    settings::SessionSettings,
    store::Durability,
};
use jiff::{SignedDuration, Timestamp};

use super::{
    request::Read,
    row::{NOW, Row},
    world::World,
};

/// What decides. The real [`handstamp_core::refresh_machine::decide`], or a wrong design in its place.
pub(crate) type Decide = fn(&Session, Step, Timestamp, &SessionSettings) -> Decision;

/// Which answers put a refresh token into the jar. The real [`IssuedKind::hands_out_refresh`], or a wrong one.
pub(crate) type HandsOut = fn(IssuedKind) -> bool;

/// The service: a decision, and the real transitions of a real session.
pub(crate) struct Service {
    /// The rule.
    pub decide: Decide,
    /// Which answers hand out a refresh token.
    pub hands_out: HandsOut,
    /// The times.
    pub settings: SessionSettings,
    session: Session,
}

/// What a client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The refresh token, if one is handed out.
    pub refresh: Option<Step>,
    /// Under which refresh token the access token was issued.
    pub access: Step,
    /// What happened.
    pub kind: IssuedKind,
}

impl Service {
    pub(crate) fn new(decide: Decide, hands_out: HandsOut, settings: SessionSettings) -> Self {
        let far = NOW + SignedDuration::from_hours(1);
        let session = Session {
            id: SessionId::from_bytes([1; 16]),
            user_id: UserId::from_bytes([1; 16]),
            client_id: ClientId::first_party(),
            device: String::new(),
            created_at: NOW,
            auth_time: NOW,
            amr: Vec::new(),
            absolute_expiry: far,
            idle_expiry: far,
            refresh: RefreshState::first(NOW, std::time::Duration::ZERO),
            last_seen_at: NOW,
            status: None,
            carried: None,
            state: SessionState::Active,
        };
        Self { decide, hands_out, settings, session }
    }

    /// Decides on what was read, and writes if it still holds; otherwise reads and decides again, as the flow does.
    /// `None`: the client hears that the session is over.
    pub(crate) fn handle(
        &mut self,
        world: &mut World,
        read: Read,
        token: Step,
        arrived: Timestamp,
    ) -> Option<Reply> {
        let mut read = read;
        loop {
            let Some(decision) = self.act(world, read, token, arrived) else {
                read = Read { row: world.row, ended: world.ended };
                continue;
            };
            let answer = decision.answer(token, read.row.current)?;
            let refresh = (self.hands_out)(answer.kind).then_some(answer.step);
            return Some(Reply { refresh, access: answer.step, kind: answer.kind });
        }
    }

    /// Decides on what was read, and writes. `None`: what was read holds no longer.
    pub(crate) fn act(
        &mut self,
        world: &mut World,
        read: Read,
        token: Step,
        arrived: Timestamp,
    ) -> Option<Decision> {
        let decision = self.decide(read, token, arrived);
        self.load(Read { row: world.row, ended: world.ended });
        let written = self.write(decision, read.row.state());
        world.row = Row::of(&self.session.refresh);
        world.ended = self.session.state != SessionState::Active;
        written.ok()?;
        // A synced write takes everything before it to the disk.
        if writes(&decision) && decision.durability() == Durability::Synced {
            world.durable = world.row;
        }
        Some(decision)
    }

    /// Notes that an access token came back.
    pub(crate) fn see(&mut self, world: &mut World, access: Step) {
        self.load(Read { row: world.row, ended: world.ended });
        self.session.see(NOW, access);
        world.row = Row::of(&self.session.refresh);
    }

    fn decide(&mut self, read: Read, token: Step, now: Timestamp) -> Decision {
        self.load(read);
        (self.decide)(&self.session, token, now, &self.settings)
    }

    fn write(&mut self, decision: Decision, from: RefreshState) -> Result<(), ()> {
        let idle_expiry = self.session.idle_expiry;
        match decision {
            Decision::Repeat { note: Some(at) } => self.session.hand_out_again(&from, at).map_err(drop),
            Decision::Rotate(to) | Decision::Branch(to) | Decision::FastForward(to) => {
                self.session.rotate(&from, to, idle_expiry).map_err(drop)
            }
            Decision::Theft(_) => {
                self.session.end(NOW, EndReason::TokenReuse);
                Ok(())
            }
            Decision::Repeat { note: None }
            | Decision::Unchanged
            | Decision::Hold
            | Decision::Ended(_)
            | Decision::RunOut => Ok(()),
        }
    }

    fn load(&mut self, read: Read) {
        self.session.refresh = read.row.state();
        self.session.state = if read.ended {
            SessionState::Ended { at: NOW, reason: EndReason::TokenReuse }
        } else {
            SessionState::Active
        };
    }
}

fn writes(decision: &Decision) -> bool {
    matches!(decision, Decision::Repeat { note: Some(_) } | Decision::Theft(_))
        || decision.moves_to().is_some()
}
