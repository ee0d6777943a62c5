//! Routes that are closed until they say who may use them, and extractors that ask who is calling.
//!
//! ```
//! use axum::routing::{delete, get, post};
//! use handstamp_verify::axum::{Declare, Routes};
//! use handstamp_verify::{OrgScope, Principal, Verifier, access};
//!
//! async fn list(scope: OrgScope) -> String {
//!     format!("the orders of {}", scope.org_id())
//! }
//! async fn remove(caller: Principal) -> String {
//!     format!("removed by {}", caller.sub())
//! }
//!
//! fn routes(verifier: Verifier) -> axum::Router {
//!     Routes::new(verifier)
//!         .route("/orders", get(list).access(access::in_org()))
//!         .route("/orders/{id}", delete(remove).access(access::role("admin")))
//!         .into_router()
//! }
//! ```

mod extract;
mod routes;

pub use routes::{Declare, Guarded, Routes};
