//! The three cookies: what they are called, how they are written, how they are read.

mod hint;
mod names;
mod presented;
mod write;

pub use names::CookieNames;
pub(crate) use presented::Presented;
pub(crate) use write::Cookies;
