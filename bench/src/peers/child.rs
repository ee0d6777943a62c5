//! A peer in another process, which takes its turns in the same race. `bench/peers/protocol` describes the lines.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::Work;
use crate::fixture::{AUDIENCE, Fixture, ISSUER, KEY_ID, TYPE};
use crate::race::Contestant;
use crate::{Outcome, failed};

/// A running peer. It ends when this is dropped.
pub struct Child {
    names: &'static [&'static str],
    operations: Vec<String>,
    process: std::process::Child,
    pipes: RefCell<Option<Pipes>>,
}

struct Pipes {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Child {
    /// Starts the peer and gives it keys and tokens.
    pub(super) fn start(
        names: &'static [&'static str],
        mut command: Command,
        fixtures: &[Fixture],
    ) -> Outcome<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(failed("starting"))?;
        let (input, output) = process.stdin.take().zip(process.stdout.take()).ok_or("no pipes")?;
        let mut pipes = Pipes { input, output: BufReader::new(output) };
        let operations = pipes.ask(&job(fixtures))?;
        let operations = serde_json::from_str(&operations).map_err(failed("it did not start"))?;
        Ok(Self { names, operations, process, pipes: RefCell::new(Some(pipes)) })
    }

    /// Returns its contestants for an algorithm: one for each of its names.
    pub fn contestants<'a>(&'a self, work: Work, fixture: &Fixture) -> Vec<Contestant<'a>> {
        let mut contestants = Vec::new();
        for (index, name) in self.names.iter().enumerate() {
            let variant = if index == 0 { String::new() } else { format!(" {index}") };
            let operation = format!("{} {}{variant}", work.name(), fixture.algorithm.name());
            if self.operations.contains(&operation) {
                let run = move |count| self.measure(&operation, count);
                contestants.push(Contestant::measuring_itself(*name, run));
            }
        }
        contestants
    }

    fn measure(&self, operation: &str, count: u64) -> Outcome<Duration> {
        let mut pipes = self.pipes.borrow_mut();
        let pipes = pipes.as_mut().ok_or("the peer has ended")?;
        let nanos = pipes.ask(&format!("{operation} {count}"))?;
        nanos.trim().parse().map(Duration::from_nanos).map_err(failed(operation))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Its input ends, so it does too.
        self.pipes.borrow_mut().take();
        let _ = self.process.wait();
    }
}

impl Pipes {
    fn ask(&mut self, line: &str) -> Outcome<String> {
        let ended = || failed("the peer has ended");
        writeln!(self.input, "{line}").and_then(|()| self.input.flush()).map_err(ended())?;
        let mut answer = String::new();
        self.output.read_line(&mut answer).map_err(ended())?;
        if answer.is_empty() { Err("the peer has ended".to_owned()) } else { Ok(answer) }
    }
}

fn job(fixtures: &[Fixture]) -> String {
    let algorithm = |fixture: &Fixture| {
        let secret: &[u8] = if fixture.algorithm.is_symmetric() { &fixture.private_der } else { &[] };
        json!({
            "name": fixture.algorithm.name(), "token": fixture.token,
            "private_pem": fixture.private_pem, "public_pem": fixture.public_pem,
            "secret": base64_simd::URL_SAFE_NO_PAD.encode_to_string(secret), "secret_bytes": secret,
        })
    };
    let claims = fixtures.first().map(|fixture| json!(fixture.claims));
    let algorithms: Vec<_> = fixtures.iter().map(algorithm).collect();
    json!({
        "issuer": ISSUER, "audience": AUDIENCE, "key_id": KEY_ID, "typ": TYPE,
        "claims": claims, "algorithms": algorithms,
    })
    .to_string()
}
