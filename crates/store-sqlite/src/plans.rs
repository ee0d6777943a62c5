//! Every statement that runs in this crate's own tests is noted, and its plan is looked at: a look-up is as fast with a
//! million rows as with ten only if no plan walks through a table, and as fast as it can be only if it is prepared once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use handstamp_core::model::{
    AuditEntry, AuditKind, Carried, Client, ClientId, ClientProof, ClientSecretHash, EndReason, KeyPurpose,
    KeyState, LogPosition, Login, OneTimePurpose, Organization, OrganizationStatus, Profile, SealedKey,
    SealedSecret, Session, SessionId, StatusBits, StatusList, StatusListId, StatusPlace, Step, StoredKey,
    UpstreamCheck, UpstreamLink, UpstreamSelector, UpstreamSession, UpstreamSubject, User, VerifierReport,
};
use handstamp_core::store::{Change, Changes, CleanUp, Store};
use handstamp_core::test_support::samples::{self, event, now, rotating, session};
use handstamp_token::{Algorithm, KeyId};
use jiff::Timestamp;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, StatementStatus};

use crate::{DATABASE_FILE, OpenMode, SqliteStore};

/// Statements, each with the database it ran on: tests run side by side, and some of them change a schema on purpose.
type Noted = Mutex<BTreeSet<(PathBuf, String)>>;

static SEEN: Noted = Mutex::new(BTreeSet::new());
static PREPARED_AGAIN: Noted = Mutex::new(BTreeSet::new());

/// Notes every statement that the connection runs.
pub(crate) fn watch(connection: &mut Connection) -> rusqlite::Result<()> {
    let file = PathBuf::from(connection.path().unwrap_or_default());
    let note = move |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(statement, _) = event {
            let ran = (file.clone(), statement.sql().into_owned());
            if statement.get_status(StatementStatus::RePrepare) > 0 {
                PREPARED_AGAIN.lock().unwrap_or_else(PoisonError::into_inner).insert(ran.clone());
            }
            SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(ran);
        }
    };
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note))
}

fn noted(noted: &Noted, folder: &Path) -> BTreeSet<String> {
    let noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
    noted.iter().filter(|(file, _)| file.starts_with(folder)).map(|(_, sql)| sql.clone()).collect()
}

/// Tables that are read as a whole: those that only people make bigger, one command at a time, and those that have a limit.
const SMALL: &[&str] =
    &["keys", "clients", "organizations", "verifier_reports", "status_lists", "revocation_epochs"];

#[tokio::test]
async fn no_statement_walks_through_a_table_that_grows() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), OpenMode::Command).unwrap();
    read_everything(&store).await;
    change_everything(&store).await;
    let connection = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let seen = noted(&SEEN, folder.path());
    let mut looked_at = 0;
    for sql in seen.iter().filter(|sql| is_ours(sql)) {
        for step in plan(&connection, sql) {
            looked_at += 1;
            let is_walk = step.starts_with("SCAN") && !is_in_order_of_an_index(&step, sql);
            let is_small = SMALL.iter().any(|table| step.starts_with(&format!("SCAN {table}")));
            assert!(!is_walk || is_small, "{step}\n{sql}");
            assert!(is_small_sort(sql) || !step.contains("TEMP B-TREE"), "{step}\n{sql}");
        }
    }
    // A test that looked at nothing would pass as well.
    assert!(looked_at > 30, "only {looked_at} steps of plans");
    for table in ["users", "sessions", "revocation_events", "audit_entries"] {
        assert!(
            seen.iter().any(|sql| sql.starts_with("SELECT") && sql.contains(table)),
            "nothing reads {table}"
        );
    }
}

#[tokio::test]
async fn no_statement_is_prepared_again_for_another_parameter() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), OpenMode::Command).unwrap();
    change_everything(&store).await;
    for _ in 0..2 {
        read_everything(&store).await;
        let id = session(7).id;
        let see = Change::SeeSession { id, at: now(), issued_under: Step::FIRST };
        store.apply(Changes::one(see).and(rotating(&session(7)))).await.unwrap();
        store.apply(Changes::one(rotating(&session(8)))).await.unwrap();
    }
    let again = noted(&PREPARED_AGAIN, folder.path());
    assert!(again.is_empty(), "{again:#?}");
}

fn is_ours(sql: &str) -> bool {
    ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|verb| sql.starts_with(verb))
        && !sql.contains("sqlite_schema")
}

/// Reads the first or last rows by the number of the row, and stops at the limit.
fn is_in_order_of_an_index(step: &str, sql: &str) -> bool {
    let by_row = (step == "SCAN audit_entries" && sql.contains("ORDER BY id DESC LIMIT"))
        || (step == "SCAN revocation_events" && sql.contains("ORDER BY seq LIMIT"));
    by_row || step == "SCAN CONSTANT ROW"
}

fn is_small_sort(sql: &str) -> bool {
    SMALL.iter().any(|table| sql.contains(&format!("FROM {table} ORDER BY")))
}

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let nothing = vec![rusqlite::types::Null; statement.parameter_count()];
    let steps = statement.query_map(rusqlite::params_from_iter(nothing), |row| row.get("detail")).unwrap();
    steps.map(Result::unwrap).collect()
}

async fn read_everything(store: &SqliteStore) {
    let user = user();
    let login = Login::Email(user.email.clone().unwrap());
    store.user(user.id).await.unwrap();
    store.user_by_login(&login).await.unwrap();
    store.user_by_login(&Login::Username(user.username.clone())).await.unwrap();
    store.users(Some(&user.username), 10).await.unwrap();
    store.has_users().await.unwrap();
    store.organization(&organization().id).await.unwrap();
    store.organizations().await.unwrap();
    store.session(session(1).id).await.unwrap();
    store.live_sessions(user.id, now()).await.unwrap();
    store.subject(user.id).await.unwrap();
    store.session_subject(session(1).id).await.unwrap();
    store.profile(user.id).await.unwrap();
    store.upstream_link(&upstream_session().upstream, &upstream_session().subject).await.unwrap();
    store.upstream_links_of(user.id).await.unwrap();
    store.upstream_session(session(1).id).await.unwrap();
    let of_subject = UpstreamSelector::Subject(upstream_session().subject);
    let of_sid = UpstreamSelector::Session { issuer: "i".to_owned(), sid: "s".parse().unwrap() };
    for selector in [of_subject, of_sid] {
        store.upstream_sessions(&upstream_session().upstream, &selector).await.unwrap();
    }
    store.client(&ClientId::first_party()).await.unwrap();
    store.clients().await.unwrap();
    store.keys().await.unwrap();
    store.reports().await.unwrap();
    store.log_head().await.unwrap();
    store.earlier_epochs().await.unwrap();
    store.events_after(0, 10).await.unwrap();
    store.status_lists().await.unwrap();
    store.status_list(status_list().id).await.unwrap();
    store.bad_places(status_list().id, now()).await.unwrap();
    store.audit_entries(Some(user.id), 10).await.unwrap();
    store.audit_entries(None, 10).await.unwrap();
    store.clock().await.unwrap();
}

async fn change_everything(store: &SqliteStore) {
    let (user, session, key, organization) = (user(), session(1), key(), organization());
    let hash = user.password.clone().unwrap();
    let (id, from) = (session.id, session.refresh);
    let moved = from.rotated(now(), Duration::from_secs(1)).unwrap();
    let (at, reason) = (now(), EndReason::SignedOut);
    let epoch = store.log_head().await.unwrap().epoch;
    let steps = [
        Changes::one(Change::BeginEpoch { from: epoch, to: epoch + 1, lost: None, forget_at: at }),
        Changes::one(Change::CreateOrganization(organization.clone())),
        Changes::one(Change::UpdateOrganization(organization)),
        Changes::one(Change::CreateFirstUser(user.clone())),
        Changes::one(Change::CreateUser(user.clone())),
        Changes::one(Change::UpdateUser(user.clone())),
        Changes::one(Change::SetProfile { user_id: user.id, from: Profile::default(), to: profile() }),
        Changes::one(Change::SetProfile { user_id: user.id, from: profile(), to: Profile::default() }),
        Changes::one(Change::RehashPassword { user_id: user.id, from: hash.clone(), to: hash }),
        Changes::one(Change::StartSession { session: session.clone(), user_version: 1, at_most: Some(9) }),
        Changes::one(Change::RotateSession { id, from, to: moved, idle_expiry: session.idle_expiry }),
        Changes::one(Change::HandOutAgain { id, from: moved, at }),
        Changes::one(Change::SeeSession { id, at, issued_under: Step::FIRST }),
        Changes::one(Change::BeginStatusList(status_list())),
        Changes::one(Change::TakePlaces { list: status_list().id, from: 0, to: 64, keep_until: at }),
        Changes::one(Change::PlaceSession {
            id,
            from: None,
            to: StatusPlace { list: status_list().id, index: 7 },
        }),
        Changes::one(Change::LinkUpstream(link())),
        Changes::one(Change::RememberUpstreamSession(upstream_session())),
        Changes::one(Change::CheckUpstreamSession { from: upstream_session().check, to: upstream_session() }),
        Changes::one(Change::UnlinkUpstream { user_id: user.id, upstream: link().upstream }),
        Changes::one(Change::RelabelSession { id, device: "Firefox".to_owned() }),
        Changes::one(Change::StartSession { session: carried(), user_version: 1, at_most: None }),
        Changes::one(Change::KeepSession { id, idle_expiry: session.idle_expiry }),
        Changes::one(Change::EndGroup { id: carried().id, at, reason, event: event(id) }),
        Changes::one(Change::EndSession { id, at, reason })
            .event(event(id))
            .audit(AuditEntry::new(AuditKind::SignedOut, at)),
        Changes::one(Change::EndSessionsOf { user_id: user.id, except: Some(id), at, reason }),
        Changes::one(Change::AddFirstKey(key.clone())),
        Changes::one(Change::AddKey(key.clone())),
        Changes::one(Change::AddNextKey(key.clone())),
        Changes::one(Change::MoveKey { key: key.clone(), from: key.state }),
        Changes::one(Change::RemoveKey(key.id)),
        Changes::one(Change::CreateClient(client())),
        Changes::one(Change::RemoveClient(client().id)),
        Changes::one(Change::NoteReport { report: report(), at_most: 9 }),
        Changes::one(Change::UseOnce {
            purpose: OneTimePurpose::ClientAssertion,
            id: "one".to_owned(),
            expires_at: at,
        }),
        Changes::one(Change::StartSession {
            session: Session { id: SessionId::from_bytes([5; 16]), ..session },
            user_version: 1,
            at_most: None,
        }),
    ];
    for step in steps {
        store.apply(step).await.unwrap();
    }
    let later = Timestamp::MAX;
    let what = CleanUp {
        now: later,
        sessions_ended_before: later,
        audit_before: later,
        reports_before: later,
        limit: 10,
    };
    let done = store.clean_up(what).await.unwrap();
    assert_eq!((done.sessions_expired, done.events_forgotten, done.status_lists_forgotten), (1, 3, 1));
}

fn carried() -> Session {
    let carried = Some(Carried { from: session(1).id, to: "shop".parse().unwrap() });
    Session { id: SessionId::from_bytes([6; 16]), carried, ..session(1) }
}

fn user() -> User {
    User { org_id: Some(organization().id), ..samples::user(1) }
}

fn profile() -> Profile {
    r#"{"name":"Ann"}"#.parse().unwrap()
}

fn link() -> UpstreamLink {
    let UpstreamSession { upstream, subject, .. } = upstream_session();
    UpstreamLink { upstream, subject, user_id: user().id, linked_at: now() }
}

fn upstream_session() -> UpstreamSession {
    UpstreamSession {
        session_id: session(1).id,
        upstream: "corp".parse().unwrap(),
        subject: UpstreamSubject::new("https://id.example", "1").unwrap(),
        sid: Some("s".parse().unwrap()),
        exchanged: false,
        secret: Some(SealedSecret::from_bytes(vec![1, 2, 3])),
        check: UpstreamCheck { checked_at: now(), asked_at: None },
    }
}

fn organization() -> Organization {
    Organization {
        id: "acme".parse().unwrap(),
        name: "Acme".to_owned(),
        status: OrganizationStatus::Active,
        created_at: now(),
    }
}

fn key() -> StoredKey {
    StoredKey {
        id: KeyId::new("k1").unwrap(),
        purpose: KeyPurpose::AccessToken,
        algorithm: Algorithm::Es256,
        sealed: SealedKey::from_bytes(vec![1, 2, 3]),
        state: KeyState::NEXT,
        created_at: now(),
    }
}

fn status_list() -> StatusList {
    StatusList {
        id: StatusListId::from_bytes([1; 8]),
        bits: StatusBits::One,
        size: 1_024,
        taken: 0,
        created_at: now(),
        keep_until: now(),
    }
}

fn report() -> VerifierReport {
    VerifierReport {
        client: Some(client().id),
        instance: "a".parse().unwrap(),
        kids: vec![KeyId::new("k1").unwrap()],
        position: LogPosition { epoch: 1, seq: 0 },
        lag: Duration::ZERO,
        reported_at: now(),
    }
}

fn client() -> Client {
    Client {
        id: "reports".parse().unwrap(),
        proof: ClientProof::Secret(ClientSecretHash::of("a secret")),
        scopes: BTreeSet::new(),
        audiences: BTreeSet::new(),
        created_at: now(),
    }
}
