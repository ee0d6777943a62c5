//! What the token library promises, one file per promise, mirroring `src/`.

#[path = "round_trip.rs"]
mod round_trip;
