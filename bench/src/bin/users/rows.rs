//! Millions of rows, made where they lie.

use std::path::Path;

use handstamp_bench::{Outcome, failed};
use handstamp_testbed::Postgres;

use super::USERS_PER_SESSION;

/// Of the length that a password's hash has.
const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXRoaW5nIG9mIDE2$c29tZXRoaW5nIHRoYXQgbm9ib2R5IGxvb2tzIGF0";

/// Returns the id of the user, and of the session, with this number. It has the form of a random UUID.
pub(crate) fn key(number: u64) -> [u8; 16] {
    let mut key = [0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 0];
    for (byte, of_number) in key[10..].iter_mut().zip(&number.to_be_bytes()[2..]) {
        *byte = *of_number;
    }
    key
}

/// Adds users, `user-1` and on, and sessions to an embedded database.
pub(crate) fn into_sqlite(database: &Path, users: u64) -> Outcome {
    let connection = rusqlite::Connection::open(database).map_err(failed("opening the database"))?;
    let now = now();
    let later = now + 30 * 24 * 3_600 * 1_000_000_000;
    let fill = format!(
        "PRAGMA synchronous = OFF;
         BEGIN;
         WITH RECURSIVE numbers (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < {users})
         INSERT INTO users (id, username, email, roles, claims, password, created_at, version)
         SELECT unhex(printf('00000000000040008000%012x', n)), 'user-' || n, 'user-' || n || '@example.org',
                '[\"buyer\"]', '{{}}', '{HASH}', {now}, 1 FROM numbers;
         WITH RECURSIVE numbers (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < {sessions})
         INSERT INTO sessions (id, user_id, client_id, device, created_at, auth_time, amr, absolute_expiry, idle_expiry,
                check_expiry_at, generation, branch, rotated_at, handed_out_at, confirmed, last_seen_at)
         SELECT id, id, 'handstamp', 'Firefox on Linux', {now}, {now}, '[\"pwd\"]', {later}, {later}, {later}, 0, 0, {now}, {now}, 0, {now}
         FROM (SELECT unhex(printf('00000000000040008000%012x', n * {USERS_PER_SESSION})) AS id FROM numbers);
         COMMIT;
         ANALYZE;
         PRAGMA wal_checkpoint(TRUNCATE);",
        sessions = users / USERS_PER_SESSION,
    );
    connection.execute_batch(&fill).map_err(failed("filling the database"))
}

/// The same on PostgreSQL.
pub(crate) fn into_postgres(postgres: &Postgres, database: &str, users: u64) {
    let now = now();
    let later = now + 30 * 24 * 3_600 * 1_000_000_000;
    let id = "('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid";
    postgres.sql(
        database,
        &format!(
            "INSERT INTO users (id, username, email, roles, claims, password, created_at, version)
             SELECT {id}, 'user-' || n, 'user-' || n || '@example.org', '[\"buyer\"]', '{{}}', '{HASH}', {now}, 1
             FROM generate_series(1::bigint, {users}) AS n"
        ),
    );
    postgres.sql(
        database,
        &format!(
            "INSERT INTO sessions (id, user_id, client_id, device, created_at, auth_time, amr, absolute_expiry, idle_expiry,
                    check_expiry_at, generation, branch, rotated_at, handed_out_at, confirmed, last_seen_at)
             SELECT {id}, {id}, 'handstamp', 'Firefox on Linux', {now}, {now}, '[\"pwd\"]', {later}, {later}, {later}, 0, 0, {now},
                    {now}, false, {now}
             FROM generate_series({USERS_PER_SESSION}::bigint, {users}, {USERS_PER_SESSION}) AS n"
        ),
    );
    postgres.sql(database, "VACUUM ANALYZE");
}

fn now() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_in_its_number() {
        let hex = format!("{:032x}", u128::from_be_bytes(key(0x0102_0304_0506)));
        assert_eq!(hex, "00000000000040008000010203040506");
    }
}
