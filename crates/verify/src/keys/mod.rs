//! Where verifying keys come from.

mod shared;

pub use shared::SharedKeys;
