//! What memory the program takes, and what disk its rows.

use std::time::Duration;

use handstamp_bench::Outcome;
use handstamp_bench::command_line::Options;
use handstamp_bench::report::{Cell, Report, Table};
use handstamp_bench::service::{
    House, Program, TableSize, commit, database_name, sizes_in_postgres, sizes_in_sqlite,
};
use handstamp_core::model::{AuditEntry, AuditKind, SessionId, UserId};
use handstamp_core::store::Changes;
use handstamp_server::Clock as _;
use handstamp_testbed::Postgres;
use tokio::runtime::Runtime;

use super::crowd::Crowd;

/// What is kept for good, of which the disk has to hold most.
const TABLES: [&str; 3] = ["users", "sessions", "audit_entries"];
/// Tasks of the start have ended by then.
const SETTLED: Duration = Duration::from_secs(3);

pub(crate) fn measure(report: &mut Report, runtime: &Runtime, options: Options) -> Outcome {
    let sessions = options.pick(100_000, 2_000);
    let mut memory = Table::new(
        format!("memory of one process, in kB; {sessions} sessions refresh, and ask who they are, once each"),
        ["", "just started", "sessions there, nobody asks", "after all have come", "bytes a session"],
    );
    let mut disk = Table::new(
        format!(
            "bytes a row on the disk, indexes included ({sessions} sessions and audit entries, {} users)",
            sessions / 10
        ),
        ["", "user", "session", "session, rotated once", "audit entry"],
    );

    let empty = runtime.block_on(House::open())?;
    let key = empty.root_key().to_text();
    let folder = empty.leave();
    let started = settled(&Program::serve(folder.path(), &[("HANDSTAMP_ROOT_KEY", &key)])?)?;
    let house = runtime.block_on(House::open())?;
    let mut crowd = runtime.block_on(filled(&house, sessions))?;
    let key = house.root_key().to_text();
    let database = house.database();
    let folder = house.leave();
    let before = sizes_in_sqlite(&database, TABLES)?;
    let program = Program::serve(folder.path(), &[("HANDSTAMP_ROOT_KEY", &key)])?;
    let idle = settled(&program)?;
    runtime.block_on(crowd.visit(program.address, sessions))?;
    memory.row("SQLite", row(started, idle, settled(&program)?, sessions));
    drop(program);
    disk.row("SQLite", sizes(&before, &sizes_in_sqlite(&database, TABLES)?, sessions));

    let postgres = Postgres::start();
    let (empty, full) = (postgres.database(), postgres.database());
    let (started, _) = on_postgres(runtime, &empty, 0)?;
    let (idle, mut crowd_and_rest) = on_postgres(runtime, &full, sessions)?;
    let name = database_name(&full);
    let before = sizes_in_postgres(&postgres, name, TABLES)?;
    runtime.block_on(crowd_and_rest.crowd.visit(crowd_and_rest.program.address, sessions))?;
    memory.row("PostgreSQL", row(started, idle, settled(&crowd_and_rest.program)?, sessions));
    disk.row("PostgreSQL", sizes(&before, &sizes_in_postgres(&postgres, name, TABLES)?, sessions));
    report.table(memory);
    report.table(disk);
    Ok(())
}

/// The program on PostgreSQL, with who is to come.
struct Running {
    crowd: Crowd,
    program: Program,
    _folder: tempfile::TempDir,
}

fn on_postgres(runtime: &Runtime, url: &str, sessions: usize) -> Outcome<(f64, Running)> {
    let house = runtime.block_on(House::open_on_postgres(url))?;
    let crowd = runtime.block_on(filled(&house, sessions))?;
    let key = house.root_key().to_text();
    let folder = house.leave();
    let variables = [("HANDSTAMP_ROOT_KEY", key.as_str()), ("HANDSTAMP_STORAGE_DATABASE_URL", url)];
    let program = Program::serve(folder.path(), &variables)?;
    Ok((settled(&program)?, Running { crowd, program, _folder: folder }))
}

fn settled(program: &Program) -> Outcome<f64> {
    std::thread::sleep(SETTLED);
    program.memory()
}

/// Adds sessions, the people they belong to, and what the audit log says of a sign-in.
async fn filled(house: &House, sessions: usize) -> Outcome<Crowd> {
    const IN_ONE_TRANSACTION: usize = 1_000;
    let crowd = Crowd::gather(house, sessions).await?;
    let entropy = &*house.context.entropy;
    let entry = || AuditEntry {
        user_id: Some(UserId::random(entropy)),
        session_id: Some(SessionId::random(entropy)),
        address: Some(std::net::Ipv4Addr::new(203, 0, 113, 7).into()),
        ..AuditEntry::new(AuditKind::SignedIn, house.clock.now())
    };
    for _ in 0..sessions / IN_ONE_TRANSACTION {
        let audit = std::iter::repeat_with(entry).take(IN_ONE_TRANSACTION).collect();
        let changes = Changes { audit, ..Changes::default() };
        commit(&house.context, changes, "adding audit entries").await?;
    }
    Ok(crowd)
}

#[expect(clippy::cast_precision_loss, reason = "a count of sessions")]
fn row(started: f64, idle: f64, after: f64, sessions: usize) -> [Cell; 4] {
    let each = (after - idle) * 1024.0 / sessions as f64;
    [Cell::Count(started), Cell::Count(idle), Cell::Count(after), Cell::Count(each)]
}

#[expect(clippy::cast_precision_loss, reason = "a count of sessions")]
fn sizes(before: &[TableSize; 3], after: &[TableSize; 3], sessions: usize) -> [Cell; 4] {
    let count = sessions as f64;
    let [users, started, entries] = before.map(|size| size.bytes);
    [users / (count / 10.0), started / count, after[1].bytes / count, entries / count].map(Cell::Count)
}
