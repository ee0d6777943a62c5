//! The issuer for tests, as a process.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::handstamp::run;

/// A running issuer, which ends with the test.
pub(crate) struct Issuer {
    process: Child,
    pub(crate) ready: Value,
}

impl Issuer {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_handstamp"))
            .args(["dev-issuer", "--listen", "127.0.0.1:0", "--json"])
            .args(arguments)
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        Self { process, ready: serde_json::from_str(&line).expect("one line of JSON") }
    }

    /// Sends a request by hand and returns the reply's body.
    pub(crate) fn post(&self, path: &str, body: &str) -> Value {
        let issuer = self.ready["issuer"].as_str().expect("an issuer");
        let host = issuer.strip_prefix("http://").expect("an address of this machine");
        let mut stream = TcpStream::connect(host).expect("it listens");
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .expect("sent");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("an answer");
        let (_, body) = reply.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).expect("JSON")
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn it_makes_tokens_that_this_program_verifies() {
    let issuer = Issuer::start(&["--audience", "orders", "--algorithm", "EdDSA"]);

    let minted = issuer.post("/dev/tokens", r#"{"sub":"ann","roles":["admin"]}"#);

    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let verified = run(
        Path::new("."),
        [
            "token".to_owned(),
            "verify".to_owned(),
            "--jwks".to_owned(),
            text(&issuer.ready["jwks_uri"]),
            "--issuer".to_owned(),
            text(&issuer.ready["issuer"]),
            "--audience".to_owned(),
            "orders".to_owned(),
            "--alg".to_owned(),
            "EdDSA".to_owned(),
            text(&minted["access_token"]),
        ],
    );
    assert_eq!(verified.json()["sub"], "ann");
}

#[test]
fn it_says_loudly_what_it_is_for() {
    let mut issuer = Issuer::start(&[]);
    let stderr = issuer.process.stderr.take().expect("stderr is piped");

    let mut line = String::new();
    BufReader::new(stderr).read_line(&mut line).expect("a line");

    assert!(line.contains("for tests") && line.contains("any token"), "{line}");
}

#[test]
fn an_address_that_other_machines_reach_is_wrong_usage() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8650"] {
        let run = run(Path::new("."), ["dev-issuer", "--listen", address]);

        assert_eq!(run.code, Some(2), "{address}: {run:?}");
        assert!(run.stderr.contains("other machines reach this address"), "{run:?}");
    }
}

#[test]
fn tokens_for_nobody_are_wrong_usage() {
    let run = run(Path::new("."), ["dev-issuer", "--audience", ""]);

    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("--audience"), "{run:?}");
}
