//! What a client hears when something is wrong, and what the log hears.

mod api_error;
mod challenge;
mod from_flows;

pub(crate) use api_error::{ApiError, body, whole_seconds};
