//! Services that are attacked: a correct one, and the same with one mistake each.

mod lamps;
mod services;
mod support;

mod closed;
mod doubts;
mod forms;
mod halting;
mod other_languages;
mod pages;
mod planted;
mod sarif;
mod scopes;
mod secrets;
mod untouched;
mod verifiers;
mod visitors;
