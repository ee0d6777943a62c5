//! What others pay: one question over loopback for each request.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use handstamp_bench::fixture::now;
use handstamp_bench::race::{self, Contestant, Plan};
use handstamp_bench::report::{Cell, Table};
use handstamp_bench::{Outcome, failed};
use handstamp_testbed::{Postgres, Redis};
use handstamp_verify::revocation::{Memo, SilencePolicy};

use crate::checks::{List, identity, tokens};

const LIVE: usize = 10_000;

/// One check of ours beside a Redis GET and a PostgreSQL SELECT by primary key, with as many entries.
pub(crate) fn table(plan: Plan) -> Outcome<Table> {
    let redis = Redis::start();
    let mut redis = InRedis::fill(&redis)?;
    let postgres = Postgres::start();
    let mut postgres = InPostgres::fill(&postgres)?;
    let list = List::new(LIVE)?;
    let (tokens, clock) = (tokens(), now());
    let mut place = 0;
    let ours = Contestant::new("floor: our check, an older token never seen", || {
        place = (place + 1) % tokens.len();
        let token = identity(&tokens[place], 0, clock);
        list.revocations.check(&token, &Memo::default(), SilencePolicy::serve_stale(), clock)
    });
    let contestants = vec![
        ours,
        Contestant::measuring_itself("Redis GET", |count| redis.ask(count)),
        Contestant::measuring_itself("PostgreSQL SELECT by primary key", |count| postgres.ask(count)),
    ];
    let caption = format!("a question for each request, over loopback, {LIVE} entries");
    let mut table = Table::new(caption, ["", "each", "x"]);
    for finish in race::run(plan, contestants)? {
        table.row(finish.name, [Cell::Nanos(finish.nanos), Cell::Ratio(finish.ratio)]);
    }
    Ok(table)
}

/// A connection of a few lines: no client is faster.
struct InRedis(BufReader<TcpStream>);

impl InRedis {
    fn fill(server: &Redis) -> Outcome<Self> {
        let stream = TcpStream::connect(("127.0.0.1", server.port())).map_err(failed("connecting"))?;
        stream.set_nodelay(true).map_err(failed("connecting"))?;
        let mut redis = Self(BufReader::new(stream));
        let url = server.url();
        let password = url.trim_start_matches("redis://:").split('@').next().unwrap_or_default();
        redis.expect(&["AUTH", password], "+OK")?;
        for number in 0..LIVE {
            redis.expect(&["SET", &key(number), "1"], "+OK")?;
        }
        Ok(redis)
    }

    fn ask(&mut self, count: u64) -> Outcome<Duration> {
        let absent = key(LIVE + 1);
        let start = Instant::now();
        for _ in 0..count {
            self.expect(&["GET", &absent], "$-1")?;
        }
        Ok(start.elapsed())
    }

    /// Sends one command and looks at the first line of the answer.
    fn expect(&mut self, words: &[&str], expected: &str) -> Outcome {
        let mut text = format!("*{}\r\n", words.len());
        for word in words {
            // Writing to a string cannot fail.
            let _ = write!(text, "${}\r\n{word}\r\n", word.len());
        }
        let mut line = String::new();
        self.0.get_mut().write_all(text.as_bytes()).map_err(failed("asking Redis"))?;
        self.0.read_line(&mut line).map_err(failed("asking Redis"))?;
        if line.trim_end() == expected { Ok(()) } else { Err(format!("Redis answers {line:?}")) }
    }
}

struct InPostgres {
    client: postgres::Client,
    question: postgres::Statement,
}

impl InPostgres {
    fn fill(server: &Postgres) -> Outcome<Self> {
        let client = postgres::Client::connect(&server.database(), postgres::NoTls);
        let mut client = client.map_err(failed("connecting"))?;
        let fill = format!(
            "CREATE TABLE revoked (jti TEXT PRIMARY KEY); \
             INSERT INTO revoked SELECT 'revoked:' || n FROM generate_series(0, {LIVE}) AS n; ANALYZE revoked"
        );
        client.batch_execute(&fill).map_err(failed("filling the table"))?;
        let question = client.prepare("SELECT 1 FROM revoked WHERE jti = $1").map_err(failed("preparing"))?;
        Ok(Self { client, question })
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

fn key(number: usize) -> String {
    format!("revoked:{number}")
}
