//! Nothing that is kept stays behind unseen: whoever adds a table or a column moves it, or says here why not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use handstamp_core::store::Store;
use handstamp_core::store::transfer::Kind;
use handstamp_core::test_support::contract::furnished;
use handstamp_testbed::Postgres;
use handstamp_token::SystemEntropy;
use tokio_postgres::Client;

use super::export::every;
use crate::PostgresStore;
use crate::direct::Direct;
use crate::options::PostgresOptions;
use crate::sql::transfer;

/// Tables that are not moved: which steps the schema has taken, where the log stands, which is said before all rows, and what may be
/// lost.
const STAY: &[&str] = &["handstamp_steps", "revocation_log", "limit_buckets", "limit_marks"];

/// Columns that are not moved: they follow from others, or from the order of rows.
const FOLLOW: [&str; 2] = ["sessions.check_expiry_at", "audit_entries.id"];

/// A store with something of every kind in it, and a way past it.
async fn furnished_database() -> (Arc<dyn Store>, Direct) {
    let options = PostgresOptions::new(&Postgres::shared().database()).unwrap();
    let patience = Duration::from_mins(1);
    let options = PostgresOptions { connect: patience, wait: patience, ..options }.without_listening();
    let store: Arc<dyn Store> =
        Arc::new(PostgresStore::open(&options, Arc::new(SystemEntropy)).await.unwrap());
    furnished(&store).await;
    (store, Direct::open(&options).await.unwrap())
}

/// Returns which table an export reads for a kind, and its columns.
async fn moved(client: &Client, kind: Kind) -> (&'static str, Vec<String>) {
    let sql = every(kind).text();
    let (_, from) = sql.split_once(" FROM ").unwrap();
    let statement = client.prepare(sql).await.unwrap();
    let columns = statement.columns().iter().map(|column| column.name().to_owned());
    (from.split(' ').next().unwrap(), columns.collect())
}

#[tokio::test]
async fn every_table_and_every_column_is_moved() {
    let (_store, direct) = furnished_database().await;
    let columns = "SELECT relname::text || '.' || attname::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid \
                   WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p') \
                   AND attnum > 0 AND NOT attisdropped";
    let there = direct.client.query(columns, &[]).await.unwrap();
    let there = there.iter().map(|row| row.try_get::<_, String>(0).unwrap());
    let kept: BTreeSet<String> =
        there.filter(|column| !STAY.contains(&column.split('.').next().unwrap())).collect();

    let mut taken_along: BTreeSet<String> = FOLLOW.map(str::to_owned).into();
    for kind in Kind::ALL {
        let (table, columns) = moved(&direct.client, kind).await;
        taken_along.extend(columns.iter().map(|column| format!("{table}.{column}")));
    }

    assert_eq!(taken_along, kept);
}

/// The rules of moving compare what was written with what came out. Of a column with nothing in it they say nothing.
#[tokio::test]
async fn every_column_has_something_in_it_when_the_rules_move_it() {
    let (_store, direct) = furnished_database().await;
    for kind in Kind::ALL {
        let (table, columns) = moved(&direct.client, kind).await;
        for column in columns {
            // Where a column may hold nothing, a zero is something.
            let has_something = format!(
                "SELECT coalesce(bool_or({column}::text NOT IN ('', '0', 'false', '[]', '{{}}')), false) \
                 OR count({column}) BETWEEN 1 AND count(*) - 1 FROM {table}"
            );
            let row = direct.client.query_one(&has_something, &[]).await.unwrap();
            assert!(row.try_get::<_, bool>(0).unwrap(), "{table}.{column}");
        }
    }
}

#[tokio::test]
async fn an_import_locks_every_table_that_it_writes() {
    let (_store, direct) = furnished_database().await;
    let mut written = BTreeSet::from(["revocation_log"]);
    for kind in Kind::ALL {
        written.insert(moved(&direct.client, kind).await.0);
    }

    let (_, locks) = transfer::BEGIN_IMPORT.text().split_once("LOCK TABLE ").unwrap();
    let (locked, _) = locks.split_once(" IN ").unwrap();

    assert_eq!(locked.split(", ").collect::<BTreeSet<_>>(), written);
}
