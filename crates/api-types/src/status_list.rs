//! Token Status Lists ([draft-ietf-oauth-status-list](https://datatracker.ietf.org/doc/draft-ietf-oauth-status-list/)), as
//! they travel: for verifiers that do not follow our feed.

use handstamp_token::UnixTime;
use serde::{Deserialize, Serialize};

/// `typ` of a status list's header.
pub const STATUS_LIST_TYP: &str = "statuslist+jwt";

/// The media type of a status list.
pub const STATUS_LIST_MEDIA_TYPE: &str = "application/statuslist+jwt";

/// The claim `status` of an access token: where its status stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusClaim {
    /// The one mechanism we have.
    pub status_list: StatusListReference,
}

/// A place in a status list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusListReference {
    /// The place, from 0.
    pub idx: u64,
    /// The list's address.
    pub uri: String,
}

/// The claims of a status list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusListClaims {
    /// Who issued the tokens, and the list.
    pub iss: String,
    /// The list's own address: the `uri` in the tokens.
    pub sub: String,
    /// The list is as of this moment.
    pub iat: UnixTime,
    /// From this second on it must not be believed.
    pub exp: UnixTime,
    /// So many seconds after it was fetched there may be a newer one.
    pub ttl: u64,
    /// The statuses.
    pub status_list: PackedStatuses,
}

/// The statuses of many tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedStatuses {
    /// How many bits a status has.
    pub bits: u8,
    /// The statuses, lowest bits of a byte first, under zlib under base64url.
    pub lst: String,
}

/// The addresses of every status list there is, for verifiers that fetch them ahead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusListAggregation {
    /// The addresses.
    pub status_lists: Vec<String>,
}
