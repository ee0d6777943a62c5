//! A store with something of every kind in it, and every kind of value among them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use handstamp_token::{Algorithm, KeyId, KeySet, SigningKey};
use serde_json::json;

use super::{
    commit,
    log::event,
    reports::{note, report},
    samples::{HOUR, after, noon, organization, session, start, user},
};
use crate::{
    model::{
        AuditEntry, AuditKind, Carried, Client, ClientKeys, ClientProof, ClientSecretHash, EndReason,
        EventKind, KeyPurpose, KeyState, NewEvent, OneTimePurpose, Organization, OrganizationStatus, Profile,
        Reason, SealedKey, SealedSecret, Selector, Session, SessionId, SessionState, StatusBits, StatusList,
        StatusListId, StatusPlace, StoredKey, UpstreamCheck, UpstreamLink, UpstreamSession, UpstreamSubject,
        User, UserStatus, VerifierReport,
    },
    store::{Change, Changes, Store},
};

/// Puts something of every kind into an empty store. Returns a session that lives.
pub async fn furnished(store: &Arc<dyn Store>) -> Session {
    let ann = people(store).await;
    let home = sessions(store, &ann).await;
    machines(store).await;
    log(store, &home).await;
    home
}

async fn people(store: &Arc<dyn Store>) -> User {
    let suspended = OrganizationStatus::Suspended { at: after(HOUR) };
    for organization in [organization("acme"), Organization { status: suspended, ..organization("globex") }] {
        commit(store, Changes::one(Change::CreateOrganization(organization))).await;
    }
    let ann = User {
        org_id: Some("acme".parse().expect("it is an id")),
        roles: BTreeSet::from(["admin", "buyer"].map(|role| role.parse().expect("it is a role"))),
        claims: [("height", json!(1.800_000_000_000_000_3)), ("desk", json!({"floor": [4, null, "Ä\u{1}"]}))]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        origin: Some("corp".parse().expect("it is a name")),
        ..user("ann")
    };
    let gone = User {
        status: UserStatus::Disabled { at: after(HOUR) },
        email: None,
        password: None,
        ..user("gone")
    };
    for user in [&ann, &gone] {
        commit(store, Changes::one(Change::CreateUser(user.clone()))).await;
    }
    // So that a version is more than a zero.
    commit(store, Changes::one(Change::UpdateUser(gone))).await;
    let to: Profile = r#"{"name":"Ann Ärmel","desk":{"floor":4.5}}"#.parse().expect("it is a profile");
    let from = Profile::default();
    commit(store, Changes::one(Change::SetProfile { user_id: ann.id, from, to })).await;
    let link = UpstreamLink {
        upstream: "corp".parse().expect("it is a name"),
        subject: person(),
        user_id: ann.id,
        linked_at: after(HOUR),
    };
    commit(store, Changes::one(Change::LinkUpstream(link))).await;
    ann
}

fn person() -> UpstreamSubject {
    UpstreamSubject::new("https://id.example", "person 7").expect("it is a subject")
}

async fn sessions(store: &Arc<dyn Store>, ann: &User) -> Session {
    let lists = [(1, StatusBits::One), (2, StatusBits::Two)].map(|(number, bits)| StatusList {
        id: StatusListId::from_bytes([number; 8]),
        bits,
        size: 1_024,
        taken: 64,
        created_at: noon(),
        keep_until: after(HOUR * 9),
    });
    for list in &lists {
        commit(store, Changes::one(Change::BeginStatusList(list.clone()))).await;
    }
    let place = StatusPlace { list: lists[0].id, index: 17 };
    let home = Session { status: Some(place), ..session(1, ann) };
    let to = "shop".parse().expect("it is a name");
    let carried = Session { carried: Some(Carried { from: home.id, to }), ..session(2, ann) };
    let mut used = session(3, ann);
    used.refresh = used
        .refresh
        .rotated(after(HOUR), HOUR)
        .and_then(|refresh| refresh.branched(after(HOUR), HOUR))
        .expect("it is young");
    used.refresh.confirmed = true;
    commit(store, start(&home)).await;
    for session in [&carried, &used] {
        commit(store, start(session)).await;
    }
    for (number, reason) in (10..).zip(EndReason::ALL) {
        let state = SessionState::Ended { at: after(HOUR), reason: *reason };
        commit(store, start(&Session { state, ..session(number, ann) })).await;
    }
    for (session_id, secret, asked_at) in
        [(home.id, Some(SealedSecret::from_bytes(vec![0, 1, 255])), Some(after(HOUR))), (used.id, None, None)]
    {
        let beside = UpstreamSession {
            session_id,
            upstream: "corp".parse().expect("it is a name"),
            subject: person(),
            sid: secret.is_some().then(|| "their session".parse().expect("it is a sid")),
            exchanged: secret.is_none(),
            secret,
            check: UpstreamCheck { checked_at: noon(), asked_at },
        };
        commit(store, Changes::one(Change::RememberUpstreamSession(beside))).await;
    }
    home
}

async fn machines(store: &Arc<dyn Store>) {
    let worker = Client {
        id: "worker".parse().expect("it is an id"),
        proof: ClientProof::Secret(ClientSecretHash::of("a secret")),
        scopes: BTreeSet::from(["orders:read".to_owned(), "revocations".to_owned()]),
        audiences: BTreeSet::from(["https://orders.example".to_owned()]),
        created_at: noon(),
    };
    let key = SigningKey::generate(Algorithm::EdDsa).expect("a key can be made").verifying_key();
    let keys = ClientKeys::new(KeySet::new([key]).expect("it is one key")).expect("it is a public key");
    let signing = Client {
        id: "signing".parse().expect("it is an id"),
        proof: ClientProof::Keys(keys),
        scopes: BTreeSet::new(),
        ..worker.clone()
    };
    for client in [worker, signing] {
        commit(store, Changes::one(Change::CreateClient(client))).await;
    }
    let states = [
        KeyState::NEXT,
        KeyState::Next { asked_at: Some(after(HOUR)) },
        KeyState::Active { since: noon() },
        KeyState::Retired { at: noon(), remove_at: after(HOUR) },
        KeyState::Revoked { at: after(HOUR) },
    ];
    for (number, state) in (0_u8..).zip(states) {
        let key = StoredKey {
            id: KeyId::new(format!("key-{number}")).expect("it is a key id"),
            purpose: KeyPurpose::ALL[usize::from(number) % KeyPurpose::ALL.len()],
            algorithm: Algorithm::Es256,
            sealed: SealedKey::from_bytes(vec![number, 0, 255]),
            state,
            created_at: after(Duration::from_secs(number.into())),
        };
        commit(store, Changes::one(Change::AddKey(key))).await;
    }
    commit(store, note(&report("worker", "a"))).await;
    commit(store, note(&VerifierReport { client: None, kids: Vec::new(), ..report("any", "b") })).await;
    for purpose in OneTimePurpose::ALL {
        let change = Change::UseOnce { purpose: *purpose, id: "once".to_owned(), expires_at: after(HOUR) };
        commit(store, Changes::one(change)).await;
    }
}

async fn log(store: &Arc<dyn Store>, home: &Session) {
    let (user_id, org_id) = (home.user_id, "acme".parse().expect("it is an id"));
    let wide = NewEvent { user: Some(user_id), org_id: Some(org_id), ..event(Selector::Session(home.id)) };
    commit(store, Changes::default().event(wide)).await;
    let from = store.log_head().await.expect("the store works").epoch;
    let epoch = Change::BeginEpoch { from, to: from + 9, lost: Some(from + 3), forget_at: after(HOUR) };
    commit(store, Changes::one(epoch)).await;
    let selectors = [
        Selector::Token("a jti".to_owned()),
        Selector::Session(SessionId::from_bytes([9; 16])),
        Selector::Subject(user_id),
        Selector::Profile(user_id),
        Selector::Organization("acme".parse().expect("it is an id")),
        Selector::Client("worker".parse().expect("it is an id")),
        Selector::Key(KeyId::new("key-4").expect("it is a key id")),
        Selector::Everything,
    ];
    for (selector, reason) in selectors.into_iter().cycle().zip(Reason::ALL) {
        let event = NewEvent { kind: EventKind::Stale, reason: *reason, ..event(selector) };
        commit(store, Changes::default().event(event)).await;
    }
    for kind in AuditKind::ALL {
        let entry = AuditEntry {
            user_id: Some(user_id),
            session_id: Some(home.id),
            actor: Some(user("gone").id),
            address: Some("2001:db8::7".parse().expect("it is an address")),
            detail: Some("a \"word\"".to_owned()),
            ..AuditEntry::new(*kind, after(HOUR))
        };
        commit(store, Changes::default().audit(entry)).await;
    }
    commit(store, Changes::default().audit(AuditEntry::new(AuditKind::KeyChanged, noon()))).await;
}
