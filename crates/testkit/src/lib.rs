//! Real tokens for the tests of a service, good and bad.
//!
//! [`TestIssuer`] is an issuer in the test's own process: real keys, real tokens, real revocations, and a clock the test moves.
//! [`recipe`] is the set of tokens that no service may take, as data that other languages read too.
//!
//! It refuses to be of use outside tests: an issuer that signs whatever it is asked for must never be trusted by anything that
//! matters, and one that listens takes no address that other machines reach. It mocks nothing: what it makes is judged by the verifier
//! that runs in production.
//!
//! # A test that closes a service
//!
#![cfg_attr(feature = "http", doc = "```")]
#![cfg_attr(not(feature = "http"), doc = "```ignore")]
//! use axum::routing::{get, post};
//! use handstamp_testkit::TestIssuer;
//! use handstamp_verify::axum::{Declare, Routes};
//! use handstamp_verify::{OrgScope, Principal, Verifier, access};
//!
//! // The service: every route says who may use it.
//! fn routes(verifier: Verifier) -> Routes {
//!     Routes::new(verifier)
//!         .route("/health", get(async || "fine").access(access::public()))
//!         .route("/orders", get(list).access(access::in_org()).and(post(create).access(access::role("buyer"))))
//! }
//!
//! async fn list(scope: OrgScope) -> String {
//!     format!("the orders of {}", scope.org_id())
//! }
//!
//! async fn create(caller: Principal) -> String {
//!     format!("ordered by {}", caller.sub())
//! }
//!
//! // The test: every route, every method, every bad token, in the header and in the cookie.
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let issuer = TestIssuer::start();
//! issuer.attack(routes(issuer.verifier())).public("/health").assert_closed().await;
//!
//! // And the tests of everything else, each with a token of one line.
//! let token = issuer.token().sub("ann").role("buyer").org("acme").mint();
//! # assert!(issuer.verifier().try_verify(&token).is_ok());
//! # }
//! ```

#[cfg(feature = "http")]
pub mod closed;
#[cfg(feature = "http")]
pub mod http;
mod issuer;
pub mod recipe;

pub use issuer::{InvalidToken, TestClock, TestIssuer, TestIssuerBuilder, TestToken};
