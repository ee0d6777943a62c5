//! Rows as every database of ours keeps them: which columns a value has, and what they say.
//!
//! A store asks for columns by statements of its own, in the order in which they are taken here; what its driver hands out is a
//! [`DriverRow`]. So whatever cannot be right is found in one place and told in the same words, and what moves from one database to
//! another stays the same to the last digit. There is no SQL here: tables and columns are named for whoever reads an error.
//!
//! One kind of row a file.

pub mod audit;
pub mod clients;
pub mod column;
mod fields;
pub mod keys;
pub mod log;
pub mod organizations;
pub mod profiles;
pub mod reports;
pub mod sessions;
pub mod status_lists;
pub mod subjects;
pub mod upstreams;
pub mod used;
pub mod users;

pub use fields::{DriverRow, Fields, Holds, Unreadable};

use super::transfer::{Kind, Row};
use crate::model::UserId;

/// Takes a row of an installation that moves.
pub fn decode(kind: Kind, fields: &mut Fields<'_>) -> Result<Row, Unreadable> {
    Ok(match kind {
        Kind::Organization => Row::Organization(organizations::decode(fields)?),
        Kind::User => Row::User(users::decode(fields)?),
        Kind::Profile => {
            let user_id = UserId::from_bytes(fields.of("profiles").id("user_id")?);
            Row::Profile { user_id, profile: profiles::decode(fields)? }
        }
        Kind::UpstreamLink => Row::UpstreamLink(upstreams::decode_link(fields)?),
        Kind::Client => Row::Client(clients::decode(fields)?),
        Kind::Key => Row::Key(keys::decode(fields)?),
        Kind::StatusList => Row::StatusList(status_lists::decode(fields)?),
        Kind::Session => Row::Session(sessions::decode(fields)?),
        Kind::UpstreamSession => Row::UpstreamSession(upstreams::decode_session(fields)?),
        Kind::Epoch => {
            let last = log::decode_epoch(fields)?;
            Row::Epoch { last, forget_at: fields.time("forget_at")? }
        }
        Kind::Event => Row::Event(log::decode_event(fields)?),
        Kind::UsedId => used::decode(fields)?,
        Kind::Report => Row::Report(reports::decode(fields)?),
        Kind::Audit => Row::Audit(audit::decode(fields)?),
    })
}
