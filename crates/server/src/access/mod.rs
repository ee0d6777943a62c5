//! Who is calling, and may they: the one road from a credential to a handler.

mod caller;
mod client_auth;
mod door;
mod gate;
mod origin;
mod profile_reader;
mod sibling;
mod subscriber;

pub(crate) use caller::Caller;
pub(crate) use client_auth::{CHALLENGE, ClientCredentials, PresentedProof};
pub(crate) use door::Door;
pub(crate) use gate::{Gate, profiles_uri};
pub(crate) use origin::{OriginCheck, OriginPassed};
pub(crate) use profile_reader::ProfileReader;
pub(crate) use sibling::NamedSession;
pub(crate) use subscriber::Subscriber;
