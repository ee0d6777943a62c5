use jiff::Timestamp;

use super::OrgId;

/// A group of users whose data belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The `org_id` of tokens.
    pub id: OrgId,
    /// For people.
    pub name: String,
    /// Whether its members may work.
    pub status: OrganizationStatus,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Whether an organisation's members may work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationStatus {
    /// Yes.
    Active,
    /// No, since then: its members' tokens are dead and none is issued.
    Suspended {
        /// When.
        at: Timestamp,
    },
}
