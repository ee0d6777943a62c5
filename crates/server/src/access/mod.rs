//! Who is calling, and may they: the one road from a credential to a handler.

mod caller;
mod gate;
mod liveness;
mod origin;
mod sibling;

pub(crate) use caller::Caller;
pub(crate) use gate::Gate;
pub(crate) use origin::{OriginCheck, OriginPassed};
pub(crate) use sibling::NamedSession;
