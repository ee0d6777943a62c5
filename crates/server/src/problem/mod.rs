//! What a client hears when something is wrong, and what the log hears.

mod api_error;
mod challenge;
mod from_flows;
mod oauth;

pub(crate) use api_error::{ApiError, Chain, body, in_place_of, take_problem, whole_seconds};
pub(crate) use oauth::OAuthRefusal;
