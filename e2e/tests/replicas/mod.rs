//! Three replicas on one PostgreSQL and one Redis, and what happens to people when a part of it fails.

mod clock;
mod cluster;
mod database;
mod faults;
mod killed;
mod people;
mod redis;
mod restored;
mod soak;
