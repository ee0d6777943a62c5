use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{FixedClock, MemoryStore, SeededEntropy};
use crate::{
    Context,
    flows::{
        Issued,
        refresh::{Refresh, RefreshError, refresh},
        sign_in::{SignIn, SignInError, sign_in},
        users::{self, NewUser},
    },
    keyring::Keyring,
    model::User,
    password::{Password, PasswordHasher},
    root_key::RootKey,
    settings::Settings,
    store::Store,
};

/// Everything a story about flows needs: a context over a store, and the clock in the teller's hand.
pub struct Kit {
    /// What flows take.
    pub ctx: Arc<Context>,
    /// The time.
    pub clock: FixedClock,
    /// The root key.
    pub root: RootKey,
}

/// The password of everybody in the kit's stories.
pub const PASSWORD: &str = "a tall ship and a star";

impl Kit {
    /// Returns a kit over a store in memory, with the product's defaults.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Returns a kit over a store in memory, with changed settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let clock = FixedClock::new();
        let store = Arc::new(MemoryStore::new(clock.clone()));
        Self::over(store, clock, change).await
    }

    /// Returns a kit over any store.
    pub async fn over(store: Arc<dyn Store>, clock: FixedClock, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new("https://auth.example");
        change(&mut settings);
        settings.check().expect("the settings fit together");
        let entropy = Arc::new(SeededEntropy::new(1));
        let root = RootKey::from_bytes([7; RootKey::LEN]);
        let keyring =
            Keyring::load(&*store, &root, &settings, &*entropy, clock.now()).await.expect("the keys load");
        let hasher = PasswordHasher::new(&settings.passwords).expect("the settings fit");
        Self { ctx: Arc::new(Context::new(store, entropy, settings, hasher, keyring)), clock, root }
    }

    /// Adds a user with a role and the kit's password.
    pub async fn user(&self, name: &str) -> User {
        let new = NewUser {
            username: name.parse().expect("it is a name"),
            email: Some(format!("{name}@example.org").parse().expect("it is an address")),
            roles: BTreeSet::from(["buyer".parse().expect("it is a role")]),
            org_id: None,
            password: Some(Password::new(PASSWORD)),
        };
        users::add(&self.ctx, new, None, self.clock.now()).await.expect("the user is new")
    }

    /// Signs in with the kit's password.
    pub async fn sign_in(&self, login: &str) -> Result<Issued, SignInError> {
        self.sign_in_with(login, PASSWORD).await
    }

    /// Signs in.
    pub async fn sign_in_with(&self, login: &str, password: &str) -> Result<Issued, SignInError> {
        let command = SignIn {
            login: login.to_owned(),
            password: Password::new(password),
            device: "Firefox on Linux".to_owned(),
            address: None,
        };
        sign_in(&self.ctx, command, self.clock.now()).await
    }

    /// Refreshes with the refresh token of an earlier answer.
    pub async fn refresh(&self, with: &Issued) -> Result<Issued, RefreshError> {
        let command = Refresh { token: with.refresh.reveal(), beside: Some(with.session.id), address: None };
        refresh(&self.ctx, command, self.clock.now()).await
    }

    /// Lets time pass.
    pub fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Lets enough time pass for the refresh family to settle.
    pub fn wait_until_settled(&self) {
        let sessions = &self.ctx.settings.sessions;
        self.wait(sessions.refresh_grace + sessions.straggling() + sessions.slack() + Duration::from_secs(1));
    }
}
