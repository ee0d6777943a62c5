//! The rules that everything replicas share passes, whatever carries it: one function each, over a world that makes two replicas.

pub mod fan_out;
pub mod limits;
mod memory;
pub mod shelf;

pub use memory::{MemoryFanOut, MemoryShelf};

use crate::{
    root_key::RootKey,
    shared::{SharedKey, SharedKeys},
};

/// Returns the key of this name.
pub fn key(name: &str) -> SharedKey {
    SharedKeys::new(&RootKey::from_bytes([7; 32]))
        .expect("any root key will do")
        .of("test", &[name.as_bytes()])
}
