//! Services that are attacked: a correct one, and the same with one mistake each.

mod lamps;
mod support;

mod closed;
mod doubts;
mod forms;
mod planted;
