//! Services that are attacked: a correct one, and the same with one mistake each.

mod lamps;
mod services;
mod support;

mod closed;
mod doubts;
mod express;
mod fastapi;
mod forms;
mod planted;
mod scopes;
