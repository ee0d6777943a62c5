//! Turns what comes over the wire into types that cannot be wrong, or into a problem that says where it is wrong.

mod accepted;
mod body;
mod discard;
mod form;
mod if_none_match;
mod json;
mod query;

pub(crate) use accepted::Accepted;
pub(crate) use body::{content_type_is, too_large};
pub(crate) use discard::discard;
pub(crate) use form::Form;
pub(crate) use if_none_match::has_it;
pub(crate) use json::{Json, OptionalJson};
pub(crate) use query::Query;
