use std::time::Duration;

use handstamp_testbed::Postgres;
use tokio_postgres::error::SqlState;

use super::run;
use super::steps::{Step, StepKind, expand};
use crate::direct::Direct;
use crate::open_error::OpenError;
use crate::options::PostgresOptions;

const ONE: Step = expand("one", "CREATE TABLE one (x int)");
const TWO: Step = expand("two", "CREATE TABLE two (x int)");
const LESS: Step = Step { name: "less", kind: StepKind::Contract, sql: "DROP TABLE one" };
const WRONG: Step = expand("wrong", "CREATE TABLE half (x int); CREATE TABLE one (x int)");

fn options() -> PostgresOptions {
    let options = PostgresOptions::new(&Postgres::shared().database()).unwrap();
    PostgresOptions { connect: Duration::from_mins(1), ..options }
}

async fn database() -> Direct {
    Direct::open(&options()).await.unwrap()
}

async fn taken(direct: &mut Direct, steps: &[Step], kind: StepKind) -> Vec<String> {
    let taken = run::apply(&mut direct.client, steps, kind).await.unwrap();
    taken.into_iter().map(|step| step.name).collect()
}

async fn has_table(direct: &Direct, name: &str) -> bool {
    let row = direct.client.query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&name]).await.unwrap();
    row.try_get(0).unwrap()
}

#[tokio::test]
async fn steps_are_taken_once_and_in_order() {
    let mut direct = database().await;
    assert_eq!(taken(&mut direct, &[ONE, TWO], StepKind::Expand).await, ["one", "two"]);
    assert_eq!(taken(&mut direct, &[ONE, TWO], StepKind::Expand).await, Vec::<String>::new());
    let status = run::status(&direct.client, &[ONE, TWO]).await.unwrap();
    assert!(status.iter().all(|step| step.applied_at.is_some() && step.is_known));
    assert_eq!(status.iter().map(|step| step.number).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn what_takes_something_away_waits_for_the_word() {
    let mut direct = database().await;
    assert_eq!(taken(&mut direct, &[ONE, LESS, TWO], StepKind::Expand).await, ["one", "two"]);
    assert!(has_table(&direct, "one").await);
    run::check(&direct.client, &[ONE, LESS, TWO]).await.unwrap();

    assert_eq!(taken(&mut direct, &[ONE, LESS, TWO], StepKind::Contract).await, ["less"]);
    assert!(!has_table(&direct, "one").await);
}

#[tokio::test]
async fn the_version_before_lives_on_with_what_was_added() {
    let mut direct = database().await;
    taken(&mut direct, &[ONE, TWO], StepKind::Expand).await;
    assert_eq!(taken(&mut direct, &[ONE], StepKind::Expand).await, Vec::<String>::new());
    run::check(&direct.client, &[ONE]).await.unwrap();
    let status = run::status(&direct.client, &[ONE]).await.unwrap();
    assert_eq!(status.iter().map(|step| step.is_known).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn the_version_before_refuses_what_has_lost_something() {
    let mut direct = database().await;
    taken(&mut direct, &[ONE, LESS], StepKind::Contract).await;
    for refused in [
        run::check(&direct.client, &[ONE]).await.unwrap_err(),
        run::apply(&mut direct.client, &[ONE], StepKind::Expand).await.unwrap_err(),
    ] {
        assert!(matches!(&refused, OpenError::Newer { number: 2, name } if name == "less"), "{refused:?}");
    }
}

#[tokio::test]
async fn an_older_database_is_named_where_it_may_not_be_changed() {
    let mut direct = database().await;
    taken(&mut direct, &[ONE], StepKind::Expand).await;
    let refused = run::check(&direct.client, &[ONE, TWO]).await.unwrap_err();
    assert!(matches!(&refused, OpenError::Older { missing: 1, name } if name == "two"), "{refused:?}");
    let empty = database().await;
    let refused = run::check(&empty.client, &[ONE, TWO]).await.unwrap_err();
    assert!(matches!(&refused, OpenError::Older { missing: 2, name } if name == "one"), "{refused:?}");
    assert!(!has_table(&empty, "handstamp_steps").await);
}

#[tokio::test]
async fn tables_of_another_program_stay_as_they_are() {
    let mut direct = database().await;
    direct.client.batch_execute("CREATE TABLE songs (title text)").await.unwrap();
    for refused in [
        run::check(&direct.client, &[ONE]).await.unwrap_err(),
        run::apply(&mut direct.client, &[ONE], StepKind::Contract).await.unwrap_err(),
    ] {
        assert!(matches!(&refused, OpenError::Foreign { schema } if schema == "public"), "{refused:?}");
    }
    assert!(!has_table(&direct, "one").await && !has_table(&direct, "handstamp_steps").await);
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing_behind() {
    let mut direct = database().await;
    let refused = run::apply(&mut direct.client, &[ONE, WRONG, TWO], StepKind::Expand).await.unwrap_err();
    let OpenError::Step { number: 2, source, .. } = &refused else { panic!("{refused:?}") };
    let cause = source.downcast_ref::<tokio_postgres::Error>().unwrap();
    assert_eq!(cause.code(), Some(&SqlState::DUPLICATE_TABLE));
    assert!(!has_table(&direct, "half").await && !has_table(&direct, "two").await);
    assert_eq!(taken(&mut direct, &[ONE, TWO], StepKind::Expand).await, ["two"]);
}

#[tokio::test]
async fn of_many_that_come_at_the_same_time_each_step_is_taken_by_one() {
    let options = options();
    let starts = (0..6).map(|_| async {
        let mut direct = Direct::open(&options).await.unwrap();
        taken(&mut direct, &[ONE, TWO], StepKind::Expand).await.len()
    });
    let taken = futures_util::future::join_all(starts).await;
    assert_eq!(taken.iter().sum::<usize>(), 2, "{taken:?}");
}

/// The driver writes what the database remarks into our log, where an operator takes it for something that is wrong.
#[tokio::test]
async fn the_database_has_nothing_to_remark() {
    let url = Postgres::shared().database();
    let (mut client, mut connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let (say, mut remarks) = tokio::sync::mpsc::unbounded_channel();
    let driver = tokio::spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            if let tokio_postgres::AsyncMessage::Notice(notice) = message {
                say.send(notice.message().to_owned()).unwrap();
            }
        }
    });
    for _ in 0..2 {
        run::apply(&mut client, super::steps::STEPS, StepKind::Contract).await.unwrap();
    }
    drop(client);
    driver.await.unwrap();
    assert_eq!(remarks.recv().await, None);
}

#[tokio::test]
async fn a_step_waits_for_a_table_that_is_in_use() {
    let options = options();
    let (mut direct, other) = (Direct::open(&options).await.unwrap(), Direct::open(&options).await.unwrap());
    taken(&mut direct, &[ONE], StepKind::Expand).await;
    other.client.batch_execute("BEGIN; SELECT * FROM one").await.unwrap();
    let ending = async {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        other.client.batch_execute("ROLLBACK").await.unwrap();
    };
    let more = expand("more", "ALTER TABLE one ADD COLUMN y int");
    let steps = [ONE, more];
    let (taken, ()) = tokio::join!(taken(&mut direct, &steps, StepKind::Expand), ending);
    assert_eq!(taken, ["more"]);
}

/// Who serves holds locks in another order than the step takes them, and the database ends one of the two: it may be the step.
#[tokio::test]
async fn a_step_that_was_undone_for_others_is_taken_again() {
    let mut direct = database().await;
    direct.client.batch_execute("CREATE SEQUENCE turns").await.unwrap();
    // No transaction takes a number back.
    let undone_once = expand(
        "undone once",
        "CREATE TABLE one (x int); DO $$ BEGIN IF nextval('turns') = 1 THEN \
         RAISE EXCEPTION 'a deadlock' USING ERRCODE = 'deadlock_detected'; END IF; END $$",
    );

    assert_eq!(taken(&mut direct, &[undone_once], StepKind::Expand).await, ["undone once"]);
    assert!(has_table(&direct, "one").await);
}

/// It would keep everybody waiting who serves and who starts, for as long as its machine is gone.
#[tokio::test]
async fn whoever_stops_in_the_middle_of_a_step_lets_go_of_the_tables() {
    let mut direct = database().await;
    let told = expand(
        "told",
        "CREATE TABLE one AS SELECT current_setting('idle_in_transaction_session_timeout') AS limit_of_idleness",
    );
    taken(&mut direct, &[told], StepKind::Expand).await;
    let row = direct.client.query_one("SELECT limit_of_idleness FROM one", &[]).await.unwrap();
    assert_eq!(row.try_get::<_, String>(0).unwrap(), "10s");
}

#[tokio::test]
async fn every_step_of_ours_says_something_else() {
    let names: std::collections::BTreeSet<_> = super::steps::STEPS.iter().map(|step| step.name).collect();
    assert_eq!(names.len(), super::steps::STEPS.len());
    let mut direct = database().await;
    assert_eq!(taken(&mut direct, super::steps::STEPS, StepKind::Expand).await.len(), names.len());
}
