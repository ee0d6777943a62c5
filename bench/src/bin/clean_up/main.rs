//! Months of coming and going in minutes, to see that the tables do not grow for ever.

use std::process::ExitCode;
use std::time::Duration;

use handstamp_bench::command_line::{self, Options};
use handstamp_bench::report::{Cell, Report, Table};
use handstamp_bench::service::{
    House, TableSize, commit, database_name, new_session, new_user, runtime, sizes_in_postgres,
    sizes_in_sqlite,
};
use handstamp_bench::{Outcome, failed};
use handstamp_core::Context;
use handstamp_core::flows::clean_up::clean_up;
use handstamp_core::flows::sign_out::{SignOut, sign_out};
use handstamp_core::model::{AuditEntry, AuditKind, SessionId, UserId};
use handstamp_core::store::{Change, Changes};
use handstamp_server::Clock as _;
use handstamp_testbed::Postgres;
use jiff::Timestamp;

const TABLES: [&str; 3] = ["sessions", "revocation_events", "audit_entries"];
/// Looks at the tables, evenly over all days.
const LOOKS: usize = 6;
const DAY: Duration = Duration::from_hours(24);
/// The audit log is kept a year, and PostgreSQL fills the room of what was deleted some time after: all has come round by then.
const COME_ROUND: usize = 4;
/// By so much a table may be larger at the last look than when everything had come round: pages that are free and not used yet.
const MAY_GROW: f64 = 1.25;

fn main() -> ExitCode {
    command_line::run(benchmark)
}

fn benchmark(options: Options) -> Outcome<Report> {
    let days = options.pick(780, 12);
    let sessions = options.pick(100, 10);
    let mut report = Report::new("clean_up: what stays in the tables");
    report.fact(format!(
        "{days} days of {sessions} sign-ins each, half of whom sign out and half of whom stay away; the clean-up of the service at the end of each day"
    ));
    report.fact("time is told, not waited for; PostgreSQL's own vacuum wakes each second, where by default it is each minute");
    report.goal(format!(
        "no table of the last day larger than {MAY_GROW} times what it was on day {}: else this ends with an error",
        days / LOOKS * COME_ROUND
    ));
    let runtime = runtime(2)?;

    let house = runtime.block_on(House::open())?;
    let database = house.database();
    let look = || sizes_in_sqlite(&database, TABLES);
    runtime.block_on(live(&mut report, "SQLite", &house, days, sessions, options.quick, look))?;
    drop(house);

    let postgres = Postgres::start_with(&["autovacuum_naptime=1s"]);
    let url = postgres.database();
    let house = runtime.block_on(House::open_on_postgres(&url))?;
    let look = || sizes_in_postgres(&postgres, database_name(&url), TABLES);
    runtime.block_on(live(&mut report, "PostgreSQL", &house, days, sessions, options.quick, look))?;
    Ok(report)
}

type Look = [TableSize; 3];

async fn live(
    report: &mut Report,
    name: &str,
    house: &House,
    days: usize,
    sessions: usize,
    quick: bool,
    look: impl Fn() -> Outcome<Look>,
) -> Outcome {
    let context = &*house.context;
    let start = house.clock.now();
    let user = new_user(context, 0, None, start)?;
    let user_id = user.id;
    commit(context, Changes::one(Change::CreateUser(user)), "adding somebody").await?;
    let mut looks = Vec::new();
    for day in 0..days {
        let now = start.checked_add(DAY * u32::try_from(day).unwrap_or(u32::MAX)).map_err(failed("a day"))?;
        for (number, id) in sign_ins(context, user_id, sessions, now).await?.into_iter().enumerate() {
            if number % 2 == 0 {
                let command = SignOut { user: user_id, session: id, everywhere: false, address: None };
                sign_out(context, command, now).await.map_err(failed("signing out"))?;
            }
        }
        let evening = now.checked_add(DAY / 2).map_err(failed("an evening"))?;
        while clean_up(context, evening).await.map_err(failed("cleaning up"))?.1 {}
        if (day + 1) % (days / LOOKS) == 0 {
            looks.push((day + 1, look()?));
        }
    }
    report.table(table(name, &looks));
    let bounded = |table: usize| {
        looks[looks.len() - 1].1[table].bytes <= looks[COME_ROUND - 1].1[table].bytes * MAY_GROW
    };
    match (0..TABLES.len()).find(|table| !bounded(*table)) {
        Some(table) if !quick => Err(format!("{name}: {} grows: {looks:?}", TABLES[table])),
        _ => Ok(()),
    }
}

/// Signs somebody in so many times, without the cost of a password.
async fn sign_ins(
    context: &Context,
    user_id: UserId,
    count: usize,
    now: Timestamp,
) -> Outcome<Vec<SessionId>> {
    let mut changes = Changes::default();
    let mut ids = Vec::new();
    for _ in 0..count {
        let session = new_session(context, user_id, now);
        ids.push(session.id);
        changes.audit.push(AuditEntry {
            user_id: Some(user_id),
            session_id: Some(session.id),
            ..AuditEntry::new(AuditKind::SignedIn, now)
        });
        changes = changes.and(Change::StartSession { session, user_version: 1, at_most: None });
    }
    commit(context, changes, "signing in").await?;
    Ok(ids)
}

fn table(name: &str, looks: &[(usize, Look)]) -> Table {
    let columns = TABLES.iter().flat_map(|table| [(*table).to_owned(), "kB".to_owned()]);
    let mut table = Table::new(name, std::iter::once(String::new()).chain(columns));
    for (day, look) in looks {
        let cells = look.iter().flat_map(|size| [size.rows, size.bytes / 1024.0].map(Cell::Count));
        table.row(format!("after {day} days"), cells);
    }
    table
}
