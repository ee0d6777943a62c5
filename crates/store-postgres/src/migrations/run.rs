use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, GenericClient};

use super::StepStatus;
use super::steps::{Step, StepKind};
use crate::open_error::OpenError;

/// One process at a time takes steps; the others wait, and find them taken. Any number will do, as long as nobody else locks it.
const LOCK: i64 = 0x4853_544d_0001;

/// How often a step waits for its locks, so that it never stands in everybody's way for long: who waits for a lock on a table is
/// waited for by all who come later.
const TRIES: u32 = 20;

/// A process that stands still in the middle of a step, or whose machine is gone, holds on to the tables for no longer than this: all who
/// serve wait for them, and all who start for their turn.
const LET_GO: &str = "SET LOCAL idle_in_transaction_session_timeout = '10s'";

/// Whether any step was ever taken. What a name stands for (`to_regclass`) is remembered from before the wait for the others; what lies
/// in a table is not.
const HAS_TABLE: &str = "SELECT EXISTS (SELECT 1 FROM pg_class WHERE relname = 'handstamp_steps' \
                         AND relnamespace = to_regnamespace(quote_ident(current_schema())))";

/// Where it is noted which were.
const MAKE_TABLE: &str = "CREATE TABLE handstamp_steps (number int NOT NULL PRIMARY KEY, name text NOT NULL, kind text NOT NULL, \
                          applied_at timestamptz NOT NULL DEFAULT clock_timestamp())";

/// What was taken, under what number.
type Taken = BTreeMap<u32, StepStatus>;

/// Returns every step that is known or was taken, in order.
pub(super) async fn status(client: &Client, steps: &[Step]) -> Result<Vec<StepStatus>, OpenError> {
    let mut all = taken(client).await?;
    for (number, step) in numbered(steps) {
        let missing = StepStatus {
            number,
            name: step.name.to_owned(),
            kind: step.kind,
            applied_at: None,
            is_known: true,
        };
        all.entry(number).or_insert(missing).is_known = true;
    }
    Ok(all.into_values().collect())
}

/// Takes the steps that are missing, each in a transaction of its own.
pub(super) async fn apply(
    client: &mut Client,
    steps: &[Step],
    kind: StepKind,
) -> Result<Vec<StepStatus>, OpenError> {
    refuse_foreign(client).await?;
    let before = taken(client).await?;
    refuse_newer(&before, steps)?;
    let mut done = Vec::new();
    for (number, step) in
        numbered(steps).filter(|(_, step)| step.kind == StepKind::Expand || kind == StepKind::Contract)
    {
        if before.contains_key(&number) {
            continue;
        }
        let failed = |error: tokio_postgres::Error| OpenError::Step {
            number,
            name: step.name.to_owned(),
            source: Box::new(error),
        };
        if take_patiently(client, number, step).await.map_err(failed)? {
            done.extend(taken(client).await?.remove(&number));
        }
    }
    refuse_newer(&taken(client).await?, steps)?;
    Ok(done)
}

/// Sees to it that no step is missing that this version needs, and that nothing it needs was taken away.
pub(super) async fn check(client: &Client, steps: &[Step]) -> Result<(), OpenError> {
    refuse_foreign(client).await?;
    let taken = taken(client).await?;
    refuse_newer(&taken, steps)?;
    let mut missing = numbered(steps)
        .filter(|(number, step)| step.kind == StepKind::Expand && !taken.contains_key(number))
        .map(|(_, step)| step.name.to_owned());
    match missing.next() {
        None => Ok(()),
        Some(name) => Err(OpenError::Older { missing: missing.count() + 1, name }),
    }
}

fn numbered(steps: &[Step]) -> impl Iterator<Item = (u32, &Step)> {
    (1..).zip(steps)
}

/// What a newer version adds does no harm; what it takes away does.
fn refuse_newer(taken: &Taken, steps: &[Step]) -> Result<(), OpenError> {
    let mut unknown = taken.values().filter(|step| step.number as usize > steps.len());
    match unknown.find(|step| step.kind == StepKind::Contract) {
        None => Ok(()),
        Some(step) => Err(OpenError::Newer { number: step.number, name: step.name.clone() }),
    }
}

/// Looks before it touches: another program's tables stay as they are.
async fn refuse_foreign(client: &Client) -> Result<(), OpenError> {
    let sql = "SELECT current_schema()::text, to_regclass('handstamp_steps') IS NOT NULL, \
               EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p', 'v', 'm', 'f'))";
    let row = client.query_one(sql, &[]).await?;
    let (schema, is_ours, is_used): (Option<String>, bool, bool) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    match schema {
        None => Err(OpenError::NoSchema),
        Some(schema) if is_used && !is_ours => Err(OpenError::Foreign { schema }),
        Some(_) => Ok(()),
    }
}

async fn taken(client: &impl GenericClient) -> Result<Taken, OpenError> {
    let is_there = client.query_one(HAS_TABLE, &[]).await?;
    if !is_there.try_get::<_, bool>(0)? {
        return Ok(Taken::new());
    }
    let sql = "SELECT number, name, kind, (extract(epoch FROM applied_at) * 1000)::int8 FROM handstamp_steps";
    let mut taken = Taken::new();
    for row in client.query(sql, &[]).await? {
        let (number, kind, at): (i32, String, i64) = (row.try_get(0)?, row.try_get(2)?, row.try_get(3)?);
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        // Of a kind that a newer version has thought of nobody knows what it takes away.
        let kind = StepKind::from_name(&kind).unwrap_or(StepKind::Contract);
        let applied_at = Timestamp::from_millisecond(at).ok();
        let step = StepStatus { number, name: row.try_get(1)?, kind, applied_at, is_known: false };
        taken.insert(number, step);
    }
    Ok(taken)
}

/// Takes a step as soon as its locks are free for a moment.
async fn take_patiently(
    client: &mut Client,
    number: u32,
    step: &Step,
) -> Result<bool, tokio_postgres::Error> {
    for _ in 1..TRIES {
        match take(client, number, step).await {
            Err(error) if is_in_the_way(&error) => {
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            }
            done => return done,
        }
    }
    take(client, number, step).await
}

/// Returns whether somebody else's locks were in the way. Nothing of the step holds then.
fn is_in_the_way(error: &tokio_postgres::Error) -> bool {
    let locks = [&SqlState::LOCK_NOT_AVAILABLE, &SqlState::T_R_DEADLOCK_DETECTED];
    error.code().is_some_and(|code| locks.contains(&code))
}

/// Returns whether it was missing.
async fn take(client: &mut Client, number: u32, step: &Step) -> Result<bool, tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LET_GO).await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    // Asked, and not `IF NOT EXISTS`, of which the database tells whoever reads our log.
    let is_there = transaction.query_one(HAS_TABLE, &[]).await?;
    if !is_there.try_get::<_, bool>(0)? {
        transaction.batch_execute(MAKE_TABLE).await?;
    }
    let note = "INSERT INTO handstamp_steps (number, name, kind) VALUES ($1, $2, $3) ON CONFLICT (number) DO NOTHING";
    let place = i32::try_from(number).unwrap_or(i32::MAX);
    if transaction.execute(note, &[&place, &step.name, &step.kind.as_str()]).await? == 0 {
        // Somebody else has taken it while we waited.
        transaction.rollback().await?;
        return Ok(false);
    }
    transaction.batch_execute("SET LOCAL lock_timeout = '2s'").await?;
    transaction.batch_execute(step.sql).await?;
    transaction.commit().await?;
    Ok(true)
}
