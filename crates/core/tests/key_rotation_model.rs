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
        Self { clock, store, replicas, loaded, copies, tokens: Vec::new(), switches: 0 }
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
        self.check();
    }

    async fn wait(&mut self, time: Duration) {
        self.clock.advance(time);
        for replica in 0..2 {
            if self.clock.now().duration_since(self.loaded[replica]) > SignedDuration::from_secs(1) {
                self.housekeep(replica).await;
            }
        }
        // Verifiers that do not report drop a copy that is as old as the cache time allows, and ask again.
        let cache_time = self.replicas[0].ctx.settings.keys.cache_time();
        for verifier in 2..4 {
            if self.clock.now().duration_since(self.copies[verifier].0).unsigned_abs() > cache_time {
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

    /// Every token that is not dead is known to every verifier.
    fn check(&self) {
        for (minted, kid) in &self.tokens {
            for (verifier, (fetched, copy)) in self.copies.iter().enumerate() {
                assert!(
                    copy.contains(kid),
                    "verifier {verifier}, whose keys are of {fetched}, does not know {kid} of {minted}"
                );
            }
        }
    }
}

/// What a replica publishes.
fn published(replica: &Kit) -> Vec<KeyId> {
    replica.ctx.keyring.jwks().keys.iter().filter_map(|key| key.kid.clone()).collect()
}

fn run(steps: Vec<Step>) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut world = World::new(|settings| {
            settings.tokens.lifetime = LIFETIME;
            settings.tokens.leeway = LEEWAY;
            settings.keys.publish_ahead = Duration::from_mins(15);
            settings.keys.rotate_every = Some(Duration::from_mins(30));
            // A verifier of these runs may not ask for keys for hours: it reports that, and is waited for.
            settings.keys.wait_for_services = Duration::from_hours(7 * 24);
        })
        .await;
        for step in steps {
            world.take(step).await;
        }
        world.switches
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_verifier_knows_the_key_of_every_token(steps in steps()) {
        run(steps);
    }
}

/// A run in which nothing rotates would prove nothing.
#[test]
fn runs_rotate_while_verifiers_keep_to_the_rules() {
    let round = [
        Step::Wait(290),
        Step::Fetch(0, 0),
        Step::Fetch(1, 1),
        Step::Report(0),
        Step::Report(1),
        Step::Housekeep(0),
        Step::Mint(0),
        Step::Mint(1),
    ];
    let steps = std::iter::repeat_n(round, 30).flatten().collect();
    assert!(run(steps) >= 3);
}
