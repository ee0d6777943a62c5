use std::{collections::HashMap, net::IpAddr, sync::Mutex, sync::PoisonError, time::Duration};

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};

use super::{
    bucket::{Buckets, Verdict},
    headers,
};
use crate::config::RateLimitConfig;

/// How long a place from which somebody signed in counts as theirs.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// So many known places are remembered at most.
const MOST_KNOWN: usize = 100_000;

/// The limits on proving who one is.
#[derive(Debug)]
pub(crate) struct SignInLimits {
    accounts: Buckets<AccountKey>,
    addresses: Buckets<Option<IpAddr>>,
    /// Who signed in from where, and until when that counts.
    known: Mutex<HashMap<(String, IpAddr), Timestamp>>,
}

/// An account as strangers see it, or as seen from one place its owner is known to use.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum AccountKey {
    Strangers(String),
    Known(String, IpAddr),
}

/// Who somebody says they are. Each kind counts for itself: typing a client's id into the sign-in page must not use up the
/// client's attempts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Claim<'a> {
    /// What was typed as a login: case and spaces around it do not count.
    Login(&'a str),
    /// The account that a login turned out to name, by its id: one with a name and an address is one account.
    Account(&'a str),
    /// A user who is signed in and shows the password once more, by `sub`.
    User(&'a str),
    /// A machine, by `client_id`.
    Client(&'a str),
    /// The operator, before there is any user.
    Operator,
}

impl Claim<'_> {
    fn key(self) -> String {
        // Far longer than any name can be; what is cut off cannot belong to an account.
        let short = |text: &str| text.trim().chars().take(256).collect::<String>().to_lowercase();
        match self {
            Self::Login(login) => format!("login:{}", short(login)),
            Self::Account(id) => format!("account:{id}"),
            Self::User(sub) => format!("user:{}", short(sub)),
            Self::Client(id) => format!("client:{}", short(id)),
            Self::Operator => "operator".to_owned(),
        }
    }
}

/// An attempt that may go on.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// What was taken from: the login, and the account once that is known.
    accounts: Vec<AccountKey>,
    address: Option<IpAddr>,
}

/// Too many attempts.
#[derive(Debug)]
pub(crate) struct Refused {
    /// When to come back.
    pub(crate) wait: Duration,
    /// The `RateLimit` headers.
    pub(crate) headers: Vec<(&'static str, HeaderValue)>,
    /// Which of the limits it was, for the metric.
    pub(crate) limit: &'static str,
}

impl SignInLimits {
    pub(crate) fn new(config: &RateLimitConfig) -> Self {
        Self {
            accounts: Buckets::new(config.account_attempts, config.account_window),
            addresses: Buckets::new(config.address_attempts, config.address_window),
            known: Mutex::new(HashMap::new()),
        }
    }

    /// Takes an attempt to prove this, from this address.
    pub(crate) fn attempt(
        &self,
        claim: Claim<'_>,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Attempt, Refused> {
        let Attempt { address, .. } = self.attempt_from(address, now)?;
        let account = self.account_key(claim.key(), address, now);
        let verdict = self.accounts.take(&account, now);
        if !verdict.allowed {
            return Err(refused("account", &self.accounts, verdict));
        }
        Ok(Attempt { accounts: vec![account], address })
    }

    /// Takes an attempt of somebody of whom nothing is known but the address.
    pub(crate) fn attempt_from(&self, address: Option<IpAddr>, now: Timestamp) -> Result<Attempt, Refused> {
        let address = address.map(network_of);
        let verdict = self.addresses.take(&address, now);
        if !verdict.allowed {
            return Err(refused("address", &self.addresses, verdict));
        }
        Ok(Attempt { accounts: Vec::new(), address })
    }

    /// Takes the attempt from the account as well that the login names. Returns whether it may go on.
    pub(crate) fn resolved(&self, attempt: &mut Attempt, account: &str, now: Timestamp) -> bool {
        let account = self.account_key(Claim::Account(account).key(), attempt.address, now);
        let allowed = self.accounts.take(&account, now).allowed;
        if allowed {
            attempt.accounts.push(account);
        }
        allowed
    }

    /// Counts a wrong secret of somebody whose right one passes at any time; nobody else pays for it.
    pub(crate) fn failed(&self, claim: Claim<'_>, now: Timestamp) -> Result<(), Refused> {
        let verdict = self.accounts.take(&AccountKey::Strangers(claim.key()), now);
        if verdict.allowed { Ok(()) } else { Err(refused("account", &self.accounts, verdict)) }
    }

    /// The attempt was right: it does not count, and its place is known from now on.
    pub(crate) fn succeeded(&self, attempt: Attempt, now: Timestamp) {
        self.forget(&attempt, now);
        let Some(address) = attempt.address else { return };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.retain(|_, until| *until > now);
        }
        for AccountKey::Strangers(account) | AccountKey::Known(account, _) in attempt.accounts {
            if known.len() < MOST_KNOWN {
                known.insert((account, address), now.checked_add(KNOWN_FOR).unwrap_or(Timestamp::MAX));
            }
        }
    }

    /// The attempt could not be judged: it does not count.
    pub(crate) fn forget(&self, attempt: &Attempt, now: Timestamp) {
        for account in &attempt.accounts {
            self.accounts.give_back(account, now);
        }
        self.addresses.give_back(&attempt.address, now);
    }

    /// Frees memory that nobody needs any more.
    pub(crate) fn sweep(&self, now: Timestamp) {
        self.accounts.sweep(now);
        self.addresses.sweep(now);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, until| *until > now);
    }

    fn account_key(&self, login: String, address: Option<IpAddr>, now: Timestamp) -> AccountKey {
        let Some(address) = address else { return AccountKey::Strangers(login) };
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&(login.clone(), address)) {
            Some(until) if *until > now => AccountKey::Known(login, address),
            _ => AccountKey::Strangers(login),
        }
    }
}

fn refused<K: Eq + std::hash::Hash + Clone>(
    limit: &'static str,
    buckets: &Buckets<K>,
    verdict: Verdict,
) -> Refused {
    Refused { wait: verdict.wait, headers: headers::of(limit, buckets, verdict), limit }
}

/// Whoever has one IPv6 address usually has its whole /64.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::{net::IpAddr, time::Duration};

    use jiff::Timestamp;

    use super::{Claim, SignInLimits};
    use crate::config::RateLimitConfig;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn limits() -> SignInLimits {
        SignInLimits::new(&RateLimitConfig {
            account_attempts: 3,
            account_window: Duration::from_mins(3),
            address_attempts: 5,
            address_window: Duration::from_mins(1),
        })
    }

    fn from(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    #[test]
    fn guessing_one_account_from_many_addresses_is_stopped() {
        let limits = limits();
        for host in 1..=3 {
            limits.attempt(Claim::Login("ann"), Some(from(&format!("192.0.2.{host}"))), NOW).unwrap();
        }

        let refused = limits.attempt(Claim::Login(" ANN "), Some(from("192.0.2.4")), NOW).unwrap_err();

        assert_eq!((refused.limit, refused.wait), ("account", Duration::from_mins(1)));
        let [policy, state] = &refused.headers[..] else { panic!("{refused:?}") };
        assert_eq!((policy.0, policy.1.as_bytes()), ("ratelimit-policy", "\"account\";q=3;w=180".as_bytes()));
        assert_eq!((state.0, state.1.as_bytes()), ("ratelimit", "\"account\";r=0;t=60".as_bytes()));
    }

    #[test]
    fn guessing_many_accounts_from_one_address_is_stopped() {
        let limits = limits();
        for user in 0..5 {
            limits.attempt(Claim::Login(&format!("user{user}")), Some(from("192.0.2.1")), NOW).unwrap();
        }

        assert_eq!(
            limits.attempt(Claim::Login("user6"), Some(from("192.0.2.1")), NOW).unwrap_err().limit,
            "address"
        );
    }

    #[test]
    fn a_whole_ipv6_network_counts_as_one_address() {
        let limits = limits();
        for user in 0..5 {
            limits
                .attempt(Claim::Login(&format!("user{user}")), Some(from(&format!("2001:db8::{user}"))), NOW)
                .unwrap();
        }

        assert!(limits.attempt(Claim::Login("x"), Some(from("2001:db8::ffff")), NOW).is_err());
        assert!(limits.attempt(Claim::Login("x"), Some(from("2001:db8:0:1::1")), NOW).is_ok());
    }

    #[test]
    fn a_stranger_cannot_lock_the_owner_out() {
        let limits = limits();
        let attempt = limits.attempt(Claim::Login("ann"), Some(from("192.0.2.7")), NOW).unwrap();
        limits.succeeded(attempt, NOW);
        for host in 20..=22 {
            limits.attempt(Claim::Login("ann"), Some(from(&format!("198.51.100.{host}"))), NOW).unwrap();
        }
        assert!(limits.attempt(Claim::Login("ann"), Some(from("198.51.100.30")), NOW).is_err());

        assert!(limits.attempt(Claim::Login("ann"), Some(from("192.0.2.7")), NOW).is_ok());
    }

    #[test]
    fn right_passwords_do_not_count() {
        let limits = limits();
        for _ in 0..20 {
            let attempt = limits.attempt(Claim::Login("ann"), Some(from("192.0.2.7")), NOW).unwrap();
            limits.succeeded(attempt, NOW);
        }
    }

    #[test]
    fn one_kind_of_claim_does_not_pay_for_another() {
        let limits = limits();
        for host in 1..=3 {
            limits.attempt(Claim::Login("orders"), Some(from(&format!("192.0.2.{host}"))), NOW).unwrap();
        }

        assert!(limits.attempt(Claim::Login("orders"), Some(from("192.0.2.4")), NOW).is_err());
        assert!(limits.attempt(Claim::Client("orders"), Some(from("192.0.2.5")), NOW).is_ok());
        assert!(limits.attempt(Claim::User("orders"), Some(from("192.0.2.6")), NOW).is_ok());
    }
}
