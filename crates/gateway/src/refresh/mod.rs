//! Refreshes on the way: an expired token is replaced before the request goes on, once for all requests of a session.
//!
//! A page asks for six things at once, and its token has just expired. One of the six goes to the auth service; the others
//! wait for its answer, and each carries the new cookies back. A body that is being sent waits with its request: nothing is ever
//! sent twice, because a service is asked only after the token is good.

mod call;
mod flight;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use handstamp_api_types::ErrorCode;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::sleep;
use zeroize::Zeroizing;

pub(crate) use call::Caller;
use flight::Flight;

use crate::metrics::Refreshes;

/// The cookies of a request whose access token is not good any more, and what the auth service is told about the request.
pub(crate) struct Asked<'r> {
    pub(crate) access: &'r str,
    pub(crate) refresh: &'r str,
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
    flights: Arc<Mutex<HashMap<Key, Flight>>>,
    counted: Refreshes,
}

/// Stands for a pair of cookies: both, because a refresh token counts only beside an access token of its own session, and
/// whoever holds the one must not learn what came of it beside another.
type Key = [u8; 32];

/// Requests that were sent before their browser heard of the new cookies find them for this long.
const LINGER: Duration = Duration::from_secs(5);

/// While the auth service is away, a session asks for it this often at most.
const PAUSE: Duration = Duration::from_secs(1);

/// So many sessions may refresh at once, or have just done so. More come only from somebody who means harm, or after an outage.
const MOST_FLIGHTS: usize = 10_000;

impl Refresher {
    pub(crate) fn new(caller: Caller, counted: Refreshes) -> Self {
        Self { caller, flights: Arc::default(), counted }
    }

    /// Returns what came of the refresh of these cookies: of one that is under way, or of a new one.
    pub(crate) async fn refresh(&self, asked: Asked<'_>) -> Outcome {
        let key = key(&asked);
        let (flight, is_first) = {
            let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
            match flights.get(&key) {
                Some(flight) => (flight.clone(), false),
                None if flights.len() >= MOST_FLIGHTS => {
                    self.counted.count("refused");
                    return Outcome::Unavailable { retry_after: PAUSE };
                }
                None => {
                    let flight = Flight::new();
                    flights.insert(key, flight.clone());
                    (flight, true)
                }
            }
        };
        if is_first {
            self.take_off(key, flight.clone(), &asked);
        } else {
            self.counted.count("shared");
        }
        flight.landed().await
    }

    /// Asks the auth service, whoever goes away meanwhile: others wait for the answer, and the token is used up.
    fn take_off(&self, key: Key, flight: Flight, asked: &Asked<'_>) {
        let (this, call) = (self.clone(), self.caller.prepare(asked));
        tokio::spawn(async move {
            // Whatever happens in between, nobody waits for ever.
            let flight = flight.landing();
            let outcome = this.caller.call(call).await;
            this.counted.count(match &outcome {
                Outcome::Fresh(_) => "refreshed",
                Outcome::Ended(_) => "ended",
                Outcome::Unavailable { .. } => "unavailable",
            });
            let linger = if matches!(outcome, Outcome::Unavailable { .. }) { PAUSE } else { LINGER };
            flight.land(outcome);
            sleep(linger).await;
            this.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
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
