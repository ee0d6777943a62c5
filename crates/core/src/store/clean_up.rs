use jiff::Timestamp;

/// What a store may clean up in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanUp {
    /// Active sessions whose expiry has passed by then end as `Expired`, with an audit entry each; events whose
    /// `forget_at` has passed by then are forgotten, and so are status lists whose `keep_until` has
    /// and used ids whose `expires_at` has.
    pub now: Timestamp,
    /// Sessions that ended before this are forgotten.
    pub sessions_ended_before: Timestamp,
    /// Audit entries from before this are forgotten.
    pub audit_before: Timestamp,
    /// Reports of verifiers from before this are forgotten.
    pub reports_before: Timestamp,
    /// At most this many rows of each kind, so that nobody waits long behind it. Call again while there is more.
    pub limit: u32,
}

/// What a store has cleaned up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CleanedUp {
    /// Sessions that had run out and have now ended.
    pub sessions_expired: u64,
    /// Sessions forgotten.
    pub sessions_forgotten: u64,
    /// Revocation events forgotten: the oldest ones, so that what is left has no gap.
    pub events_forgotten: u64,
    /// Status lists forgotten.
    pub status_lists_forgotten: u64,
    /// Audit entries forgotten.
    pub audit_forgotten: u64,
    /// Reports of verifiers forgotten.
    pub reports_forgotten: u64,
    /// Ids forgotten that were used once.
    pub used_ids_forgotten: u64,
}

impl CleanedUp {
    /// Returns whether any kind reached the limit, so that there may be more.
    pub fn may_have_more(&self, limit: u32) -> bool {
        let most = self.sessions_expired.max(self.sessions_forgotten).max(self.events_forgotten);
        let most = most.max(self.status_lists_forgotten).max(self.audit_forgotten);
        most.max(self.reports_forgotten).max(self.used_ids_forgotten) >= u64::from(limit)
    }
}
