//! How long after a sign-out has been committed the services that follow the feed refuse its token.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use handstamp_bench::command_line::{self, Options};
use handstamp_bench::load;
use handstamp_bench::report::{Cell, Report, Table};
use handstamp_bench::service::{House, follower, open_feed, runtime, signed_in};
use handstamp_bench::statistics::percentile;
use handstamp_bench::{Outcome, failed};
use handstamp_core::flows::Issued;
use handstamp_core::flows::sign_out::{SignOut, sign_out};
use handstamp_core::model::{SessionId, UserId};
use handstamp_server::Clock as _;
use handstamp_verify::{AuthError, Verifier};

const SERVICES: usize = 100;

fn main() -> ExitCode {
    command_line::run(benchmark)
}

fn benchmark(options: Options) -> Outcome<Report> {
    let (services, sign_outs) = (options.pick(SERVICES, 5), options.pick(100, 3));
    let mut report = Report::new("push: from the commit of a sign-out to the refusal");
    report.fact("one auth service on SQLite; verifiers with a connection, keys and a list of their own, in the same process");
    report.fact(format!(
        "{sign_outs} sign-outs, one after the other; each service asks about the token until it refuses it"
    ));
    report.fact("by the service: POST /auth/sign-out, timed from sending it, so the disk's part is in it");
    report.fact("by another process: its commit is found by looking; timed from the commit");
    report.goal("p99 below 100 ms for each service, from the commit");

    let runtime = runtime(2)?;
    let (house, listener) = House::open_listening(&runtime, open_feed())?;
    let mut people = runtime.block_on(people(&house, 2 * sign_outs))?;
    let service = house.serve(&runtime, listener)?;
    let verifiers = runtime.block_on(subscribe(&house, services, &people))?;

    let elsewhere = people.split_off(sign_outs);
    for (by, people) in [("the service", people), ("another process", elsewhere)] {
        let (mut first, mut each, mut last) = (Vec::new(), Vec::new(), Vec::new());
        for person in people {
            let over_http = (by == "the service").then_some(service.address);
            let times = runtime.block_on(end(&house, &verifiers, person, over_http))?;
            first.push(percentile(&times, 0.0));
            last.push(percentile(&times, 1.0));
            each.extend(times);
        }
        let caption = format!("{services} services, signed out by {by}");
        let mut table = Table::new(caption, ["", "p50", "p99", "worst"]);
        let rows = [
            ("the first service refuses", first),
            ("a service refuses", each),
            ("the last one refuses", last),
        ];
        for (name, times) in rows {
            table.row(name, [0.5, 0.99, 1.0].map(|share| Cell::Nanos(percentile(&times, share))));
        }
        report.table(table);
    }
    drop(verifiers);
    drop(service);
    Ok(report)
}

/// Somebody who is signed in.
struct Person {
    user: UserId,
    session: SessionId,
    token: Arc<str>,
}

async fn people(house: &House, count: usize) -> Outcome<Vec<Person>> {
    let issued = signed_in(house, count).await?;
    let person = |issued: Issued| Person {
        user: issued.session.user_id,
        session: issued.session.id,
        token: issued.access.text.into(),
    };
    Ok(issued.into_iter().map(person).collect())
}

/// Starts the services, and waits until each of them takes everybody's token.
async fn subscribe(house: &House, services: usize, people: &[Person]) -> Outcome<Vec<Verifier>> {
    let mut verifiers = Vec::new();
    for _ in 0..services {
        verifiers.push(follower(house)?);
    }
    let end = Instant::now() + Duration::from_secs(30);
    for verifier in &verifiers {
        for person in people {
            while let Err(error) = verifier.try_verify(&person.token) {
                if Instant::now() > end {
                    return Err(format!("a service did not get ready: {error}"));
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    Ok(verifiers)
}

/// Signs a person out, and returns the nanoseconds after which each service refused the token.
async fn end(
    house: &House,
    verifiers: &[Verifier],
    person: Person,
    over_http: Option<SocketAddr>,
) -> Outcome<Vec<f64>> {
    let Person { user, session, token } = person;
    let mut committed = Instant::now();
    let mut call = None;
    if let Some(address) = over_http {
        let request = format!(
            "POST /auth/sign-out HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        call = Some(tokio::task::spawn_blocking(move || load::once(address, request.as_bytes())));
    } else {
        let command = SignOut { user, session, everywhere: false, address: None };
        sign_out(&house.context, command, house.clock.now()).await.map_err(failed("signing out"))?;
        committed = Instant::now();
    }
    let watching: Vec<_> = verifiers
        .iter()
        .map(|verifier| tokio::spawn(refusal(verifier.clone(), Arc::clone(&token), committed)))
        .collect();
    let mut times = Vec::new();
    for watch in watching {
        times.push(watch.await.map_err(failed("a service"))??);
    }
    if let Some(call) = call {
        let answer = call.await.map_err(failed("signing out"))??;
        if !answer.starts_with(b"HTTP/1.1 20") {
            return Err(format!("the service refused: {}", String::from_utf8_lossy(&answer)));
        }
    }
    Ok(times)
}

async fn refusal(verifier: Verifier, token: Arc<str>, committed: Instant) -> Outcome<f64> {
    loop {
        match verifier.try_verify(&token) {
            Err(AuthError::Revoked) => {
                #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one sign-out")]
                return Ok(committed.elapsed().as_nanos() as f64);
            }
            Err(error) => return Err(format!("refused for another reason: {error}")),
            Ok(_) if committed.elapsed() > Duration::from_secs(10) => {
                return Err("a service still takes a token ten seconds after the sign-out".to_owned());
            }
            // Coarse enough to leave the processor to those who bring the news.
            Ok(_) => tokio::time::sleep(Duration::from_micros(500)).await,
        }
    }
}
