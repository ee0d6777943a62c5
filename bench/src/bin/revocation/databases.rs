//! What others pay: one question over loopback for each request.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use handstamp_bench::fixture::now;
use handstamp_bench::race::{self, Contestant, Plan};
use handstamp_bench::report::{Cell, Table};
use handstamp_bench::{Outcome, failed};
use handstamp_verify::revocation::{Memo, SilencePolicy};
use tempfile::TempDir;

use crate::checks::{List, identity, tokens};

const LIVE: usize = 10_000;

/// One check of ours beside a Redis GET and a PostgreSQL SELECT by primary key, with as many entries.
pub(crate) fn table(plan: Plan, notes: &mut Vec<String>) -> Outcome<Table> {
    let mut redis = note(Redis::start(), "Redis", notes);
    let mut postgres = note(Postgres::start(), "PostgreSQL", notes);
    let list = List::new(LIVE)?;
    let (tokens, clock) = (tokens(), now());
    let mut place = 0;
    let ours = Contestant::new("floor: our check, an older token never seen", || {
        place = (place + 1) % tokens.len();
        let token = identity(&tokens[place], 0, clock);
        list.revocations.check(&token, &Memo::default(), SilencePolicy::serve_stale(), clock)
    });
    let mut contestants = vec![ours];
    if let Some(redis) = &mut redis {
        contestants.push(Contestant::measuring_itself("Redis GET", |count| redis.ask(count)));
    }
    if let Some(postgres) = &mut postgres {
        let name = "PostgreSQL SELECT by primary key";
        contestants.push(Contestant::measuring_itself(name, |count| postgres.ask(count)));
    }
    let caption = format!("a question for each request, over loopback, {LIVE} entries");
    let mut table = Table::new(caption, ["", "each", "x"]);
    for finish in race::run(plan, contestants)? {
        table.row(finish.name, [Cell::Nanos(finish.nanos), Cell::Ratio(finish.ratio)]);
    }
    Ok(table)
}

fn note<T>(started: Outcome<T>, name: &str, notes: &mut Vec<String>) -> Option<T> {
    started.inspect_err(|problem| notes.push(format!("not measured: {name} ({problem})"))).ok()
}

/// A process that ends with its value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Redis {
    stream: BufReader<TcpStream>,
    _process: Process,
}

impl Redis {
    fn start() -> Outcome<Self> {
        let port = free_port()?;
        let mut command = Command::new("redis-server");
        command.args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process(command.spawn().map_err(|_| "redis-server is not installed")?);
        let stream = eventually(|| TcpStream::connect(("127.0.0.1", port)).map_err(failed("connecting")))?;
        stream.set_nodelay(true).map_err(failed("connecting"))?;
        let mut redis = Self { stream: BufReader::new(stream), _process: process };
        for number in 0..LIVE {
            redis.command(&["SET", &key(number), "1"])?;
        }
        Ok(redis)
    }

    fn ask(&mut self, count: u64) -> Outcome<Duration> {
        let absent = key(LIVE + 1);
        let start = Instant::now();
        for _ in 0..count {
            if self.command(&["GET", &absent])? != "$-1" {
                return Err("Redis found a token that is not revoked".to_owned());
            }
        }
        Ok(start.elapsed())
    }

    /// Sends one command and returns the first line of the answer.
    fn command(&mut self, words: &[&str]) -> Outcome<String> {
        let mut text = format!("*{}\r\n", words.len());
        for word in words {
            // Writing to a string cannot fail.
            let _ = write!(text, "${}\r\n{word}\r\n", word.len());
        }
        let mut line = String::new();
        self.stream.get_mut().write_all(text.as_bytes()).map_err(failed("asking Redis"))?;
        self.stream.read_line(&mut line).map_err(failed("asking Redis"))?;
        Ok(line.trim_end().to_owned())
    }
}

struct Postgres {
    client: postgres::Client,
    question: postgres::Statement,
    _process: Process,
    _folder: TempDir,
}

impl Postgres {
    fn start() -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("bench-postgres-").tempdir();
        let folder = folder.map_err(failed("making a folder"))?;
        let owner = unprivileged(folder.path())?;
        let data = folder.path().join("data");
        let data = data.to_string_lossy();
        let initdb = ["initdb", "-D", &data, "-A", "trust", "-U", "bench", "--no-sync"];
        let made = owner.command(&initdb).output().map_err(|_| "PostgreSQL is not installed")?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).lines().next().unwrap_or("initdb").to_owned());
        }
        let port = free_port()?.to_string();
        let socket = folder.path().to_string_lossy();
        let server = ["postgres", "-D", &data, "-p", &port, "-h", "127.0.0.1", "-k", &socket, "-F"];
        let process = Process(owner.command(&server).spawn().map_err(|_| "PostgreSQL is not installed")?);
        let address = format!("host=127.0.0.1 port={port} user=bench dbname=postgres");
        let connect = || postgres::Client::connect(&address, postgres::NoTls).map_err(failed("connecting"));
        let mut client = eventually(connect)?;
        let fill = format!(
            "CREATE TABLE revoked (jti TEXT PRIMARY KEY); \
             INSERT INTO revoked SELECT 'revoked:' || n FROM generate_series(0, {LIVE}) AS n; ANALYZE revoked"
        );
        client.batch_execute(&fill).map_err(failed("filling the table"))?;
        let question = client.prepare("SELECT 1 FROM revoked WHERE jti = $1").map_err(failed("preparing"))?;
        Ok(Self { client, question, _process: process, _folder: folder })
    }

    fn ask(&mut self, count: u64) -> Outcome<Duration> {
        let absent = key(LIVE + 1);
        let start = Instant::now();
        for _ in 0..count {
            let found =
                self.client.query_opt(&self.question, &[&absent]).map_err(failed("asking PostgreSQL"))?;
            if found.is_some() {
                return Err("PostgreSQL found a token that is not revoked".to_owned());
            }
        }
        Ok(start.elapsed())
    }
}

/// Who may run a PostgreSQL server: anybody but root.
struct Owner(Option<&'static str>);

/// Returns ourselves, or the user `postgres`, to whom the folder is then given.
fn unprivileged(folder: &Path) -> Outcome<Owner> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8_lossy(&output.stdout).trim().parse().ok()
    };
    if id(&["-u"]) != Some(0) {
        return Ok(Owner(None));
    }
    let (user, group) =
        id(&["-u", "postgres"]).zip(id(&["-g", "postgres"])).ok_or("there is no user postgres")?;
    chown(folder, Some(user), Some(group)).map_err(failed("giving the folder away"))?;
    Ok(Owner(Some("postgres")))
}

impl Owner {
    fn command(&self, words: &[&str]) -> Command {
        let mut all: Vec<&str> = Vec::new();
        if let Some(user) = self.0 {
            all.extend(["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]);
        }
        all.extend(words);
        let mut command = Command::new(all[0]);
        command.args(&all[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

fn key(number: usize) -> String {
    format!("revoked:{number}")
}

fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed("finding a port"))?;
    Ok(listener.local_addr().map_err(failed("finding a port"))?.port())
}

/// Tries for some seconds: servers take a moment to start.
fn eventually<T>(mut attempt: impl FnMut() -> Outcome<T>) -> Outcome<T> {
    let end = Instant::now() + Duration::from_secs(15);
    loop {
        match attempt() {
            Err(_) if Instant::now() < end => std::thread::sleep(Duration::from_millis(50)),
            result => return result,
        }
    }
}
