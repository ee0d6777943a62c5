//! Placeholder until its first real content.
fn main() {}
