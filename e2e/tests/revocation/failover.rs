use std::fs;
use std::path::Path;

use handstamp_verify::revocation::SilencePolicy;

use super::house::{Answer, House, Service, ask, until_answer};
use crate::support::beside;

const PATIENT: Service = Service { policy: SilencePolicy::refuse(), skew: 0 };

/// Copies a data folder, as a backup does while nobody writes.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for file in fs::read_dir(from).expect("a folder") {
        let file = file.expect("a file");
        fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
    }
}

/// A backup, then a sign-out that it lacks, then the backup is put back: the whole folder, or the database alone.
async fn restored(only_database: bool) {
    let house = House::start();
    let early = house.sign_in().await;
    house.sign_out(&early.access, "session").await;
    let good = house.sign_in().await;
    let gone = house.sign_in().await;
    let house = house.restarted(|folder| copy(&folder.join("data"), &folder.join("backup")));
    let service = house.service(PATIENT, &[house.address]);
    until_answer(&service, &good.access, Answer::Accepted).await;
    house.sign_out(&gone.access, "session").await;
    until_answer(&service, &gone.access, Answer::Revoked).await;
    // The lost part is longer than what comes next: numbers would be given out twice.
    for _ in 0..3 {
        let another = house.sign_in().await;
        house.sign_out(&another.access, "session").await;
        until_answer(&service, &another.access, Answer::Revoked).await;
    }

    let house = house.restarted(|folder| {
        for name in ["handstamp.db", "handstamp.db-wal", "handstamp.db-shm", "revocation.mark"] {
            let (data, backup) = (folder.join("data").join(name), folder.join("backup").join(name));
            if only_database && name == "revocation.mark" {
                continue;
            }
            if data.exists() {
                fs::remove_file(&data).expect("it goes");
            }
            if backup.exists() {
                fs::copy(backup, data).expect("a copy");
            }
        }
    });

    // Everybody refreshes once, and nobody is signed out who was not.
    until_answer(&service, &good.access, Answer::Stale).await;
    let fresh = house.refresh(&good.refresh).await;
    until_answer(&service, &fresh, Answer::Accepted).await;
    // What the database has forgotten, the service still holds.
    assert_eq!(ask(&service, &gone.access), Answer::Revoked);
    assert_eq!(ask(&service, &early.access), Answer::Revoked);
    // A service that was started afterwards comes to the same, except that it never heard of the lost sign-out.
    let another = house.service(PATIENT, &[house.address]);
    until_answer(&another, &fresh, Answer::Accepted).await;
    assert_eq!(ask(&another, &good.access), Answer::Stale);
    assert_eq!(ask(&another, &gone.access), Answer::Stale);
    assert_eq!(ask(&another, &early.access), Answer::Revoked);
    // And what happens from now on is heard by both.
    house.sign_out(&fresh, "session").await;
    for service in [&service, &another] {
        until_answer(service, &fresh, Answer::Revoked).await;
        until_answer(service, &good.access, Answer::Revoked).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_begins_a_new_epoch_by_the_mark_beside_it() {
    restored(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_folder_begins_a_new_epoch_by_what_a_service_still_has() {
    restored(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_begins_a_new_epoch_where_nobody_is_left_who_knows() {
    let house = House::start();
    let good = house.sign_in().await;
    let status = |folder: &Path| beside(folder, &["revocation", "status", "--json"]).ok().json();
    let before = status(house.folder.path());
    assert_eq!(before["went_back"], false);

    let after = beside(house.folder.path(), &["revocation", "new-epoch", "--json"]).ok().json();

    assert!(after["epoch"].as_u64() > before["epoch"].as_u64(), "{before} {after}");
    assert_eq!(after["earlier"][0], format!("{}.{}", before["epoch"], before["seq"]));
    let service = house.service(PATIENT, &[house.address]);
    until_answer(&service, &good.access, Answer::Stale).await;
    let fresh = house.refresh(&good.refresh).await;
    until_answer(&service, &fresh, Answer::Accepted).await;
}
