//! The real binary, end to end: the wiring, and nothing that a smaller test could show.

mod audit;
mod demo;
mod forward_auth;
mod gateway;
mod languages;
mod moving;
mod replicas;
mod revocation;
mod rolling;
mod serve;
mod support;
mod upstreams;
