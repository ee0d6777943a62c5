//! Sign-in through upstreams: the whole way there and back, against a provider that behaves as it is told to.

mod attempts;
mod client_auth;
mod linking;
mod misbehaviour;
mod pages;
mod plain_oauth2;
mod redirects;
mod sign_in;
mod world;
