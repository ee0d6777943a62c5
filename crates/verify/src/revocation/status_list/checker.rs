use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use handstamp_token::{
    Algorithm, MAX_DOCUMENT_LEN, Rejection, UnixTime, UnverifiedToken, Validator, ValidatorError,
};
use http::{Method, header};
use serde::Deserialize;
use url::Url;

use super::list::{ListError, Status, StatusList, StatusListClaim, StatusReference};
use crate::SharedKeys;
use crate::http_client::{FetchError, HttpClient, PlainHttp, body_of, send};

/// Looks up the status of tokens in the signed lists of one issuer, and keeps the lists for as long as they say.
///
/// It fetches from below one configured address only: a token cannot make a service fetch from anywhere else.
pub struct StatusListChecker {
    options: StatusListOptions,
    client: HttpClient,
    lists: RwLock<HashMap<String, Arc<Slot>>>,
}

/// Which lists are believed. Nothing has a default.
#[derive(Clone, Debug)]
pub struct StatusListOptions {
    /// The `iss` of the lists.
    pub issuer: String,
    /// What all addresses of lists begin with, such as `https://auth.example/status-lists/`.
    pub lists_below: Url,
    /// What the issuer signs lists with.
    pub algorithms: Vec<Algorithm>,
    /// The keys it signs them with.
    pub keys: SharedKeys,
}

/// Why the status of a token is not known. Then the token must not be accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatusError {
    /// The token names a list elsewhere than where the issuer has its lists.
    #[error("the list {uri:?} is not below {allowed}")]
    ForeignList {
        /// The address in the token.
        uri: String,
        /// Where lists are.
        allowed: Url,
    },
    /// The list could not be fetched, and there is none that could still be used.
    #[error("the status list {uri} is not to be had: {problem}")]
    Unavailable {
        /// The list.
        uri: String,
        /// What went wrong.
        problem: String,
    },
    /// The list is not signed as it must be, or is for another address.
    #[error("the status list was refused")]
    Rejected(#[from] Rejection),
    /// The list cannot be read, or does not have the token's place.
    #[error(transparent)]
    List(#[from] ListError),
    /// The options do not fit together. The developer's fault.
    #[error(transparent)]
    Options(#[from] ValidatorError),
    /// The address below which lists are is not safe to fetch from, or the HTTP client cannot be made.
    #[error("lists cannot be fetched from {address}: it takes https, or http within this machine")]
    Address {
        /// The address.
        address: Url,
    },
}

/// One list: what was fetched of it, and who fetches it.
#[derive(Default)]
struct Slot {
    kept: ArcSwapOption<Fetched>,
    /// The last fetch failed.
    failing: AtomicBool,
    /// Held by the one who fetches. A list that could not be fetched is not asked for by every request: not before this.
    fetching: tokio::sync::Mutex<Option<UnixTime>>,
}

struct Fetched {
    list: StatusList,
    asked_at: UnixTime,
    fresh_until: UnixTime,
    believed_until: UnixTime,
}

#[derive(Deserialize)]
struct Claims {
    status_list: StatusListClaim,
    #[serde(default)]
    ttl: Option<u64>,
}

/// How long a list is kept that does not say.
const DEFAULT_TTL: Duration = Duration::from_mins(5);

/// No list is kept longer, whatever it says.
const MAX_TTL: Duration = Duration::from_hours(24);

pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(5);

/// More lists than this are not remembered: an issuer has a few.
const MAX_LISTS: usize = 64;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Requests look at the clock before they wait for their turn: one may find what another noted so much later. What lies further ahead was
/// noted before the clock was set back, and says nothing.
const LOOKED_EARLIER: Duration = TIMEOUT;

impl StatusListChecker {
    /// Creates a checker that has fetched nothing yet.
    pub fn new(options: StatusListOptions) -> Result<Self, StatusError> {
        let address = || StatusError::Address { address: options.lists_below.clone() };
        let client = HttpClient::new(TIMEOUT, PlainHttp::Loopback).map_err(|_| address())?;
        Self::with_client(options, client)
    }

    /// Does the same with a client that knows where plain http is good enough.
    pub(crate) fn with_client(options: StatusListOptions, client: HttpClient) -> Result<Self, StatusError> {
        // Fails here if it would fail for every list.
        Validator::status_list(&options.issuer, options.lists_below.as_str(), &options.algorithms)?;
        let address = || StatusError::Address { address: options.lists_below.clone() };
        if !client.may_ask(&options.lists_below) {
            return Err(address());
        }
        Ok(Self { options, client, lists: RwLock::default() })
    }

    /// Returns the status of a token. Validate the token first: the status of a forged one means nothing.
    pub async fn status(&self, reference: &StatusReference, now: UnixTime) -> Result<Status, StatusError> {
        let place = &reference.status_list;
        if let Some(status) = self.known_status(reference, now) {
            return Ok(status?);
        }
        let url = self.allowed(&place.uri)?;
        let slot = self.slot(&place.uri);
        let mut not_before = match slot.believed(now) {
            // While the issuer is away one request at a time tries again; the others go on with what there is.
            Some(fetched) if slot.failing.load(Ordering::Relaxed) => match slot.fetching.try_lock() {
                Ok(mine) => mine,
                Err(_) => return Ok(fetched.list.status(place.idx)?),
            },
            // Whoever needs the same list waits for the one who fetches it.
            _ => slot.fetching.lock().await,
        };
        if let Some(status) = self.known_status(reference, now) {
            return Ok(status?);
        }
        let at_rest = not_before.is_some_and(|end| {
            now < end && end.saturating_since(now) <= RETRY_AFTER.saturating_add(LOOKED_EARLIER)
        });
        let refreshed = if at_rest {
            Err(unavailable(&place.uri, "it was not a moment ago"))
        } else {
            self.fetch(&place.uri, &url, now).await
        };
        match refreshed {
            Ok(fetched) => {
                let status = fetched.list.status(place.idx);
                slot.kept.store(Some(Arc::new(fetched)));
                slot.failing.store(false, Ordering::Relaxed);
                *not_before = None;
                Ok(status?)
            }
            Err(error) => {
                if !at_rest {
                    *not_before = Some(now.saturating_add(RETRY_AFTER));
                }
                slot.failing.store(true, Ordering::Relaxed);
                // `ttl` says when to ask again, `exp` until when the list may be believed. Without one that is long enough.
                match slot.believed(now) {
                    Some(fetched) => Ok(fetched.list.status(place.idx)?),
                    None => Err(error),
                }
            }
        }
    }

    /// Returns the status of a token by a list that is at hand and need not be fetched again yet; `None` without one. Never
    /// waits.
    pub fn known_status(
        &self,
        reference: &StatusReference,
        now: UnixTime,
    ) -> Option<Result<Status, ListError>> {
        self.known_by(reference, |fetched| fetched.is_fresh(now))
    }

    /// Returns the status of a token by the last list, which may be due, but has not expired. Never waits.
    pub(super) fn last_known_status(
        &self,
        reference: &StatusReference,
        now: UnixTime,
    ) -> Option<Result<Status, ListError>> {
        self.known_by(reference, |fetched| fetched.is_believed(now))
    }

    fn known_by(
        &self,
        reference: &StatusReference,
        counts: impl Fn(&Fetched) -> bool,
    ) -> Option<Result<Status, ListError>> {
        let place = &reference.status_list;
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        // Only lists from where the issuer has them are here.
        let fetched = lists.get(&place.uri)?.kept.load();
        let fetched = fetched.as_ref().filter(|fetched| counts(fetched))?;
        Some(fetched.list.status(place.idx))
    }

    fn allowed(&self, uri: &str) -> Result<Url, StatusError> {
        let allowed = &self.options.lists_below;
        let foreign = || StatusError::ForeignList { uri: uri.to_owned(), allowed: allowed.clone() };
        let url: Url = uri.parse().map_err(|_| foreign())?;
        // Both texts: dots and other spellings are gone from the parsed one, and the list's `sub` is compared with the other.
        let is_below = url.as_str() == uri && uri.starts_with(allowed.as_str());
        if is_below && url.fragment().is_none() { Ok(url) } else { Err(foreign()) }
    }

    fn slot(&self, uri: &str) -> Arc<Slot> {
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        if !lists.contains_key(uri) && lists.len() >= MAX_LISTS {
            // Which one hardly matters: whatever is in use comes back with one fetch.
            let one = lists.keys().next().cloned();
            one.and_then(|uri| lists.remove(&uri));
        }
        Arc::clone(lists.entry(uri.to_owned()).or_default())
    }

    async fn fetch(&self, uri: &str, url: &Url, now: UnixTime) -> Result<Fetched, StatusError> {
        let document = self.document(url).await.map_err(|error| unavailable(uri, &error.to_string()))?;
        let document = std::str::from_utf8(&document).map_err(|_| unavailable(uri, "it is not text"))?;
        let unverified = UnverifiedToken::parse_document(document.trim_ascii())?;
        let keys = self.options.keys.keys();
        let kid = unverified.unverified_kid().unwrap_or_default();
        let key = keys.find(kid).ok_or_else(|| Rejection::UnknownKey { kid: kid.to_owned() })?;
        let validator = Validator::status_list(&self.options.issuer, uri, &self.options.algorithms)?;
        let token = validator.verify_with_key::<Claims>(unverified, key, now)?;
        let expires_at = token.registered().exp();
        let ttl = token.claims().ttl.map_or(DEFAULT_TTL, Duration::from_secs).min(MAX_TTL);
        let list = StatusList::from_claim(&token.claims().status_list)?;
        Ok(Fetched {
            list,
            asked_at: now,
            fresh_until: now.saturating_add(ttl).min(expires_at),
            believed_until: now.saturating_add(MAX_TTL).min(expires_at),
        })
    }

    async fn document(&self, url: &Url) -> Result<bytes::Bytes, FetchError> {
        let request =
            self.client.request(Method::GET, url)?.header(header::ACCEPT, "application/statuslist+jwt");
        body_of(send(request, url).await?, url, MAX_DOCUMENT_LEN).await
    }
}

impl Fetched {
    /// Returns whether it need not be fetched again yet.
    fn is_fresh(&self, now: UnixTime) -> bool {
        now < self.fresh_until && self.asked_at <= now.saturating_add(LOOKED_EARLIER)
    }

    /// Returns whether it counts while there is no other.
    fn is_believed(&self, now: UnixTime) -> bool {
        now < self.believed_until
    }
}

impl Slot {
    /// Returns what is there, while it may be believed.
    fn believed(&self, now: UnixTime) -> Option<Arc<Fetched>> {
        self.kept.load_full().filter(|fetched| fetched.is_believed(now))
    }
}

fn unavailable(uri: &str, problem: &str) -> StatusError {
    StatusError::Unavailable { uri: uri.to_owned(), problem: problem.to_owned() }
}
