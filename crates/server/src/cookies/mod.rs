//! The three cookies of a session, and one for each sign-in that was begun at an upstream: what they are called, how they are
//! written, how they are read.

mod attempts;
mod hint;
mod presented;
mod write;

pub(crate) use attempts::AttemptCookie;
pub use handstamp_settings::CookieNames;
pub(crate) use presented::Presented;
pub(crate) use write::Cookies;
