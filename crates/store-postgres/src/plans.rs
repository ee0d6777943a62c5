//! Every statement is prepared against the newest schema, so that none is found to be wrong by a customer; and its plan is looked at,
//! on tables with some rows in them: a look-up is as fast with ten million rows as with ten thousand only if no plan walks through a
//! table that grows.

use std::time::Duration;

use handstamp_testbed::Postgres;
use serde_json::Value;
use tokio_postgres::Client;

use crate::direct::Direct;
use crate::options::PostgresOptions;
use crate::{migrations, sql};

/// Tables that are read as a whole: those that only people make bigger, one command at a time, and those that have a limit.
const SMALL: &[&str] = &[
    "keys",
    "clients",
    "organizations",
    "verifier_reports",
    "status_lists",
    "revocation_epochs",
    "revocation_log",
    "pg_control_system",
];

/// Statements that begin at an end of an index, or of a table, and stop at their limit. The buckets of attempts have no index by time,
/// which every attempt would have to write.
const STOP_AT_LIMIT: &[&str] =
    &["audit::NEWEST", "log::OLDEST_EVENTS", "users::ANY", "limits::FORGET_BUCKETS"];

/// Statements whose plans are made for the values that they are given.
const PLANNED_BY_VALUES: &[&str] = &["clean_up::END_EXPIRED", "status_lists::BAD_PLACES"];

/// Files whose statements read everything on purpose: an export does.
const READS_ALL: &[&str] = &["transfer"];

/// Rows in all tables that grow, about as many of each kind as in a house with people.
const ROWS: &str = "
    INSERT INTO organizations SELECT 'org-' || n, 'Org', 1, CASE WHEN n % 5 = 0 THEN n END FROM generate_series(1, 50) n;
    INSERT INTO users SELECT gen_random_uuid(), 'user-' || n, 'user-' || n || '@example.org', 'org-' || (n % 50 + 1), '[]', '{}', NULL,
        'hash', NULL, n, 0 FROM generate_series(1, 5000) n;
    INSERT INTO profiles SELECT id, '{}' FROM users;
    INSERT INTO sessions SELECT gen_random_uuid(), id, 'handstamp', 'Firefox', n, n, '[]', n + 9000, n + 5000, n + 5000, 0, 0, NULL, n, n,
        false, n, '\\x0000000000000001', n, NULL, NULL, CASE WHEN n % 2 = 0 THEN n END, CASE WHEN n % 2 = 0 THEN 'signed_out' END
        FROM users, generate_series(1, 4) n;
    INSERT INTO upstream_links SELECT 'corp', 'https://id.example', id::text, id, 1 FROM users;
    INSERT INTO upstream_sessions SELECT id, 'corp', 'https://id.example', user_id::text, id::text, false, NULL, 1, NULL
        FROM sessions WHERE ended_at IS NULL;
    INSERT INTO revocation_events SELECT n, 'everything', NULL, 'stale', 'operator', n, n, NULL, NULL FROM generate_series(1, 20000) n;
    INSERT INTO used_ids SELECT 'carry_code', n::text, n FROM generate_series(1, 20000) n;
    INSERT INTO audit_entries (at, kind, user_id) SELECT n, 'signed_in', id FROM users, generate_series(1, 4) n;
    INSERT INTO limit_buckets SELECT n::text::bytea, n FROM generate_series(1, 20000) n;
    INSERT INTO limit_marks SELECT n::text::bytea, n + 9e18 FROM generate_series(1, 20000) n;
    ANALYZE;";

async fn database() -> Direct {
    let options = PostgresOptions::new(&Postgres::shared().database()).unwrap();
    let options = PostgresOptions { connect: Duration::from_mins(1), ..options };
    let mut direct = Direct::open(&options).await.unwrap();
    migrations::prepare(&mut direct, true).await.unwrap();
    direct
}

#[tokio::test]
async fn every_statement_fits_the_newest_schema() {
    let direct = database().await;
    let all = sql::all();
    for (file, name, sql) in &all {
        // The words around a transaction are said, and not prepared.
        let fits = if is_prepared(sql.text()) {
            direct.client.prepare(sql.text()).await.map(drop)
        } else {
            direct.client.batch_execute(&format!("BEGIN; {}; ROLLBACK", sql.text())).await
        };
        fits.unwrap_or_else(|error| panic!("{file}::{name}: {error:?}"));
    }
    assert!(all.len() > 70, "only {} statements", all.len());
}

#[tokio::test]
async fn no_statement_walks_through_a_table_that_grows() {
    let direct = database().await;
    direct.client.batch_execute(ROWS).await.unwrap();
    let mut looked_at = 0;
    for (file, name, sql) in sql::all() {
        let full_name = format!("{file}::{name}");
        if !is_prepared(sql.text()) || STOP_AT_LIMIT.contains(&&*full_name) || READS_ALL.contains(&file) {
            continue;
        }
        // As the store asks: see `pool::greeting`.
        let mode =
            if PLANNED_BY_VALUES.contains(&&*full_name) { "force_custom_plan" } else { "force_generic_plan" };
        for growth in ["on", "off"] {
            direct.client.batch_execute(&format!("SET enable_seqscan = {growth}")).await.unwrap();
            let plan = plan(&direct.client, &full_name, sql.text(), mode).await;
            let mut walks = Vec::new();
            find_walks(&plan, &mut walks, &mut looked_at);
            assert!(walks.is_empty(), "{full_name} walks through {walks:?}\n{plan:#}");
        }
    }
    // A test that looked at nothing would pass as well.
    assert!(looked_at > 100, "only {looked_at} steps");
}

fn is_prepared(sql: &str) -> bool {
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].iter().any(|word| sql.starts_with(word))
}

async fn plan(client: &Client, name: &str, sql: &str, mode: &str) -> Value {
    let types = client.prepare(sql).await.unwrap().params().to_vec();
    // What is asked for from some moment on happened lately, and what until some moment long ago.
    let number = if name.starts_with("status_lists::") { "9000000" } else { "1" };
    let values: Vec<&str> = types.iter().map(|kind| a_value(kind.name(), number)).collect();
    let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    client.batch_execute(&format!("SET plan_cache_mode = {mode}; PREPARE plan_of AS {sql}")).await.unwrap();
    let explained = client.query_one(&format!("EXPLAIN (FORMAT JSON) EXECUTE plan_of{values}"), &[]).await;
    client.batch_execute("DEALLOCATE plan_of").await.unwrap();
    let explained = explained.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let text = explained.try_get::<_, Json>(0).unwrap().0;
    serde_json::from_str(&text).unwrap()
}

/// The text of a `json` column.
struct Json(String);

impl<'a> tokio_postgres::types::FromSql<'a> for Json {
    fn from_sql(
        _: &tokio_postgres::types::Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(std::str::from_utf8(raw)?.to_owned()))
    }

    fn accepts(kind: &tokio_postgres::types::Type) -> bool {
        *kind == tokio_postgres::types::Type::JSON
    }
}

/// A value of a type, one that few rows have.
fn a_value<'a>(kind: &str, number: &'a str) -> &'a str {
    match kind {
        "int8" => number,
        "bool" => "true",
        "text" => "'x'",
        "uuid" => "'00000000-0000-0000-0000-000000000001'",
        "bytea" => "'\\x0000000000000009'",
        "_int8" => "'{1}'",
        "_bytea" => "'{}'",
        "_bool" => "'{true}'",
        "_text" => "'{x}'",
        "_uuid" => "'{00000000-0000-0000-0000-000000000001}'",
        other => panic!("no value of type {other} is known"),
    }
}

/// Finds the steps that read a growing table from one end to the other.
fn find_walks(plan: &Value, walks: &mut Vec<String>, looked_at: &mut usize) {
    match plan {
        Value::Array(steps) => steps.iter().for_each(|step| find_walks(step, walks, looked_at)),
        Value::Object(step) => {
            *looked_at += 1;
            let kind = step.get("Node Type").and_then(Value::as_str).unwrap_or_default();
            let table = step.get("Relation Name").and_then(Value::as_str).unwrap_or_default();
            let has_condition = step.contains_key("Index Cond");
            let is_walk = kind == "Seq Scan" || (kind.starts_with("Index") && !has_condition);
            if is_walk && !SMALL.contains(&table) {
                walks.push(format!("{table} ({kind})"));
            }
            step.values().for_each(|part| find_walks(part, walks, looked_at));
        }
        _ => {}
    }
}
