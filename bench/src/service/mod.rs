//! The real service, set up for measuring: the embedded database in a folder of its own, and time in the benchmark's hand.

mod clock;
mod house;
mod listening;
mod people;
mod sessions;

pub use clock::HandClock;
pub use house::House;
pub use listening::{Listening, listen, runtime};
pub use people::{add_people, new_user};
pub use sessions::{Draw, Sessions};
