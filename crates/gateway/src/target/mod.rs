//! Where a service is, and which of its addresses is well.

mod client;
mod health;
mod probe;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};
use tokio::time::Instant;

pub(crate) use client::{Client, ClientError, Speak};
use health::Health;
pub(crate) use probe::{Probe, watch};

/// The addresses of one service.
#[derive(Debug, Clone)]
pub(crate) struct Targets {
    all: Arc<[Target]>,
    turn: Arc<AtomicUsize>,
    /// How they are spoken to.
    pub(crate) speak: Speak,
}

/// One address of a service.
#[derive(Debug)]
pub(crate) struct Target {
    scheme: Scheme,
    authority: Authority,
    /// What `Host` says.
    pub(crate) host: HeaderValue,
    /// For logs and figures.
    pub(crate) label: String,
    in_flight: Arc<AtomicUsize>,
    pub(crate) health: Health,
}

/// A request that is under way at a target, until its reply is out.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<AtomicUsize>);

impl Targets {
    /// Returns the targets at these origins, each with scheme and authority.
    pub(crate) fn new(origins: &[Uri], speak: Speak) -> Self {
        let all = origins.iter().filter_map(Target::new).collect();
        Self { all, turn: Arc::default(), speak }
    }

    /// Chooses where to send a request: of those that are well and were not tried, the one with the least to do; they take turns.
    ///
    /// One that has failed lately is better than none: it may be back. One that says itself that it is not well is not asked.
    pub(crate) fn choose(&self, tried: &[usize], now: Instant) -> Option<(usize, &Target)> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = self.all.len();
        let in_turn =
            || (0..count).map(|step| (turn.wrapping_add(step)) % count).filter(|at| !tried.contains(at));
        let least_busy = |is_well: &dyn Fn(&Health) -> bool| {
            let well = in_turn().filter(|at| is_well(&self.all[*at].health));
            well.min_by_key(|at| self.all[*at].in_flight.load(Ordering::Relaxed))
        };
        let at = least_busy(&|health| health.is_well(now)).or_else(|| least_busy(&Health::may_be_well))?;
        Some((at, &self.all[at]))
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Target> {
        self.all.iter()
    }
}

impl Target {
    fn new(origin: &Uri) -> Option<Self> {
        let authority = origin.authority()?.clone();
        Some(Self {
            scheme: origin.scheme()?.clone(),
            host: HeaderValue::from_str(authority.as_str()).ok()?,
            label: authority.to_string(),
            authority,
            in_flight: Arc::default(),
            health: Health::new(),
        })
    }

    /// Returns the address of something at this target.
    pub(crate) fn uri(&self, path: PathAndQuery) -> Option<Uri> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).ok()
    }

    /// Counts a request.
    pub(crate) fn begin(&self) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(&self.in_flight))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Uri;
    use tokio::time::Instant;

    use super::{Speak, Targets};

    fn targets(count: usize) -> Targets {
        let origins: Vec<Uri> =
            (0..count).map(|n| format!("http://10.0.0.{n}:80").parse().unwrap()).collect();
        Targets::new(&origins, Speak::Usual)
    }

    fn chosen(targets: &Targets, tried: &[usize], now: Instant) -> Option<usize> {
        targets.choose(tried, now).map(|(at, _)| at)
    }

    #[tokio::test(start_paused = true)]
    async fn targets_take_turns() {
        let (targets, now) = (targets(3), Instant::now());

        let turns: Vec<_> = (0..6).filter_map(|_| chosen(&targets, &[], now)).collect();

        assert_eq!(turns, [0, 1, 2, 0, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_one_with_the_least_to_do_comes_first() {
        let (targets, now) = (targets(2), Instant::now());
        let _busy = targets.iter().next().unwrap().begin();

        assert_eq!((chosen(&targets, &[], now), chosen(&targets, &[], now)), (Some(1), Some(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_was_tried_is_not_tried_again() {
        let (targets, now) = (targets(2), Instant::now());

        assert_eq!(chosen(&targets, &[0], now), Some(1));
        assert_eq!(chosen(&targets, &[0, 1], now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_fails_again_and_again_is_left_alone_for_a_while() {
        let (targets, now) = (targets(2), Instant::now());
        for _ in 0..3 {
            targets.iter().next().unwrap().health.failed(now);
        }

        assert!((0..4).all(|_| chosen(&targets, &[], now) == Some(1)));
        let later = now + Duration::from_secs(2);
        assert!((0..4).any(|_| chosen(&targets, &[], later) == Some(0)));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_failed_is_better_than_none_and_one_that_says_no_is_not() {
        let (targets, now) = (targets(1), Instant::now());
        let only = targets.iter().next().unwrap();
        for _ in 0..3 {
            only.health.failed(now);
        }
        assert_eq!(chosen(&targets, &[], now), Some(0));

        only.health.says(false);
        assert_eq!(chosen(&targets, &[], now), None);
        only.health.says(true);
        assert_eq!(chosen(&targets, &[], now), Some(0));
    }
}
