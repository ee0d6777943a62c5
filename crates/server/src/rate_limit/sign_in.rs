use std::{net::IpAddr, sync::Arc, time::Duration};

use handstamp_core::shared::{Known, Quota, Refusal, Settled, SharedKey, SharedKeys, Take};
use handstamp_listen::customer;
use http::HeaderValue;
use jiff::Timestamp;

use super::{
    counters::{Charge, Counters, Together},
    headers,
};
use crate::{config::RateLimitConfig, shared::Breaker};

/// How long a place from which somebody signed in counts as theirs.
const KNOWN_FOR: Duration = Duration::from_hours(30 * 24);

/// The limits on proving who one is.
#[derive(Debug)]
pub(crate) struct SignInLimits {
    keys: Arc<SharedKeys>,
    account: Quota,
    address: Quota,
    strangers: Quota,
    counters: Counters,
}

/// Who somebody says they are. Each kind counts for itself: typing a client's id into the sign-in page must not use up the
/// client's attempts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Claim<'a> {
    /// What was typed as a login: case and spaces around it do not count.
    Login(&'a str),
    /// The account that a login turned out to name, by its id: one with a name and an address is one account.
    Account(&'a str),
    /// A login that names no account. It is asked about as if it did, or the time of the answer would tell.
    Nobody(&'a str),
    /// A user who is signed in and shows the password once more, by `sub`.
    User(&'a str),
    /// A machine, by `client_id`.
    Client(&'a str),
    /// The operator, before there is any user.
    Operator,
}

impl Claim<'_> {
    fn name(self) -> String {
        // Far longer than any name can be; what is cut off cannot belong to an account.
        let short = |text: &str| text.trim().chars().take(256).collect::<String>().to_lowercase();
        match self {
            Self::Login(login) => format!("login:{}", short(login)),
            Self::Account(id) => format!("account:{id}"),
            Self::Nobody(login) => format!("nobody:{}", short(login)),
            Self::User(sub) => format!("user:{}", short(sub)),
            Self::Client(id) => format!("client:{}", short(id)),
            Self::Operator => "operator".to_owned(),
        }
    }
}

/// An attempt that may go on.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// What was taken.
    charges: Vec<Charge>,
    address: Option<IpAddr>,
    /// Whoever is right is known by these: the login and the account it names, at the address.
    places: Vec<SharedKey>,
}

/// One of the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Attempts on one account.
    Account,
    /// Attempts from one address.
    Address,
    /// Attempts of all strangers together. It is not their doing.
    Strangers,
}

impl Limit {
    /// Returns its name, in headers and figures.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Address => "address",
            Self::Strangers => "strangers",
        }
    }
}

/// Too many attempts.
#[derive(Debug)]
pub(crate) struct Refused {
    /// When to come back.
    pub(crate) wait: Duration,
    /// The `RateLimit` headers.
    pub(crate) headers: Vec<(&'static str, HeaderValue)>,
    /// Which of the limits it was.
    pub(crate) limit: Limit,
}

impl SignInLimits {
    /// Makes the limits. The keys are those that other replicas have as well.
    pub(crate) fn new(config: &RateLimitConfig, keys: Arc<SharedKeys>, shared: Option<Together>) -> Self {
        Self {
            keys,
            account: Quota::new(config.account_attempts, config.account_window),
            address: Quota::new(config.address_attempts, config.address_window),
            strangers: Quota::new(config.strangers_per_second, Duration::from_secs(1)),
            counters: Counters::new(shared),
        }
    }

    /// Returns the breaker before what replicas count on, where they count together.
    pub(crate) fn breaker(&self) -> Option<&Breaker> {
        self.counters.breaker()
    }

    /// Takes an attempt to prove this, from this address.
    pub(crate) async fn attempt(
        &self,
        claim: Claim<'_>,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Attempt, Refused> {
        let address = address.map(customer);
        let account = self.of_account(&claim.name(), address);
        let mut wanted = vec![(Limit::Address, self.of_address(address)), (Limit::Account, account)];
        // The others have a session already, or a secret that nobody finds by guessing.
        if let Claim::Login(_) = claim {
            wanted.push((Limit::Strangers, self.of_strangers(&account)));
        }
        let charges = self.take(&wanted, now).await?;
        Ok(Attempt { charges, address, places: place_of(&account).into_iter().collect() })
    }

    /// Takes an attempt of somebody of whom nothing is known but the address.
    pub(crate) async fn attempt_from(
        &self,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Attempt, Refused> {
        let address = address.map(customer);
        let charges = self.take(&[(Limit::Address, self.of_address(address))], now).await?;
        Ok(Attempt { charges, address, places: Vec::new() })
    }

    /// Takes the attempt from the account as well that the login names. Returns whether it may go on.
    pub(crate) async fn resolved(&self, attempt: &mut Attempt, account: Claim<'_>, now: Timestamp) -> bool {
        let account = self.of_account(&account.name(), attempt.address);
        let Ok(charges) = self.take(&[(Limit::Account, account)], now).await else { return false };
        attempt.charges.extend(charges);
        attempt.places.extend(place_of(&account));
        true
    }

    /// Counts a wrong secret of somebody whose right one passes at any time; nobody else pays for it.
    pub(crate) async fn failed(&self, claim: Claim<'_>, now: Timestamp) -> Result<(), Refused> {
        self.take(&[(Limit::Account, self.of_account(&claim.name(), None))], now).await.map(|_| ())
    }

    /// The attempt was right: it does not count, and its place is known from now on.
    pub(crate) async fn succeeded(&self, attempt: Attempt, now: Timestamp) {
        let marked = Settled { marks: attempt.places, marked_for: KNOWN_FOR, ..Settled::default() };
        self.counters.settle(&attempt.charges, marked, now).await;
    }

    /// The attempt could not be judged: it does not count.
    pub(crate) async fn forget(&self, attempt: &Attempt, now: Timestamp) {
        self.counters.settle(&attempt.charges, Settled::default(), now).await;
    }

    /// Finds out whether replicas can count together just now.
    pub(crate) async fn probe(&self, now: Timestamp) {
        self.counters.probe(self.keys.of("probe", &[]), now).await;
    }

    /// Frees what nobody needs any more. Returns whether there may be more.
    pub(crate) async fn clean_up(&self, now: Timestamp) -> bool {
        self.counters.clean_up(now).await
    }

    async fn take(&self, wanted: &[(Limit, Take)], now: Timestamp) -> Result<Vec<Charge>, Refused> {
        let buckets: Vec<_> = wanted.iter().map(|(_, take)| *take).collect();
        self.counters.take(&buckets, now).await.map_err(|Refusal { by, wait }| {
            // The place is one of the list; were it not, the last limit would be as good a name as any.
            let (limit, quota) = wanted
                .get(by)
                .map_or((Limit::Strangers, self.strangers), |(limit, take)| (*limit, take.quota));
            Refused { wait, headers: headers::of(limit.as_str(), quota, wait), limit }
        })
    }

    fn of_address(&self, address: Option<IpAddr>) -> Take {
        let text = address.map(|address| address.to_string()).unwrap_or_default();
        Take { bucket: self.keys.of("address", &[text.as_bytes()]), quota: self.address, known: None }
    }

    /// An account as strangers see it, or as seen from one place its owner is known to use.
    fn of_account(&self, name: &str, address: Option<IpAddr>) -> Take {
        let known = address.map(|address| {
            let place = address.to_string();
            let parts = [name.as_bytes(), place.as_bytes()];
            let (mark, instead) = (self.keys.of("known", &parts), self.keys.of("account at", &parts));
            Known { mark, instead: Some(instead) }
        });
        Take { bucket: self.keys.of("account", &[name.as_bytes()]), quota: self.account, known }
    }

    /// All strangers, to whom nobody belongs who is known.
    fn of_strangers(&self, account: &Take) -> Take {
        let known = account.known.map(|known| Known { instead: None, ..known });
        Take { bucket: self.keys.of("strangers", &[]), quota: self.strangers, known }
    }
}

fn place_of(account: &Take) -> Option<SharedKey> {
    account.known.map(|known| known.mark)
}

#[cfg(test)]
mod tests;
