//! Sign-in through upstreams: the whole way there and back, against a provider that behaves as it is told to.

mod attempts;
mod backchannel_logout;
mod client_auth;
mod exchange;
mod exchange_by_clients;
mod linking;
mod misbehaviour;
mod pages;
mod plain_oauth2;
mod recheck;
mod redirects;
mod sign_in;
mod sign_out;
mod world;
