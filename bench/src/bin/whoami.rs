//! `whoami` and `/auth/check` of the real service, beside a bare axum route that answers the same bytes.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use handstamp_bench::command_line::{self, Options};
use handstamp_bench::load::{self, Load, NextRequest};
use handstamp_bench::report::{Report, Table};
use handstamp_bench::service::{House, Listening, access_tokens, runtime};
use handstamp_bench::{Outcome, failed};
use handstamp_server::config::Config;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::runtime::Runtime;

const ENDPOINTS: [&str; 2] = ["/auth/whoami", "/auth/check"];
const CONNECTIONS: [usize; 2] = [1, 64];
const PEOPLE: usize = 100;

fn main() -> ExitCode {
    command_line::run(benchmark)
}

fn benchmark(options: Options) -> Outcome<Report> {
    let rounds = options.pick(15, 1);
    let turn = options.pick(Duration::from_millis(400), Duration::from_millis(50));
    let mut report = Report::new("whoami: who is calling, over loopback");
    report.fact("not pinned: two server threads, and the load generator's one thread on the same cores");
    report.fact(format!(
        "{rounds} interleaved rounds of {turn:?} a turn; rates are medians, x is the median of each round's own ratio"
    ));
    report.fact("floor: an axum route that answers the same header and body");
    report.fact(format!("ES256 access tokens of {PEOPLE} people, in `Authorization`"));
    report.goal("at least 0.85x of the floor");

    let runtime = runtime(2)?;
    let (house, listener) = House::open_listening(&runtime, Config::default())?;
    let tokens = runtime.block_on(access_tokens(&house, PEOPLE))?;
    let service = house.serve(&runtime, listener)?;
    for path in ENDPOINTS {
        let request = request(path, &tokens[0]);
        let bare = bare(&runtime, path, &load::once(service.address, &request)?)?;
        for connections in CONNECTIONS {
            let next = requests(path, &tokens);
            let mut rows = [Vec::new(), Vec::new()];
            for _ in 0..rounds {
                rows[0].push(load::run(bare.address, connections, turn, &next)?);
                rows[1].push(load::run(service.address, connections, turn, &next)?);
            }
            report.table(table(path, connections, &rows));
        }
    }
    drop(service);
    Ok(report)
}

fn request(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n").into_bytes()
}

fn requests(path: &'static str, tokens: &Arc<Vec<String>>) -> Arc<NextRequest> {
    let prepared: Vec<Vec<u8>> = tokens.iter().map(|token| request(path, token)).collect();
    let turn = std::sync::atomic::AtomicUsize::new(0);
    Arc::new(move || {
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        prepared[turn % prepared.len()].clone()
    })
}

/// Serves what the service answered, from memory.
fn bare(runtime: &Runtime, path: &str, answer: &[u8]) -> Outcome<Listening> {
    let (headers, body) = split(answer)?;
    let body = axum::body::Bytes::copy_from_slice(body);
    let answer = move || {
        let (headers, body) = (headers.clone(), body.clone());
        async move { (StatusCode::OK, headers, body) }
    };
    let router: Router = Router::new().route(path, get(answer));
    Listening::start(runtime, move |listener, stopped| async move {
        let stop = async move {
            // An error means that the other side is gone: stop as well.
            let _ = stopped.await;
        };
        axum::serve(listener, router).with_graceful_shutdown(stop).await
    })
}

/// Takes a response apart, without what the HTTP library adds by itself.
fn split(answer: &[u8]) -> Outcome<(HeaderMap, &[u8])> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").ok_or("no header")?;
    let head = std::str::from_utf8(&answer[..end]).map_err(failed("the header"))?;
    let mut lines = head.lines();
    if !lines.next().is_some_and(|status| status.starts_with("HTTP/1.1 200")) {
        return Err(format!("the service refused: {}", String::from_utf8_lossy(answer)));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let name: HeaderName = name.parse().map_err(failed("a header"))?;
        if name != http::header::DATE && name != http::header::CONTENT_LENGTH {
            let value: HeaderValue = value.trim().parse().map_err(failed("a header"))?;
            headers.append(name, value);
        }
    }
    Ok((headers, &answer[end + 4..]))
}

fn table(path: &str, connections: usize, rows: &[Vec<Load>; 2]) -> Table {
    let columns = ["", "per second", "of the floor", "p50", "p99"];
    let mut table = Table::new(format!("GET {path}, {connections} connections"), columns);
    for (name, loads) in ["floor: a bare axum route", "the service"].into_iter().zip(rows) {
        table.row(name, load::cells(loads, &rows[0]));
    }
    table
}
