//! What every request passes on its way in, and every reply on its way out.

mod around;
mod body_limit;
mod client_address;
mod cors;
mod error_pages;
mod panic;
mod plain_http;
mod request_id;
mod right_time;
mod route;
mod security_headers;
mod timeout;
mod trace;

pub(crate) use around::{Answer, Answering, Layers, erase};
pub(crate) use client_address::ClientAddress;
pub(crate) use request_id::{RequestIds, id_of};
pub(crate) use route::Route;

/// Where proxies ask. No script of a page does, and what is said there is about another request than this one.
const FORWARD_AUTH: &str = "/auth/check";

/// Returns whether a proxy asks here about a request that it has got.
fn is_forward_auth(path: &str) -> bool {
    let rest = path.strip_prefix(FORWARD_AUTH);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
