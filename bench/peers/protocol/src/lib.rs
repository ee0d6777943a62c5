//! How the benchmark talks to a peer in another process, one line at a time:
//!
//! - the first line in is a [`Job`] as JSON; the first line out lists what can be measured, as `["verify ES256", …]`;
//! - then each line in is `verify ES256 1000`, and the line out is the nanoseconds that those 1,000 operations took.
//!
//! So the peer takes its turns in the same race as everybody else. It ends when its input ends.

use std::hint::black_box;
use std::io::{BufRead, Lines, StdinLock, Write};
use std::time::Instant;

use serde::Deserialize;

/// What every peer verifies and signs.
#[derive(Deserialize)]
pub struct Job {
    /// Expected `iss`.
    pub issuer: String,
    /// Expected `aud`.
    pub audience: String,
    /// `kid` to sign with.
    pub key_id: String,
    /// `typ` to sign with.
    pub typ: String,
    /// The claims to sign.
    pub claims: serde_json::Map<String, serde_json::Value>,
    /// One entry an algorithm.
    pub algorithms: Vec<Algorithm>,
}

/// Keys and token of one algorithm.
#[derive(Deserialize)]
pub struct Algorithm {
    /// Its JOSE name.
    pub name: String,
    /// The token to verify.
    pub token: String,
    /// PKCS#8; empty for a secret.
    pub private_pem: String,
    /// SPKI; empty for a secret.
    pub public_pem: String,
    /// The shared secret in base64url; empty for a key pair.
    pub secret: String,
    /// The same as bytes.
    #[serde(default)]
    pub secret_bytes: Vec<u8>,
}

/// One thing to measure, such as `verify ES256`.
pub struct Operation {
    /// Its name.
    pub name: String,
    /// Does it once; fails if the library refuses the token or cannot sign.
    pub run: Box<dyn FnMut() -> Result<(), String>>,
}

impl Operation {
    /// Makes one.
    pub fn new(name: String, run: impl FnMut() -> Result<(), String> + 'static) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// Serves the benchmark until it hangs up. `prepare` parses keys; operations that fail at their first try are left out.
pub fn serve(prepare: impl FnOnce(Job) -> Vec<Operation>) -> Result<(), String> {
    let mut lines = std::io::stdin().lock().lines();
    let job = next(&mut lines)?.ok_or("the benchmark sent no job")?;
    let job: Job = serde_json::from_str(&job).map_err(|error| error.to_string())?;
    let mut operations = prepare(job);
    operations.retain_mut(|operation| match (operation.run)() {
        Ok(()) => true,
        Err(problem) => {
            eprintln!("{}: {problem}", operation.name);
            false
        }
    });
    let names: Vec<&str> = operations.iter().map(|operation| operation.name.as_str()).collect();
    say(&serde_json::json!(names).to_string())?;
    while let Some(line) = next(&mut lines)? {
        let (name, count) = line.rsplit_once(' ').ok_or("a line is `name count`")?;
        let count: u64 = count.parse().map_err(|_| "the count is a number")?;
        let operation = operations.iter_mut().find(|operation| operation.name == name);
        let operation = operation.ok_or_else(|| format!("nothing is called {name:?}"))?;
        let start = Instant::now();
        for _ in 0..count {
            black_box((operation.run)())?;
        }
        say(&start.elapsed().as_nanos().to_string())?;
    }
    Ok(())
}

fn next(lines: &mut Lines<StdinLock<'_>>) -> Result<Option<String>, String> {
    lines.next().transpose().map_err(|error| error.to_string())
}

fn say(line: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| error.to_string())
}
