//! The promise of rotation, checked against the real flows on random runs: whatever replicas, verifiers and operators do, and in
//! whatever order, a verifier that keeps to the rules knows the key of every token that is handed out, until the token is dead.

use std::{sync::Arc, time::Duration};

use handstamp_core::{
    flows::keys::{self, When},
    model::{KeyPurpose, LogPosition, VerifierReport},
    settings::Settings,
    store::{Change, Changes, Store},
    test_support::{FixedClock, Kit, MemoryStore},
};
use handstamp_token::KeyId;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const LIFETIME: Duration = Duration::from_mins(10);
const LEEWAY: Duration = Duration::from_mins(1);
/// A process reports so often at least.
const AT_LEAST: Duration = Duration::from_mins(1);

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// Time passes. Replicas load the keys once a second: after more than that, all of them have.
    Wait(u16),
    /// A replica does what it does once a second.
    Housekeep(usize),
    /// A verifier asks a replica for the key set.
    Fetch(usize, usize),
    /// A verifier tells what it holds.
    Report(usize),
    /// An operator asks for a rotation.
    Rotate,
    /// A replica hands out a token.
    Mint(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let replica = 0..2_usize;
    // The first two verifiers report, the others keep to the cache time.
    let verifier = 0..4_usize;
    let step = prop_oneof![
        3 => (0..2_u16).prop_map(Step::Wait),
        3 => (2..400_u16).prop_map(Step::Wait),
        6 => replica.clone().prop_map(Step::Housekeep),
        6 => (verifier, replica.clone()).prop_map(|(verifier, replica)| Step::Fetch(verifier, replica)),
        4 => (0..2_usize).prop_map(Step::Report),
        1 => Just(Step::Rotate),
        8 => replica.prop_map(Step::Mint),
    ];
    prop::collection::vec(step, 40..160)
}

/// A copy of the key set: when it was fetched, and what was in it.
type Copy = (Timestamp, Vec<KeyId>);

struct World {
    clock: FixedClock,
    store: Arc<MemoryStore>,
    replicas: Vec<Kit>,
    /// When each replica last loaded the keys.
    loaded: Vec<Timestamp>,
    copies: Vec<Copy>,
    tokens: Vec<(Timestamp, KeyId)>,
    switches: usize,
    /// How long verifiers that do not report keep a copy.
    cache_time: Duration,
}

impl World {
    async fn new(settings: impl Fn(&mut Settings) + Clone) -> Self {
        let clock = FixedClock::new();
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let mut replicas = Vec::new();
        for _ in 0..2 {
            let shared: Arc<dyn Store> = Arc::<MemoryStore>::clone(&store);
            replicas.push(Kit::over(shared, clock.clone(), settings.clone()).await);
        }
        let copies = vec![(clock.now(), published(&replicas[0])); 4];
        let loaded = vec![clock.now(); 2];
        let cache_time = replicas[0].ctx.settings.keys.cache_time();
        Self { clock, store, replicas, loaded, copies, tokens: Vec::new(), switches: 0, cache_time }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Wait(seconds) => {
                let mut left = Duration::from_secs(seconds.into());
                while !left.is_zero() {
                    let slice = left.min(AT_LEAST);
                    self.wait(slice).await;
                    left -= slice;
                }
            }
            Step::Housekeep(replica) => self.housekeep(replica).await,
            Step::Fetch(verifier, replica) => {
                self.copies[verifier] = (self.clock.now(), published(&self.replicas[replica]));
            }
            Step::Report(verifier) => self.report(verifier).await,
            Step::Rotate => {
                let now = self.clock.now();
                let rotated =
                    keys::rotate(&self.replicas[0].ctx, KeyPurpose::AccessToken, When::Ready, None, now);
                rotated.await.expect("the store works");
            }
            Step::Mint(replica) => {
                let kid = self.replicas[replica].ctx.keyring.signing_key().key_id().clone();
                if self.tokens.last().is_some_and(|(_, last)| *last != kid) {
                    self.switches += 1;
                }
                self.tokens.push((self.clock.now(), kid));
            }
        }
    }

    async fn wait(&mut self, time: Duration) {
        self.clock.advance(time);
        for replica in 0..2 {
            if self.clock.now().duration_since(self.loaded[replica]) > SignedDuration::from_secs(1) {
                self.housekeep(replica).await;
            }
        }
        // Verifiers that do not report drop a copy that is as old as the cache time allows, and ask again.
        for verifier in 2..4 {
            if self.clock.now().duration_since(self.copies[verifier].0).unsigned_abs() > self.cache_time {
                self.copies[verifier] = (self.clock.now(), published(&self.replicas[verifier % 2]));
            }
        }
        // Those that report go on reporting, whatever else they miss.
        for verifier in 0..2 {
            self.report(verifier).await;
        }
        let reach = SignedDuration::try_from(LIFETIME + LEEWAY).expect("minutes");
        let now = self.clock.now();
        self.tokens.retain(|(minted, _)| now.duration_since(*minted) <= reach);
    }

    async fn housekeep(&mut self, replica: usize) {
        let now = self.clock.now();
        keys::housekeep(&self.replicas[replica].ctx, now).await.expect("the store works");
        self.loaded[replica] = now;
    }

    async fn report(&mut self, verifier: usize) {
        let report = VerifierReport {
            client: None,
            instance: verifier.to_string().parse().expect("it is a name"),
            kids: self.copies[verifier].1.clone(),
            position: LogPosition { epoch: 1, seq: 0 },
            lag: Duration::ZERO,
            reported_at: self.clock.now(),
        };
        let note = Changes::one(Change::NoteReport { report, at_most: 10 });
        self.store.apply(note).await.expect("the store works");
    }

    /// Returns the first token that is not dead, and that some verifier does not know the key of.
    fn unknown(&self) -> Option<String> {
        let pairs = self
            .tokens
            .iter()
            .flat_map(|token| self.copies.iter().enumerate().map(move |copy| (token, copy)));
        let mut unknown = pairs.filter(|((_, kid), (_, (_, copy)))| !copy.contains(kid));
        unknown.next().map(|((minted, kid), (verifier, (fetched, _)))| {
            format!("verifier {verifier}, whose keys are of {fetched}, does not know {kid} of {minted}")
        })
    }
}

/// What a replica publishes.
fn published(replica: &Kit) -> Vec<KeyId> {
    replica.ctx.keyring.jwks().keys.iter().filter_map(|key| key.kid.clone()).collect()
}

/// Settings under which a good deal happens within an hour.
fn settings(settings: &mut Settings) {
    settings.tokens.lifetime = LIFETIME;
    settings.tokens.leeway = LEEWAY;
    settings.keys.publish_ahead = Duration::from_mins(15);
    settings.keys.rotate_every = Some(Duration::from_mins(30));
    // A verifier of these runs may not ask for keys for hours: it reports that, and is waited for.
    settings.keys.wait_for_services = Duration::from_hours(7 * 24);
}

/// Returns how often another key began to sign, or the first token that somebody did not know the key of.
fn run(
    steps: Vec<Step>,
    settings: impl Fn(&mut Settings) + Clone,
    bend: impl FnOnce(&mut World),
) -> Result<usize, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut world = World::new(settings).await;
        bend(&mut world);
        for step in steps {
            world.take(step).await;
            world.unknown().map_or(Ok(()), Err)?;
        }
        Ok(world.switches)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_verifier_knows_the_key_of_every_token(steps in steps()) {
        let ran = run(steps, settings, |_| {});
        prop_assert!(ran.is_ok(), "{ran:?}");
    }
}

/// Hours in which everybody does what they should, `fetches` included.
fn quiet_hours(fetches: &[Step]) -> Vec<Step> {
    let others =
        [Step::Wait(290), Step::Report(0), Step::Report(1), Step::Housekeep(0), Step::Mint(0), Step::Mint(1)];
    let round: Vec<_> = fetches.iter().cloned().chain(others).collect();
    std::iter::repeat_n(round, 30).flatten().collect()
}

const BOTH_FETCH: [Step; 2] = [Step::Fetch(0, 0), Step::Fetch(1, 1)];

/// A run in which nothing rotates would prove nothing.
#[test]
fn keys_rotate_while_verifiers_keep_to_the_rules() {
    let switches = run(quiet_hours(&BOTH_FETCH), settings, |_| {}).expect("nobody is left behind");
    assert!(switches >= 3, "{switches}");
}

#[test]
fn a_service_that_reports_to_be_behind_holds_every_switch_up() {
    // But for the first one: the key that takes over then was published from the beginning.
    assert_eq!(run(quiet_hours(&BOTH_FETCH[..1]), settings, |_| {}), Ok(1));
}

/// The model sees what goes wrong where a rule is bent: nobody is waited for.
#[test]
fn a_service_that_is_not_waited_for_is_left_behind() {
    let impatient = |all: &mut Settings| {
        settings(all);
        all.keys.wait_for_services = Duration::ZERO;
    };
    assert!(run(quiet_hours(&BOTH_FETCH[..1]), impatient, |_| {}).is_err());
}

/// The model sees what goes wrong where a rule is bent: a verifier keeps its copy for longer than it may.
#[test]
fn a_verifier_that_keeps_the_keys_too_long_is_left_behind() {
    let hoard = |world: &mut World| world.cache_time = Duration::from_hours(3);
    assert!(run(quiet_hours(&BOTH_FETCH), settings, hoard).is_err());
}
