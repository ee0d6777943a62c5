use std::{sync::Arc, time::Duration};

use handstamp_core::{
    flows::{organizations, profiles, users},
    model::{Profile, User},
    test_support::{FixedClock, shared::MemoryShelf},
};
use handstamp_server::Shared;

use crate::{
    routes::oauth2_token::machines::{access_token, ask, client},
    support::{AUTH, Kit, Reply},
};

/// Two replicas with one shelf, `ann`, and the token of a service that may read profiles.
struct World {
    one: Kit,
    another: Kit,
    shelf: Arc<MemoryShelf>,
    ann: User,
    token: String,
}

async fn world() -> World {
    let kit = Kit::new().await;
    // Its own clock stands still: how long something holds, the replicas say.
    let shelf = Arc::new(MemoryShelf::new(FixedClock::new()));
    let one = kit.sharing(Shared { shelf: Some(shelf.clone()), ..Shared::default() });
    let (another, ann) = (one.another_replica(), kit.user("ann").await);
    let client = client(&kit, "orders", &["profiles.read"], &[&format!("{AUTH}/profiles")]).await;
    let token = access_token(ask(&kit, &client, "grant_type=client_credentials").await);
    World { one, another, shelf, ann, token }
}

impl World {
    async fn read(&self, kit: &Kit) -> Reply {
        kit.get(&format!("/profiles/{}", self.ann.id)).bearer(&self.token).send().await.expect(200)
    }

    /// Reads it at the other replica. Returns whether the store was asked for it.
    async fn read_there(&self) -> (Reply, bool) {
        // The token is known from now on, so that the store is asked for nothing else.
        self.another.get(&format!("/profiles/{}", uuid())).bearer(&self.token).send().await.expect(404);
        let nothing = self.cost_of_nothing().await;
        self.one.store.asked();
        let reply = self.read(&self.another).await;
        (reply, self.one.store.asked() > nothing)
    }

    async fn cost_of_nothing(&self) -> usize {
        self.one.store.asked();
        self.another.get("/profiles/nobody").bearer(&self.token).send().await.expect(404);
        self.one.store.asked()
    }

    async fn set(&self, json: &str) {
        let profile: Profile = json.parse().unwrap();
        let now = self.one.rules.clock.now();
        profiles::set(self.one.core(), self.ann.id, profile, None, now).await.unwrap();
    }
}

fn uuid() -> &'static str {
    "0193f0c9-a7c2-7d5e-8b1a-4d6f2e3c5b7a"
}

#[tokio::test]
async fn what_one_replica_has_read_another_does_not_read_again() {
    let world = world().await;
    world.set(r#"{"name":"Ann Onymous"}"#).await;
    let first = world.read(&world.one).await;

    let (again, asked) = world.read_there().await;

    assert!(!asked, "the store has nothing to do with it");
    assert_eq!(again.text(), first.text());
    for name in ["etag", "handstamp-rev", "handstamp-keep", "cache-control"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
}

#[tokio::test]
async fn a_profile_that_has_changed_is_read_again() {
    let world = world().await;
    world.read(&world.one).await;
    world.set(r#"{"name":"Ann Onymous"}"#).await;

    let (reply, asked) = world.read_there().await;

    assert!(asked);
    assert_eq!(reply.json()["profile"]["name"], "Ann Onymous");
    assert!(!world.read_there().await.1, "what was read again lies there now");
}

#[tokio::test]
async fn a_user_or_an_organization_that_has_changed_makes_it_old_as_well() {
    let world = world().await;
    let (core, now) = (world.one.core(), world.one.rules.clock.now());
    organizations::add(core, "acme".parse().unwrap(), None, None, now).await.unwrap();
    world.read(&world.one).await;
    users::set_org(core, world.ann.id, Some("acme".parse().unwrap()), None, now).await.unwrap();
    assert_eq!(world.read_there().await.0.json()["org_id"], "acme");

    organizations::suspend(core, &"acme".parse().unwrap(), None, now).await.unwrap();

    assert!(world.read_there().await.1);
}

/// Past that the log may have forgotten what has happened to it.
#[tokio::test]
async fn it_holds_no_longer_than_a_token_does() {
    let world = world().await;
    world.read(&world.one).await;
    world.one.wait(Duration::from_mins(9));
    assert!(!world.read_there().await.1);

    world.one.wait(Duration::from_mins(1));
    let client = client(&world.one, "later", &["profiles.read"], &[&format!("{AUTH}/profiles")]).await;
    let token = access_token(ask(&world.one, &client, "grant_type=client_credentials").await);

    assert!(World { token, ..world }.read_there().await.1);
}

/// Whoever reads along in Redis learns nothing, and whoever writes there changes nothing.
#[tokio::test]
async fn what_lies_there_is_sealed() {
    let world = world().await;
    world.set(r#"{"name":"Ann Onymous"}"#).await;
    world.read(&world.one).await;
    let values = world.shelf.values();
    assert_eq!(values.len(), 1);
    assert!(!String::from_utf8_lossy(&values[0]).contains("Onymous"));

    world.shelf.change(|value| value[40] ^= 1);

    let (reply, asked) = world.read_there().await;
    assert!(asked);
    assert_eq!(reply.json()["profile"]["name"], "Ann Onymous");
}

/// The places are only names: what was sealed for one user must not be told of another.
#[tokio::test]
async fn one_users_profile_cannot_be_put_in_the_place_of_anothers() {
    let world = world().await;
    let bob = world.one.user("bob").await;
    world.read(&world.one).await;
    let anns = world.shelf.values().remove(0);
    world.one.get(&format!("/profiles/{}", bob.id)).bearer(&world.token).send().await.expect(200);

    world.shelf.change(|value| value.clone_from(&anns));

    let reply = world.another.get(&format!("/profiles/{}", bob.id)).bearer(&world.token).send().await;
    assert_eq!(reply.expect(200).json()["preferred_username"], "bob");
}

#[tokio::test]
async fn without_the_shelf_the_store_is_asked() {
    let world = world().await;
    world.read(&world.one).await;
    world.shelf.set_away(true);

    for _ in 0..5 {
        assert!(world.read_there().await.1);
    }

    let ready = world.another.get("/health/ready").send().await.expect(200);
    assert_eq!(ready.text(), r#"{"status":"ok","degraded":["profiles"]}"#);
}
