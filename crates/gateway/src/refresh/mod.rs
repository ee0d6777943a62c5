//! Refreshes on the way: an expired token is replaced before the request goes on, once for all requests of a session.
//!
//! A page asks for six things at once, and its token has just expired. One of the six goes to the auth service; the others
//! wait for its answer, and each carries the new cookies back. A body that is being sent waits with its request: nothing is ever
//! sent twice, because a service is asked only after the token is good.

mod call;
mod flight;
mod flights;
mod form;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use handstamp_api_types::ErrorCode;
use handstamp_listen::Counted;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio::time::sleep;
use zeroize::Zeroizing;

pub(crate) use call::Caller;
use flight::Flight;
use flights::{Boarding, Flights, Key, Listed};
pub(crate) use form::looks_like_refresh_token;

use crate::metrics::Refreshes;

/// The cookies of a request whose access token is not good any more, and what the auth service is told about the request.
pub(crate) struct Asked<'r> {
    pub(crate) access: &'r str,
    pub(crate) refresh: &'r str,
    /// Where the request has come from.
    pub(crate) client: IpAddr,
    /// `X-Forwarded-For`, the request's id and the like.
    pub(crate) headers: HeaderMap,
}

/// What came of a refresh.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// New tokens.
    Fresh(Arc<Fresh>),
    /// The auth service says no: sign in again.
    Ended(Arc<Ended>),
    /// It cannot be asked just now. Nobody is signed out.
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
}

/// New tokens.
pub(crate) struct Fresh {
    /// The access token.
    pub(crate) access: Zeroizing<String>,
    /// The lines that hand the new cookies to the browser, under their names here.
    pub(crate) set_cookies: Vec<HeaderValue>,
}

/// Returns whether a service says there, past `Cache-Control`, what some CDN is to keep: each has a header of its own kind (RFC 9213 §2), or
/// an older one.
fn is_for_a_cdn(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.ends_with("-cache-control")
        || ["surrogate-control", "edge-control", "x-accel-expires"].contains(&name)
}

impl Fresh {
    /// Adds the new cookies to a reply.
    pub(crate) fn hand_out(&self, headers: &mut HeaderMap) {
        for line in &self.set_cookies {
            headers.append(header::SET_COOKIE, line.clone());
        }
        // Whoever keeps this reply would hand the tokens to somebody else. A CDN obeys the headers that are for it alone before this
        // one (RFC 9213 §2.1).
        let for_cdns: Vec<HeaderName> = headers.keys().filter(|name| is_for_a_cdn(name)).cloned().collect();
        for name in for_cdns {
            headers.remove(name);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// What the auth service answered instead.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Refreshes, one at a time for each session.
#[derive(Debug, Clone)]
pub(crate) struct Refresher {
    caller: Caller,
    flights: Arc<Flights>,
    counted: Refreshes,
}

/// Requests that were sent before their browser heard of the new cookies find them for this long.
const LINGER: Duration = Duration::from_secs(5);

/// While the auth service is away, a session asks for it this often at most.
const PAUSE: Duration = Duration::from_secs(1);

impl Refresher {
    pub(crate) fn new(caller: Caller, counted: Refreshes) -> Self {
        Self { caller, flights: Flights::new(), counted }
    }

    /// Returns what came of the refresh of these cookies: of one that is under way, or of a new one.
    pub(crate) async fn refresh(&self, asked: Asked<'_>) -> Outcome {
        match self.flights.board(key(&asked), asked.client) {
            Boarding::Full => {
                self.counted.count("refused");
                Outcome::Unavailable { retry_after: PAUSE }
            }
            Boarding::Joined(flight) => {
                self.counted.count("shared");
                flight.landed().await
            }
            Boarding::First(flight, listed, counted) => {
                self.take_off(flight.clone(), listed, counted, &asked);
                flight.landed().await
            }
        }
    }

    /// Asks the auth service, whoever goes away meanwhile: others wait for the answer, and the token is used up.
    fn take_off(&self, flight: Flight, listed: Listed, counted: Counted, asked: &Asked<'_>) {
        let (this, call) = (self.clone(), self.caller.prepare(asked));
        tokio::spawn(async move {
            // Whatever happens in between, nobody waits for ever.
            let flight = flight.landing();
            let outcome = this.caller.call(call).await;
            let (name, linger) = match &outcome {
                Outcome::Fresh(_) => ("refreshed", LINGER),
                // Whoever comes with these cookies again may ask again. Nothing is kept for what may be made up.
                Outcome::Ended(_) => ("ended", Duration::ZERO),
                Outcome::Unavailable { .. } => ("unavailable", PAUSE),
            };
            this.counted.count(name);
            // Cookies that turned out to be good count no longer.
            let _still_counted = (!matches!(outcome, Outcome::Fresh(_))).then_some(counted);
            flight.land(outcome);
            sleep(linger).await;
            drop(listed);
        });
    }
}

/// Returns whether a refresh may bring a good token in the place of one that was refused like this.
///
/// `token_invalid` is among them because a signing key may be gone before the session is.
pub(crate) fn helps(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::TokenExpired | ErrorCode::TokenStale | ErrorCode::TokenRevoked | ErrorCode::TokenInvalid
    )
}

fn key(asked: &Asked<'_>) -> Key {
    let pair = Zeroizing::new(format!("{};{}", asked.access, asked.refresh));
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, pair.as_bytes()).as_ref());
    key
}

impl std::fmt::Debug for Fresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fresh([redacted])")
    }
}
