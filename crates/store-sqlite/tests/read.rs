//! Rows that we cannot have written.

use handstamp_core::model::{AuditEntry, AuditKind, KeyPurpose, KeyState, SealedKey, StoredKey};
use handstamp_core::store::{Change, Changes, Store, StoreError};
use handstamp_store_sqlite::{DATABASE_FILE, SqliteStore};
use handstamp_token::{Algorithm, KeyId};
use tempfile::TempDir;

use crate::kit::*;

/// A store with one row of each kind, changed by this statement behind its back.
async fn doctored(sql: &str) -> (TempDir, SqliteStore) {
    let (folder, store) = with_user().await;
    let key = StoredKey {
        id: KeyId::new("k1").unwrap(),
        purpose: KeyPurpose::AccessToken,
        algorithm: Algorithm::Es256,
        sealed: SealedKey::from_bytes(vec![1, 2, 3]),
        state: KeyState::NEXT,
        created_at: now(),
    };
    let changes = Changes::one(starting(session(1)))
        .and(Change::AddKey(key))
        .event(event(session(1).id))
        .audit(AuditEntry::new(AuditKind::SignedIn, now()));
    commit(&store, changes).await;
    assert_eq!(behind_its_back(folder.path()).execute(sql, []).unwrap(), 1);
    (folder, store)
}

fn assert_corrupt<T: std::fmt::Debug>(read: Result<T, StoreError>, expected: &str) {
    let refused = read.unwrap_err();
    assert!(matches!(&refused, StoreError::Corrupt { what } if what == expected), "{refused:?}");
}

#[tokio::test]
async fn an_unknown_name_is_corrupt_and_says_where() {
    let (_folder, store) = doctored("UPDATE sessions SET ended_at = 1, end_reason = 'boredom'").await;
    let expected = "column end_reason of table sessions holds the unknown name \"boredom\"";
    assert_corrupt(store.session(session(1).id).await, expected);
}

#[tokio::test]
async fn a_number_out_of_range_is_corrupt() {
    let (_folder, store) = doctored("UPDATE sessions SET branch = 65536").await;
    let expected = "column branch of table sessions holds a number out of range";
    assert_corrupt(store.session(session(1).id).await, expected);
}

#[tokio::test]
async fn a_flag_that_is_none_is_corrupt() {
    let (_folder, store) = doctored("UPDATE sessions SET confirmed = 2").await;
    assert_corrupt(
        store.session_subject(session(1).id).await,
        "column confirmed of table sessions holds neither 0 nor 1",
    );
}

#[tokio::test]
async fn a_list_that_is_none_is_corrupt_and_its_value_is_not_shown() {
    let (_folder, store) = doctored("UPDATE users SET roles = 'secret'").await;
    assert_corrupt(store.user(user(1).id).await, "column roles of table users holds no JSON list of texts");
}

#[tokio::test]
async fn a_name_of_another_form_is_corrupt() {
    let (_folder, store) = doctored("UPDATE users SET username = 'a b'").await;
    assert_corrupt(
        store.subject(user(1).id).await,
        "column username of table users holds text of another form",
    );
}

#[tokio::test]
async fn text_that_is_not_utf8_is_corrupt() {
    let (_folder, store) = doctored("UPDATE users SET claims = CAST(x'ff' AS TEXT)").await;
    assert_corrupt(store.user(user(1).id).await, "column claims of table users holds text that is not UTF-8");
}

#[tokio::test]
async fn a_key_state_without_its_time_is_corrupt() {
    let (_folder, store) = doctored("UPDATE keys SET state = 'active'").await;
    let expected = "column state of table keys holds \"active\", which is unknown or does not fit its times";
    assert_corrupt(store.keys().await, expected);
}

#[tokio::test]
async fn an_event_with_an_unknown_selector_is_corrupt() {
    let (_folder, store) = doctored("UPDATE revocation_events SET selector = 'planet'").await;
    let expected = "column selector of table revocation_events holds the unknown name \"planet\"";
    assert_corrupt(store.events_after(0, 10).await, expected);
}

#[tokio::test]
async fn an_audit_entry_with_an_unknown_kind_is_corrupt() {
    let (_folder, store) = doctored("UPDATE audit_entries SET kind = 'sneezed'").await;
    let expected = "column kind of table audit_entries holds the unknown name \"sneezed\"";
    assert_corrupt(store.audit_entries(None, 10).await, expected);
}

#[tokio::test]
async fn a_log_without_its_row_is_corrupt_and_takes_no_changes() {
    let (_folder, store) = doctored("DELETE FROM revocation_log").await;
    assert_corrupt(store.log_head().await, "table revocation_log has lost its row");
    assert_corrupt(store.apply(Changes::default()).await, "table revocation_log has lost its row");
}

#[tokio::test]
async fn a_page_that_was_overwritten_is_corrupt_for_those_who_need_it_and_for_nobody_else() {
    let (folder, store) = doctored("UPDATE users SET version = 7").await;
    store.close().await.unwrap();
    let page: u32 = behind_its_back(folder.path())
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'users'", [], |row| row.get(0))
        .unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(folder.path().join(DATABASE_FILE)).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[0xee; 4096], u64::from(page - 1) * 4096).unwrap();

    let store = open(folder.path());
    let read = store.user(user(1).id).await.unwrap_err();
    assert!(matches!(read, StoreError::Corrupt { .. }), "{read:?}");
    let written = store.apply(Changes::one(Change::UpdateUser(user(1)))).await.unwrap_err();
    assert!(matches!(written, StoreError::Corrupt { .. }), "{written:?}");
    assert_eq!(store.session(session(1).id).await.unwrap(), Some(session(1)));
    commit(&store, Changes::one(rotating(&session(1))).relaxed()).await;
}
