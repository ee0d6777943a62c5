use jiff::Timestamp;

use super::Data;
use crate::{
    model::{
        Client, EPOCH_STRIDE, EndReason, LogPosition, NewEvent, Profile, RevocationEvent, Selector, Session,
        SessionId, SessionMoved, SessionState, StoredKey, User, UserId, VerifierReport,
    },
    store::{Change, Changes, Conflict},
};

impl Data {
    /// Applies everything, or stops at the first conflict. Returns how many sessions ended.
    pub(super) fn apply(&mut self, changes: Changes) -> Result<u64, Conflict> {
        let mut ended = 0;
        for change in changes.changes {
            ended += self.apply_one(change)?;
            self.forget_ended_upstream_sessions();
        }
        for event in changes.events {
            self.last_seq += 1;
            self.events.push(RevocationEvent { seq: self.last_seq, event });
        }
        self.audit.extend(changes.audit);
        Ok(ended)
    }

    fn apply_one(&mut self, change: Change) -> Result<u64, Conflict> {
        match change {
            Change::CreateFirstUser(_) if !self.users.is_empty() => return Err(Conflict::NotFirstUser),
            Change::CreateFirstUser(user) | Change::CreateUser(user) => self.create_user(user)?,
            Change::UpdateUser(user) => self.update_user(user)?,
            Change::RehashPassword { user_id, from, to } => {
                let user = self.users.get_mut(&user_id).filter(|user| user.password.as_ref() == Some(&from));
                user.ok_or(Conflict::UserChanged)?.password = Some(to);
            }
            Change::SetProfile { user_id, from, to } => self.set_profile(user_id, &from, to)?,
            Change::CreateOrganization(organization) => {
                if self.organizations.contains_key(&organization.id) {
                    return Err(Conflict::OrganizationTaken);
                }
                self.organizations.insert(organization.id.clone(), organization);
            }
            Change::UpdateOrganization(organization) => {
                let row = self.organizations.get_mut(&organization.id);
                *row.ok_or(Conflict::OrganizationUnknown)? = organization;
            }
            Change::StartSession { session, user_version, at_most } => {
                self.start_session(session, user_version, at_most)?;
            }
            Change::RotateSession { id, from, to, idle_expiry } => {
                self.session(id)?.rotate(&from, to, idle_expiry)?;
            }
            Change::HandOutAgain { id, from, at } => self.session(id)?.hand_out_again(&from, at)?,
            Change::KeepSession { id, idle_expiry } => self.keep_session(id, idle_expiry),
            Change::EndSession { id, at, reason } => {
                return Ok(u64::from(
                    self.sessions.get_mut(&id).is_some_and(|session| session.end(at, reason)),
                ));
            }
            Change::EndGroup { id, at, reason, event } => return Ok(self.end_group(id, at, reason, &event)),
            Change::EndSessionsOf { user_id, except, at, reason } => {
                let home = except.and_then(|id| self.sessions.get(&id)).map(Session::root);
                let stays = [except, home];
                let theirs = self.sessions.values_mut();
                let theirs = theirs.filter(|s| s.user_id == user_id && !stays.contains(&Some(s.id)));
                return Ok(theirs.map(|session| u64::from(session.end(at, reason))).sum());
            }
            Change::RelabelSession { id, device } => {
                let session = self.session(id)?;
                if session.state != SessionState::Active {
                    return Err(Conflict::SessionChanged);
                }
                session.device = device;
            }
            Change::SeeSession { id, at, issued_under } => {
                if let Some(session) = self.sessions.get_mut(&id) {
                    session.see(at, issued_under);
                }
            }
            Change::LinkUpstream(link) => self.link_upstream(link)?,
            Change::UnlinkUpstream { user_id, upstream } => self.unlink_upstream(user_id, &upstream)?,
            Change::RememberUpstreamSession(beside) => self.remember_upstream_session(beside)?,
            Change::CheckUpstreamSession { from, to } => self.check_upstream_session(from, to)?,
            Change::PlaceSession { id, from, to } => self.session(id)?.place(from, to)?,
            Change::BeginStatusList(list) => self.begin_status_list(list)?,
            Change::TakePlaces { list, from, to, keep_until } => {
                self.take_places(list, from, to, keep_until)?;
            }
            Change::AddFirstKey(key) => {
                if self.keys.values().any(|other| other.purpose == key.purpose) {
                    return Err(Conflict::KeyChanged);
                }
                self.add_key(key)?;
            }
            Change::AddKey(key) => self.add_key(key)?,
            Change::AddNextKey(key) => {
                let is_next = |other: &StoredKey| other.purpose == key.purpose && other.state.is_next();
                if self.keys.values().any(is_next) {
                    return Err(Conflict::KeyChanged);
                }
                self.add_key(key)?;
            }
            Change::MoveKey { key, from } => {
                let row = self.keys.get_mut(&key.id).filter(|row| row.state == from);
                row.ok_or(Conflict::KeyChanged)?.state = key.state;
            }
            Change::RemoveKey(id) => {
                self.keys.remove(&id);
            }
            Change::BeginEpoch { from, to, lost, forget_at } => {
                self.begin_epoch(from, to, lost, forget_at)?;
            }
            Change::CreateClient(client) => self.create_client(client)?,
            Change::RemoveClient(id) => {
                self.clients.remove(&id).ok_or(Conflict::ClientUnknown)?;
            }
            Change::UseOnce { purpose, id, expires_at } => {
                if self.used_ids.contains_key(&(purpose, id.clone())) {
                    return Err(Conflict::AlreadyUsed);
                }
                self.used_ids.insert((purpose, id), expires_at);
            }
            Change::NoteReport { report, at_most } => self.note_report(report, at_most),
        }
        Ok(0)
    }

    fn begin_epoch(
        &mut self,
        from: u32,
        to: u32,
        lost: Option<u32>,
        forget_at: Timestamp,
    ) -> Result<(), Conflict> {
        if self.epoch != from {
            return Err(Conflict::EpochChanged);
        }
        for epoch in std::iter::once(from).chain(lost) {
            self.earlier_epochs.push((LogPosition { epoch, seq: self.last_seq }, forget_at));
        }
        self.epoch = to;
        self.last_seq += EPOCH_STRIDE;
        Ok(())
    }

    fn create_user(&mut self, user: User) -> Result<(), Conflict> {
        self.check_unique(&user)?;
        self.users.insert(user.id, user);
        Ok(())
    }

    fn update_user(&mut self, mut user: User) -> Result<(), Conflict> {
        let read = self.users.get(&user.id).ok_or(Conflict::UserChanged)?;
        if read.version != user.version {
            return Err(Conflict::UserChanged);
        }
        self.check_unique(&user)?;
        user.version += 1;
        self.users.insert(user.id, user);
        Ok(())
    }

    pub(super) fn check_unique(&self, user: &User) -> Result<(), Conflict> {
        let mut others = self.users.values().filter(|other| other.id != user.id);
        if others.clone().any(|other| other.username == user.username) {
            return Err(Conflict::UsernameTaken);
        }
        if user.email.is_some() && others.any(|other| other.email == user.email) {
            return Err(Conflict::EmailTaken);
        }
        if user.org_id.as_ref().is_some_and(|id| !self.organizations.contains_key(id)) {
            return Err(Conflict::OrganizationUnknown);
        }
        Ok(())
    }

    fn start_session(
        &mut self,
        session: Session,
        version: u64,
        at_most: Option<u32>,
    ) -> Result<(), Conflict> {
        let user = self.users.get(&session.user_id).ok_or(Conflict::UserChanged)?;
        if user.version != version {
            return Err(Conflict::UserChanged);
        }
        let now = session.created_at;
        self.check_carried(&session)?;
        let counts = |s: &&Session| s.user_id == session.user_id && s.is_live(now) && s.carried.is_none();
        let live = self.sessions.values().filter(counts).count();
        if at_most.is_some_and(|at_most| live >= at_most as usize) {
            return Err(Conflict::TooManySessions);
        }
        if self.sessions.contains_key(&session.id) {
            return Err(Conflict::SessionChanged);
        }
        self.sessions.insert(session.id, session);
        Ok(())
    }

    fn check_carried(&self, session: &Session) -> Result<(), Conflict> {
        let Some(carried) = &session.carried else { return Ok(()) };
        let home = self.sessions.get(&carried.from).filter(|home| {
            home.user_id == session.user_id && home.carried.is_none() && home.state == SessionState::Active
        });
        let is_there = |s: &Session| s.carried.as_ref() == Some(carried) && s.is_live(session.created_at);
        if home.is_none() || self.sessions.values().any(is_there) {
            return Err(Conflict::SessionChanged);
        }
        Ok(())
    }

    fn end_group(&mut self, id: SessionId, at: Timestamp, reason: EndReason, event: &NewEvent) -> u64 {
        let named = self.sessions.get(&id).filter(|session| session.state == SessionState::Active);
        let Some(root) = named.map(Session::root) else { return 0 };
        let group = self.sessions.values_mut().filter(|session| session.root() == root);
        let ended: Vec<_> =
            group.filter_map(|session| session.end(at, reason).then_some(session.id)).collect();
        for id in &ended {
            self.last_seq += 1;
            let event = NewEvent { selector: Selector::Session(*id), ..event.clone() };
            self.events.push(RevocationEvent { seq: self.last_seq, event });
        }
        ended.len() as u64
    }

    fn keep_session(&mut self, id: SessionId, idle_expiry: Timestamp) {
        let session = self.sessions.get_mut(&id).filter(|session| session.state == SessionState::Active);
        if let Some(session) = session {
            session.idle_expiry = session.idle_expiry.max(idle_expiry);
        }
    }

    fn set_profile(&mut self, user: UserId, from: &Profile, to: Profile) -> Result<(), Conflict> {
        let is_from = self.profiles.get(&user).map_or(from.is_empty(), |read| read == from);
        if !is_from || !self.users.contains_key(&user) {
            return Err(Conflict::UserChanged);
        }
        self.profiles.insert(user, to);
        Ok(())
    }

    fn create_client(&mut self, client: Client) -> Result<(), Conflict> {
        if self.clients.contains_key(&client.id) {
            return Err(Conflict::ClientTaken);
        }
        self.clients.insert(client.id.clone(), client);
        Ok(())
    }

    fn session(&mut self, id: SessionId) -> Result<&mut Session, Conflict> {
        self.sessions.get_mut(&id).ok_or(Conflict::SessionChanged)
    }

    fn note_report(&mut self, report: VerifierReport, at_most: u32) {
        let process = (report.client.clone(), report.instance.clone());
        let siblings = self.reports.keys().filter(|(client, _)| *client == report.client).count();
        let may = match self.reports.get(&process) {
            Some(before) => before.reported_at <= report.reported_at,
            None => siblings < at_most as usize,
        };
        if may {
            self.reports.insert(process, report);
        }
    }

    fn add_key(&mut self, key: StoredKey) -> Result<(), Conflict> {
        if self.keys.contains_key(&key.id) {
            return Err(Conflict::KeyChanged);
        }
        self.keys.insert(key.id.clone(), key);
        Ok(())
    }
}

impl From<SessionMoved> for Conflict {
    fn from(_: SessionMoved) -> Self {
        Self::SessionChanged
    }
}
