//! The system of the README: a page and two microservices with organisation-scoped data.
//!
//! `orders` and `profiles` are written the way somebody outside would write them: they know the auth service by its
//! URL alone, fetch its keys over HTTP, and are protected by `handstamp-verify` and nothing else. The auth service
//! itself is not in here: `handstamp demo` starts it beside them.

mod http;
pub mod orders;
pub mod page;
mod people;
pub mod profiles;
mod scoped;
mod setup;
#[cfg(test)]
mod testing;

pub use http::FrontDoor;
pub use people::{PEOPLE, Person, Subjects};
pub use setup::{ServiceSetup, SetupError};
