//! The real service, set up for measuring: a database of its own, and time in the benchmark's hand.

mod by_hand;
mod clock;
mod follower;
mod house;
mod listening;
mod people;
mod program;
mod sessions;
mod tables;

pub use clock::HandClock;
pub use follower::follower;
pub use house::{House, database_name, open_feed};
pub use listening::{Listening, listen, runtime};
pub use people::{access_tokens, add_people, commit, new_user, signed_in};
pub use program::Program;
pub use sessions::{Draw, Sessions, new_session};
pub use tables::{TableSize, sizes_in_postgres, sizes_in_sqlite};
