use jiff::Timestamp;

use super::Data;
use crate::{
    model::{OrganizationStatus, SessionState, StatusList, StatusListId, TokenStatus, UserId},
    store::{CleanUp, Conflict},
};

impl Data {
    pub(super) fn status_lists_by_age(&self) -> Vec<StatusList> {
        let mut lists: Vec<_> = self.status_lists.values().cloned().collect();
        lists.sort_by_key(|list| (list.created_at, list.id));
        lists
    }

    pub(super) fn bad_places(&self, list: StatusListId, since: Timestamp) -> Vec<(u32, TokenStatus)> {
        let sessions = self.sessions.values();
        let bad = sessions.filter_map(|session| {
            let place = session.status.filter(|place| place.list == list)?;
            let status = match session.state {
                SessionState::Ended { at, .. } => (at >= since).then_some(TokenStatus::Invalid),
                SessionState::Active => {
                    self.was_suspended(session.user_id, since).then_some(TokenStatus::Suspended)
                }
            };
            Some((place.index, status?))
        });
        bad.collect()
    }

    pub(super) fn begin_status_list(&mut self, list: StatusList) -> Result<(), Conflict> {
        if self.status_lists.contains_key(&list.id) {
            return Err(Conflict::StatusListChanged);
        }
        self.status_lists.insert(list.id, list);
        Ok(())
    }

    pub(super) fn take_places(
        &mut self,
        list: StatusListId,
        from: u32,
        to: u32,
        keep_until: Timestamp,
    ) -> Result<(), Conflict> {
        let list = self.status_lists.get_mut(&list).filter(|list| list.taken == from);
        let list = list.ok_or(Conflict::StatusListChanged)?;
        list.taken = to;
        list.keep_until = list.keep_until.max(keep_until);
        Ok(())
    }

    pub(super) fn forget_status_lists(&mut self, what: CleanUp) -> u64 {
        let old = self.status_lists.values().filter(|list| list.keep_until <= what.now).map(|list| list.id);
        let old: Vec<_> = old.take(what.limit as usize).collect();
        old.iter().filter(|id| self.status_lists.remove(id).is_some()).count() as u64
    }

    fn was_suspended(&self, user: UserId, since: Timestamp) -> bool {
        let organization = self.users.get(&user).and_then(|user| user.org_id.as_ref());
        let organization = organization.and_then(|id| self.organizations.get(id));
        organization.is_some_and(
            |organization| matches!(organization.status, OrganizationStatus::Suspended { at } if at >= since),
        )
    }
}
