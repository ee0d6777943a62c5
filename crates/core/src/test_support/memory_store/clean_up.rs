use super::Data;
use crate::{
    model::{AuditEntry, AuditKind, EndReason, SessionState},
    store::{CleanUp, CleanedUp},
};

impl Data {
    pub(super) fn clean_up(&mut self, what: CleanUp) -> CleanedUp {
        let sessions_expired = self.expire_sessions(what);
        self.forget_ended_upstream_sessions();
        CleanedUp {
            sessions_expired,
            sessions_forgotten: self.forget_sessions(what),
            events_forgotten: self.forget_events(what),
            status_lists_forgotten: self.forget_status_lists(what),
            audit_forgotten: self.forget_audit(what),
            reports_forgotten: self.forget_reports(what),
            used_ids_forgotten: self.forget_used_ids(what),
        }
    }

    fn expire_sessions(&mut self, what: CleanUp) -> u64 {
        let over =
            self.sessions.values_mut().filter(|s| s.state == SessionState::Active && s.has_run_out(what.now));
        let mut expired = 0;
        for session in over.take(what.limit as usize) {
            session.end(what.now, EndReason::Expired);
            self.audit.push(AuditEntry {
                user_id: Some(session.user_id),
                session_id: Some(session.id),
                detail: Some(EndReason::Expired.as_str().to_owned()),
                ..AuditEntry::new(AuditKind::SessionEnded, what.now)
            });
            expired += 1;
        }
        expired
    }

    fn forget_sessions(&mut self, what: CleanUp) -> u64 {
        let is_old =
            |state| matches!(state, SessionState::Ended { at, .. } if at < what.sessions_ended_before);
        let old = self.sessions.values().filter(|session| is_old(session.state)).map(|session| session.id);
        let old: Vec<_> = old.take(what.limit as usize).collect();
        old.iter().filter(|id| self.sessions.remove(id).is_some()).count() as u64
    }

    /// The oldest alone, up to the first that somebody may still need: what is left has no gap.
    fn forget_events(&mut self, what: CleanUp) -> u64 {
        let forgotten = self.events.iter().take_while(|event| event.event.forget_at <= what.now);
        let forgotten = forgotten.take(what.limit as usize).count();
        self.earlier_epochs.retain(|(_, forget_at)| *forget_at > what.now);
        self.events.drain(..forgotten);
        forgotten as u64
    }

    fn forget_reports(&mut self, what: CleanUp) -> u64 {
        let old = self.reports.iter().filter(|(_, report)| report.reported_at < what.reports_before);
        let old: Vec<_> = old.map(|(process, _)| process.clone()).take(what.limit as usize).collect();
        old.iter().filter(|process| self.reports.remove(process).is_some()).count() as u64
    }

    fn forget_used_ids(&mut self, what: CleanUp) -> u64 {
        let old = self.used_ids.iter().filter(|(_, expires_at)| **expires_at <= what.now);
        let old: Vec<_> = old.map(|(id, _)| id.clone()).take(what.limit as usize).collect();
        old.iter().filter(|id| self.used_ids.remove(*id).is_some()).count() as u64
    }

    fn forget_audit(&mut self, what: CleanUp) -> u64 {
        let before = self.audit.len();
        let mut room = what.limit;
        self.audit.retain(|entry| {
            let goes = entry.at < what.audit_before && room > 0;
            room -= u32::from(goes);
            !goes
        });
        (before - self.audit.len()) as u64
    }
}
