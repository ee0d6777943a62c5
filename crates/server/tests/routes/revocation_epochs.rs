//! A database that went back to an older state, and what subscribers hear of it.

use std::{collections::BTreeMap, time::Duration};

use handstamp_api_types::{
    Rev,
    revocation::{LAST_BATCH_HEADER, RevocationBatch, RevocationKind, RevocationLevel},
};
use handstamp_core::{flows::revocation_log, test_support::Backup};

use super::revocations::{NONCE, open, read, sign_in_and_out};
use crate::support::Kit;

/// Signs ann in and out again, and returns where the log stands.
async fn sign_out(kit: &Kit) -> Rev {
    sign_in_and_out(kit).await;
    newest(kit).await.1
}

/// Asks for the newest batch, as it came, and where it says the log ends.
async fn newest(kit: &Kit) -> (String, Rev) {
    let reply = kit.get(&format!("/revocations/snapshot?nonce={NONCE}")).send().await.expect(200);
    let jwt = reply.json()["batches"][0].as_str().unwrap().to_owned();
    let RevocationBatch { epoch, head: seq, .. } = read(kit, &jwt).await;
    (jwt, Rev { epoch, seq })
}

async fn batches(kit: &Kit) -> Vec<RevocationBatch> {
    let reply = kit.get(&format!("/revocations/snapshot?nonce={NONCE}")).send().await.expect(200);
    let mut batches = Vec::new();
    for jwt in reply.json()["batches"].as_array().unwrap() {
        batches.push(read(kit, jwt.as_str().unwrap()).await);
    }
    batches
}

/// A service with one sign-out, a backup of it, and one more sign-out that the backup lacks.
async fn with_backup() -> (Kit, Backup, Rev, Rev) {
    let kit = open().await;
    kit.user("ann").await;
    let kept = sign_out(&kit).await;
    let backup = kit.store.backup();
    let lost = sign_out(&kit).await;
    (kit, backup, kept, lost)
}

#[tokio::test]
async fn a_failover_that_lost_commits_begins_an_epoch_and_everybody_refreshes_once() {
    let (kit, backup, kept, lost) = with_backup().await;
    let (before, _) = kit.tokens("ann").await;

    kit.store.restore(backup);

    let told = batches(&kit).await;
    let hello = &told[0];
    assert!(hello.epoch > lost.epoch && hello.head > lost.seq + 1_000_000);
    assert_eq!(hello.earlier, [kept], "it goes on from what the backup knows");
    let events: Vec<_> = told[1].events.iter().map(|event| (event.level, event.kind)).collect();
    assert_eq!(
        events,
        [(RevocationLevel::Session, RevocationKind::Dead), (RevocationLevel::All, RevocationKind::Stale)]
    );
    kit.get("/auth/whoami").bearer(&before).send().await.refused(401, "token_stale");
    let (after, _) = kit.tokens("ann").await;
    kit.get("/auth/whoami").bearer(&after).send().await.expect(200);
}

#[tokio::test]
async fn what_is_taken_back_after_the_failover_hits_the_tokens_of_before() {
    let (kit, backup, _, _) = with_backup().await;
    let ann = kit.rules.ctx.store.user_by_login(&"ann".parse().unwrap()).await.unwrap().unwrap();
    let (before, _) = kit.tokens("ann").await;
    kit.store.restore(backup);
    kit.get("/auth/whoami").bearer(&before).send().await.refused(401, "token_stale");

    let now = kit.rules.clock.now();
    handstamp_core::flows::users::end_sessions(kit.core(), ann.id, None, now).await.unwrap();

    kit.get("/auth/whoami").bearer(&before).send().await.refused(401, "token_revoked");
}

#[tokio::test]
async fn a_restored_backup_is_noticed_at_the_start_by_the_mark_beside_the_database() {
    let (kit, backup, kept, lost) = with_backup().await;
    kit.store.restore(backup);

    let fresh = kit.another_replica();

    let hello = batches(&fresh).await.remove(0);
    assert!(hello.epoch > lost.epoch);
    assert_eq!(hello.earlier, [kept]);
}

#[tokio::test]
async fn a_restored_machine_is_noticed_by_the_batch_that_a_service_still_has() {
    let (kit, backup, kept, lost) = with_backup().await;
    let (jwt, _) = newest(&kit).await;
    kit.store.restore(backup);
    kit.store.forget_mark();
    let fresh = kit.another_replica();
    assert_eq!(newest(&fresh).await.1, kept, "nobody knows yet");

    let path = format!("/revocations/snapshot?nonce={NONCE}");
    fresh.get(&path).header(LAST_BATCH_HEADER, jwt.as_str()).send().await.expect(200);

    let hello = batches(&fresh).await.remove(0);
    assert!(hello.epoch > lost.epoch);
    assert_eq!(hello.earlier, [kept]);
}

#[tokio::test]
async fn a_restored_machine_is_noticed_by_a_token_that_knows_more() {
    let (kit, backup, _, lost) = with_backup().await;
    let (token, _) = kit.tokens("ann").await;
    kit.store.restore(backup);
    kit.store.forget_mark();
    let fresh = kit.another_replica();

    fresh.get("/auth/whoami").bearer(&token).send().await.expect(200);
    fresh.get("/auth/whoami").bearer(&token).send().await.refused(401, "token_stale");

    assert!(newest(&fresh).await.1.epoch > lost.epoch);
}

#[tokio::test]
async fn a_backup_from_before_the_last_epoch_begins_another_one() {
    let (kit, backup, _, _) = with_backup().await;
    kit.store.restore(backup.clone());
    let second = newest(&kit).await.1;
    // A token of the second epoch is stale in the third, and not dead: it knew of all that was kept.
    let (token, _) = kit.tokens("ann").await;

    kit.store.restore(backup);

    let third = newest(&kit).await.1;
    assert!(third.epoch > second.epoch);
    assert_eq!(batches(&kit).await[0].earlier.last().map(|rev| rev.epoch), Some(second.epoch));
    kit.get("/auth/whoami").bearer(&token).send().await.refused(401, "token_stale");
}

#[tokio::test]
async fn a_forged_batch_begins_no_epoch() {
    let (kit, _, _, before) = with_backup().await;
    let (jwt, _) = newest(&kit).await;
    let (signed, _) = jwt.rsplit_once('.').unwrap();
    let path = format!("/revocations/snapshot?nonce={NONCE}");

    for forged in [format!("{signed}.AAAA"), "5.99".to_owned(), String::new()] {
        kit.get(&path).header(LAST_BATCH_HEADER, forged.as_str()).send().await.expect(200);
    }
    // A number without a signature is a position that does not exist.
    kit.get(&format!("{path}&after={}.99", before.epoch)).send().await.expect(200);

    assert_eq!(newest(&kit).await.1, before);
}

#[tokio::test]
async fn while_no_epoch_can_be_begun_no_news_is_told_and_tokens_are_refused_in_time() {
    let (kit, backup, _, _) = with_backup().await;
    let (token, _) = kit.tokens("ann").await;
    kit.store.restore(backup);
    kit.store.set_read_only(true);

    kit.wait(Duration::from_secs(31));
    kit.get("/auth/whoami").bearer(&token).send().await.refused(503, "unavailable");

    kit.store.set_read_only(false);
    kit.get("/auth/whoami").bearer(&token).send().await.refused(401, "token_stale");
}

/// Eighty devices that all have to refresh: each is told when, all requests of one device the same, and no second is busy.
#[tokio::test]
async fn after_a_new_epoch_the_refreshes_are_spread_and_nobody_is_signed_out() {
    const DEVICES: usize = 80;
    let kit = open().await;
    kit.user("ann").await;
    let mut devices = Vec::new();
    for _ in 0..DEVICES {
        devices.push(kit.tokens("ann").await);
    }
    let now = kit.rules.clock.now();
    let epoch = newest(&kit).await.1.epoch;
    revocation_log::begin_epoch(kit.core(), epoch, None, None, now).await.unwrap();

    let mut due = BTreeMap::<u64, Vec<&str>>::new();
    for (access, refresh) in &devices {
        let [first, again] = [whoami_refused(&kit, access).await, whoami_refused(&kit, access).await];
        assert_eq!(first, again);
        due.entry(first).or_default().push(refresh);
    }

    let busiest = due.values().map(Vec::len).max().unwrap();
    assert!(due.len() >= 12 && *due.keys().max().unwrap() <= 15, "{:?}", due.keys());
    assert!(busiest <= 4 * DEVICES / 16, "{busiest} of {DEVICES} refresh in one second");
    let mut passed = 0;
    for (second, refreshes) in due {
        kit.wait(Duration::from_secs(second - passed));
        passed = second;
        for refresh in refreshes {
            let body = serde_json::json!({ "refresh_token": refresh });
            let reply = kit.post("/auth/refresh").json(&body).send().await.expect(200).json();
            kit.get("/auth/whoami").bearer(reply["access_token"].as_str().unwrap()).send().await.expect(200);
        }
    }
}

/// Returns after how many seconds a caller whose token is stale is to come back.
async fn whoami_refused(kit: &Kit, access: &str) -> u64 {
    let reply = kit.get("/auth/whoami").bearer(access).send().await.refused(401, "token_stale");
    reply.header("retry-after").parse().unwrap_or(0)
}

/// The log decides what is older, not the clock of the replica that wrote it.
#[tokio::test]
async fn replicas_whose_clocks_are_half_a_minute_apart_agree_on_who_is_signed_out() {
    for skew in [-30, 30] {
        let kit = open().await;
        kit.user("ann").await;
        let skewed = kit.another_replica_off_by(skew);
        let (fast, slow) = (&skewed, &kit);
        for (signs_in, signs_out) in [(fast, slow), (slow, fast)] {
            let (before, _) = signs_in.tokens("ann").await;
            signs_out.get("/auth/whoami").bearer(&before).send().await.expect(200);
            let everywhere = serde_json::json!({ "scope": "everywhere" });
            signs_out.post("/auth/sign-out").bearer(&before).json(&everywhere).send().await.expect(200);
            let (after, _) = signs_in.tokens("ann").await;

            for replica in [fast, slow] {
                replica.get("/auth/whoami").bearer(&before).send().await.refused(401, "token_revoked");
                replica.get("/auth/whoami").bearer(&after).send().await.expect(200);
            }
        }
    }
}
