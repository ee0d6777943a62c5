mod account;
mod links;
mod logout;
mod names;
mod races;
mod recheck;
mod rule;
mod rule_histories;
mod sign_in;

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use handstamp_core::{
    flows::{
        Issued,
        upstream::{
            Attempt, LinkError, LinkUpstream, UnlinkError, UnlinkUpstream, UpstreamIdentity, UpstreamSignIn,
            UpstreamSignInError, link_upstream, sign_in_through_upstream, unlink_upstream,
        },
    },
    model::{Role, UpstreamLink, UpstreamName, UpstreamSubject, User, UserId},
    settings::{Settings, UpstreamSettings},
    store::{Applied, Change, Changes},
    test_support::Kit,
};

const ISSUER: &str = "https://id.example";

fn name(name: &str) -> UpstreamName {
    name.parse().expect("it is a name")
}

fn roles(roles: &[&str]) -> BTreeSet<Role> {
    roles.iter().map(|role| role.parse().expect("it is a role")).collect()
}

/// Returns somebody at `corp`, of whom it says nothing but their `sub`.
fn person(sub: &str) -> UpstreamIdentity {
    person_at("corp", sub)
}

fn person_at(upstream: &str, sub: &str) -> UpstreamIdentity {
    UpstreamIdentity::new(name(upstream), UpstreamSubject::new(ISSUER, sub).expect("it is a subject"))
}

/// Returns somebody at `corp` with a name and a verified address of that name.
fn called(sub: &str, called: &str) -> UpstreamIdentity {
    UpstreamIdentity {
        username: Some(called.to_owned()),
        email: Some(format!("{called}@example.org").parse().expect("it is an address")),
        email_verified: true,
        ..person(sub)
    }
}

/// Adds upstreams with the same settings.
fn upstreams(settings: &mut Settings, names: &[&str], each: &UpstreamSettings) {
    settings.upstreams.extend(names.iter().map(|upstream| (name(upstream), each.clone())));
}

/// Returns a kit with the upstreams `corp` and `social`, both with these settings.
async fn kit(each: UpstreamSettings) -> Kit {
    Kit::with(|settings| upstreams(settings, &["corp", "social"], &each)).await
}

/// Returns a kit whose upstreams may make accounts.
async fn open_kit() -> Kit {
    kit(UpstreamSettings { create: true, ..UpstreamSettings::default() }).await
}

fn attempt(kit: &Kit, id: &str) -> Attempt {
    let expires_at = kit.clock.now() + Duration::from_mins(10);
    Attempt { id: id.to_owned(), expires_at }
}

/// Signs in with an attempt of its own.
async fn enter(kit: &Kit, identity: &UpstreamIdentity) -> Result<Issued, UpstreamSignInError> {
    static ATTEMPTS: AtomicU64 = AtomicU64::new(0);
    let id = format!("of its own {}", ATTEMPTS.fetch_add(1, Ordering::Relaxed));
    enter_by(kit, identity, Some(attempt(kit, &id))).await
}

async fn enter_by(
    kit: &Kit,
    identity: &UpstreamIdentity,
    attempt: Option<Attempt>,
) -> Result<Issued, UpstreamSignInError> {
    let command = UpstreamSignIn {
        identity: identity.clone(),
        attempt,
        device: "Firefox on Linux".to_owned(),
        address: None,
    };
    sign_in_through_upstream(&kit.ctx, command, kit.clock.now()).await
}

/// Links the account of whoever is signed in.
async fn link(
    kit: &Kit,
    signed_in: &Issued,
    identity: &UpstreamIdentity,
    attempt_id: &str,
) -> Result<UpstreamLink, LinkError> {
    let command = LinkUpstream {
        user: signed_in.session.user_id,
        session: signed_in.session.id,
        identity: identity.clone(),
        attempt: attempt(kit, attempt_id),
        address: None,
    };
    link_upstream(&kit.ctx, &command, kit.clock.now()).await
}

/// Unlinks as the user themselves, from this session.
async fn unlink(kit: &Kit, signed_in: &Issued, upstream: &str) -> Result<UpstreamLink, UnlinkError> {
    let command = UnlinkUpstream {
        user: signed_in.session.user_id,
        upstream: name(upstream),
        keep: Some(signed_in.session.id),
        actor: None,
        address: None,
    };
    unlink_upstream(&kit.ctx, &command, kit.clock.now()).await
}

/// Unlinks as an administrator.
async fn unlink_as_admin(kit: &Kit, user: UserId, upstream: &str) -> Result<UpstreamLink, UnlinkError> {
    let command = UnlinkUpstream { user, upstream: name(upstream), keep: None, actor: None, address: None };
    unlink_upstream(&kit.ctx, &command, kit.clock.now()).await
}

async fn links_of(kit: &Kit, user: UserId) -> Vec<UpstreamLink> {
    kit.ctx.store.upstream_links_of(user).await.expect("the store works")
}

async fn users(kit: &Kit) -> Vec<User> {
    kit.ctx.store.users(None, 100).await.expect("the store works")
}

async fn commit(kit: &Kit, changes: Changes) {
    let applied = kit.ctx.store.apply(changes).await.expect("the store works");
    assert!(matches!(applied, Applied::Committed { .. }), "{applied:?}");
}

/// Changes a user in the store, past every rule.
async fn change(kit: &Kit, id: UserId, change: impl FnOnce(&mut User)) {
    let mut user = kit.ctx.store.user(id).await.expect("the store works").expect("there is such a user");
    change(&mut user);
    commit(kit, Changes::one(Change::UpdateUser(user))).await;
}
