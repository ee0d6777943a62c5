//! Every case is made, and a verifier of the token crate refuses every one.

mod form;
mod making;
mod refusal;
mod support;
