use super::Data;
use crate::{
    model::{SessionState, UpstreamCheck, UpstreamLink, UpstreamName, UpstreamSession, UserId},
    store::Conflict,
};

impl Data {
    pub(super) fn link_upstream(&mut self, link: UpstreamLink) -> Result<(), Conflict> {
        let person = (link.upstream.clone(), link.subject.clone());
        let is_same_user =
            |other: &UpstreamLink| other.upstream == link.upstream && other.user_id == link.user_id;
        if self.upstream_links.contains_key(&person) || self.upstream_links.values().any(is_same_user) {
            return Err(Conflict::LinkTaken);
        }
        self.upstream_links.insert(person, link);
        Ok(())
    }

    pub(super) fn unlink_upstream(&mut self, user: UserId, upstream: &UpstreamName) -> Result<(), Conflict> {
        let before = self.upstream_links.len();
        self.upstream_links.retain(|_, link| link.user_id != user || link.upstream != *upstream);
        if self.upstream_links.len() == before { Err(Conflict::LinkUnknown) } else { Ok(()) }
    }

    pub(super) fn remember_upstream_session(&mut self, beside: UpstreamSession) -> Result<(), Conflict> {
        let session = self.sessions.get(&beside.session_id);
        let session = session.filter(|session| session.state == SessionState::Active);
        let user = session.ok_or(Conflict::SessionChanged)?.user_id;
        if self.upstream_sessions.contains_key(&beside.session_id) {
            return Err(Conflict::SessionChanged);
        }
        let link = self.upstream_links.get(&(beside.upstream.clone(), beside.subject.clone()));
        if link.is_none_or(|link| link.user_id != user) {
            return Err(Conflict::LinkUnknown);
        }
        self.upstream_sessions.insert(beside.session_id, beside);
        Ok(())
    }

    pub(super) fn check_upstream_session(
        &mut self,
        from: UpstreamCheck,
        to: UpstreamSession,
    ) -> Result<(), Conflict> {
        let row = self.upstream_sessions.get_mut(&to.session_id).filter(|row| row.check == from);
        let row = row.ok_or(Conflict::SessionChanged)?;
        (row.secret, row.check) = (to.secret, to.check);
        Ok(())
    }

    /// What stands beside a session goes with it.
    pub(super) fn forget_ended_upstream_sessions(&mut self) {
        let sessions = &self.sessions;
        self.upstream_sessions
            .retain(|id, _| sessions.get(id).is_some_and(|session| session.state == SessionState::Active));
    }
}
