//! The issuer in process, and a real verifier.

mod invalid;
mod revocation;
mod tokens;

use handstamp_verify::{Principal, Verifier};

/// Returns the code with which a verifier refuses a token, or `accepted`.
pub(crate) fn verdict(verifier: &Verifier, token: &str) -> &'static str {
    verifier.try_verify(token).map_or_else(|refused| refused.code().as_str(), |_: Principal| "accepted")
}
