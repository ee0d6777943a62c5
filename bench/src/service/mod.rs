//! The real service, set up for measuring: a database of its own, and time in the benchmark's hand.

mod by_hand;
mod clock;
mod house;
mod listening;
mod people;
mod program;
mod sessions;

pub use clock::HandClock;
pub use house::House;
pub use listening::{Listening, listen, runtime};
pub use people::{add_people, new_user};
pub use program::Program;
pub use sessions::{Draw, Sessions, new_session};
