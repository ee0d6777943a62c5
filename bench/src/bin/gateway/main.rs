//! The gateway beside nginx, in front of the same service: requests a second with and without the cookie work, and the memory of
//! connections that ask for nothing.

mod front;
mod idle;
mod nginx;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use handstamp_bench::Outcome;
use handstamp_bench::command_line::{self, Options};
use handstamp_bench::load::{self, Load, NextRequest};
use handstamp_bench::report::{Report, Table};
use handstamp_bench::service::{House, Listening, access_tokens, open_feed, runtime};
use tokio::runtime::Runtime;

use front::Front;
use nginx::Nginx;

const CONNECTIONS: [usize; 2] = [1, 64];
const PEOPLE: usize = 100;

fn main() -> ExitCode {
    // The contestant is a process of its own, as nginx is.
    if let Some(code) = front::run_as_child() {
        return code;
    }
    command_line::run(benchmark)
}

fn benchmark(options: Options) -> Outcome<Report> {
    let rounds = options.pick(15, 1);
    let turn = options.pick(Duration::from_millis(400), Duration::from_millis(50));
    let mut report = Report::new("gateway: a request through the front, over loopback");
    report.fact("not pinned: two threads of the gateway or two workers of nginx, one of the service, one of the load generator");
    report.fact(format!(
        "{rounds} interleaved rounds of {turn:?} a turn; rates are medians, x is the median of each round's own ratio"
    ));
    report.fact(
        "nginx: proxy_pass over kept connections, no log; the service answers 120 bytes of JSON from memory",
    );
    report.fact(format!("ES256 access tokens of {PEOPLE} people, in cookies"));

    let runtime = runtime(2)?;
    let (house, listener) = House::open_listening(&runtime, open_feed())?;
    let tokens = runtime.block_on(access_tokens(&house, PEOPLE))?;
    let auth = house.serve(&runtime, listener)?;
    let service_runtime = self::runtime(1)?;
    let service = service(&service_runtime)?;
    let front = Front::start(house.issuer(), service.address)?;
    let Some(nginx) = Nginx::start(service.address)? else {
        report.note("nginx is not installed: there is nothing to compare with");
        return Ok(report);
    };

    for (caption, path, with_cookie) in [
        ("a public route, no cookie", "/open/orders", false),
        ("a route for people who are signed in: cookie to bearer token", "/api/orders", true),
    ] {
        for connections in CONNECTIONS {
            let tokens = with_cookie.then_some(&tokens);
            let race = Race { connections, turn, path };
            let mut rows = [Vec::new(), Vec::new()];
            for _ in 0..rounds {
                rows[0].push(race.run(nginx.address, tokens)?);
                rows[1].push(race.run(front.address, tokens)?);
            }
            report.table(table(caption, connections, &rows));
        }
    }
    report.table(idle::table(options.pick(10_000, 200), &nginx, &front)?);
    drop((auth, service));
    Ok(report)
}

struct Race {
    connections: usize,
    turn: Duration,
    path: &'static str,
}

impl Race {
    fn run(&self, address: SocketAddr, tokens: Option<&Arc<Vec<String>>>) -> Outcome<Load> {
        load::run(address, self.connections, self.turn, &requests(address, self.path, tokens))
    }
}

/// The requests of a browser, the same bytes for both but for the name of the host and with it of the cookie.
fn requests(address: SocketAddr, path: &str, tokens: Option<&Arc<Vec<String>>>) -> Arc<NextRequest> {
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
         accept: application/json\r\naccept-language: en-GB,en;q=0.5\r\naccept-encoding: gzip, deflate, br, zstd\r\n\
         sec-fetch-dest: empty\r\nsec-fetch-mode: cors\r\nsec-fetch-site: same-origin\r\n"
    );
    let port = address.port();
    let refresh = "r".repeat(64);
    let prepared: Vec<Vec<u8>> = match tokens {
        None => vec![format!("{head}\r\n").into_bytes()],
        Some(tokens) => tokens
            .iter()
            .map(|token| {
                format!(
                    "{head}cookie: theme=dark; __Host-Http-at-{port}={token}; __Host-Http-rt-{port}={refresh}; \
                     auth_hint-{port}=1.1795352314000.0cdc3c7d.in\r\n\r\n"
                )
                .into_bytes()
            })
            .collect(),
    };
    let turn = AtomicUsize::new(0);
    Arc::new(move || prepared[turn.fetch_add(1, Ordering::Relaxed) % prepared.len()].clone())
}

/// A service that costs as little as one can.
fn service(runtime: &Runtime) -> Outcome<Listening> {
    const BODY: &str = r#"{"orders":[{"id":3,"org_id":"acme","item":"Filing cabinet","quantity":2,"buyer":"f5934908-0e7b-4e46-9639-6b767f12"}]}"#;
    let answer = get(async || ([("content-type", "application/json")], BODY));
    let router = Router::new().route("/api/orders", answer.clone()).route("/open/orders", answer);
    Listening::start(runtime, move |listener, stopped| async move {
        let stop = async move {
            // An error means that the other side is gone: stop as well.
            let _ = stopped.await;
        };
        axum::serve(listener, router).with_graceful_shutdown(stop).await
    })
}

fn table(caption: &str, connections: usize, rows: &[Vec<Load>; 2]) -> Table {
    let columns = ["", "per second", "of nginx", "p50", "p99"];
    let mut table = Table::new(format!("{caption}, {connections} connections"), columns);
    for (name, loads) in ["nginx", "the gateway"].into_iter().zip(rows) {
        table.row(name, load::cells(loads, &rows[0]));
    }
    table
}
