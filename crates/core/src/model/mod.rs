//! What the rules are about: plain data with the invariants in the types.

mod audit;
mod client;
mod client_keys;
mod ids;
mod key;
mod names;
mod organization;
mod profile;
mod refresh;
mod report;
mod revocation;
mod session;
mod site;
mod status_list;
mod upstream;
mod used;
mod user;

pub use audit::{AuditEntry, AuditKind};
pub use client::{Client, ClientProof, ClientSecretHash, TOKEN_EXCHANGE, is_scope};
pub use client_keys::{ClientKeys, ClientKeysError};
pub use ids::{ClientId, IdError, OrgId, SessionId, UserId};
pub use key::{KeyPurpose, KeyState, SealedKey, StoredKey};
pub use names::{Email, Login, NameError, Role, Username};
pub use organization::{Organization, OrganizationStatus};
pub use profile::{Profile, ProfileError};
pub(crate) use refresh::later;
pub use refresh::{RefreshState, Step};
pub use report::{InstanceId, InstanceIdError, VerifierReport};
pub use revocation::{EPOCH_STRIDE, EventKind, LogPosition, NewEvent, Reason, RevocationEvent, Selector};
pub use session::{EndReason, Session, SessionMoved, SessionState};
pub use site::{Carried, SiteName};
pub use status_list::{StatusBits, StatusList, StatusListId, StatusPlace, TokenStatus};
pub use upstream::{
    SealedSecret, UpstreamCheck, UpstreamLink, UpstreamName, UpstreamSelector, UpstreamSession, UpstreamSid,
    UpstreamSubject, UpstreamTextError,
};
pub use used::OneTimePurpose;
pub use user::{PasswordHash, User, UserStatus};
