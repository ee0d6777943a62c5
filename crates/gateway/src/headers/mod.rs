//! Headers on their way through: which end here, which were made up, which say who forwarded what.

pub(crate) mod forwarded;
pub(crate) mod hop_by_hop;
pub(crate) mod spoofable;

use http::{HeaderMap, header};

/// Takes out of what stands behind a body whatever the head would not have passed either: some servers put the two together, against
/// [RFC 9110 §6.5.1](https://www.rfc-editor.org/rfc/rfc9110#section-6.5.1).
pub(crate) fn clear_trailers(trailers: &mut HeaderMap) {
    hop_by_hop::remove(trailers);
    spoofable::remove(trailers);
    for name in [header::AUTHORIZATION, header::COOKIE, header::HOST, header::CONTENT_LENGTH] {
        trailers.remove(name);
    }
}
