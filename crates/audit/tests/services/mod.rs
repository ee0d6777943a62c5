//! Lamps again, written in other languages and run as programs of their own. `cargo xtask install` brings what they need.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use handstamp_audit::{Carrier, KeySource, Options, Person, Report};
use handstamp_testkit::http::ServedIssuer;
use handstamp_verify::SystemClock;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::support::{AUDIENCE, attack_with};

/// The description of the service in Express. The one in `FastAPI` describes itself.
pub(crate) const EXPRESS_DESCRIPTION: &str = include_str!("express/openapi.yaml");

/// A program that runs as several services. It is stopped when this is dropped.
pub(crate) struct Program {
    /// Where each of the services is, in the order in which they were named.
    pub(crate) urls: Vec<String>,
    _process: Child,
}

/// Starts the service in Express, once with each mistake.
pub(crate) async fn express(issuer: &ServedIssuer, mistakes: &[&str]) -> Program {
    needed("examples/express/node_modules");
    start(Path::new("node"), "express/main.mjs", issuer, mistakes).await
}

/// Starts the service in `FastAPI`, once with each mistake.
pub(crate) async fn fastapi(issuer: &ServedIssuer, mistakes: &[&str]) -> Program {
    start(&needed("target/peers/fastapi/bin/python"), "fastapi/main.py", issuer, mistakes).await
}

async fn start(program: &Path, script: &str, issuer: &ServedIssuer, mistakes: &[&str]) -> Program {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services");
    let mut process = Command::new(program)
        .arg(folder.join(script))
        .args([issuer.url(), AUDIENCE])
        .args(mistakes)
        // Python leaves no caches beside the sources.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    let mut printed = BufReader::new(process.stdout.take().expect("a pipe")).lines();
    let mut urls = Vec::new();
    for mistake in mistakes {
        let url = printed.next_line().await.expect("text");
        urls.push(url.unwrap_or_else(|| panic!("{script} {mistake} ended")));
    }
    Program { urls, _process: process }
}

fn needed(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join(path);
    assert!(path.exists(), "{} is not there: cargo xtask install", path.display());
    path
}

/// Reads the description that a service gives of itself.
pub(crate) async fn description_of(url: &str) -> String {
    let address = url.trim_start_matches("http://").to_owned();
    let stream = tokio::net::TcpStream::connect(&address).await.expect("it listens");
    let (mut reader, mut writer) = stream.into_split();
    let request = format!("GET /openapi.json HTTP/1.0\r\nHost: {address}\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut writer, request.as_bytes()).await.expect("sent");
    let mut reply = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut reader, &mut reply).await.expect("text");
    reply.split_once("\r\n\r\n").expect("a body").1.to_owned()
}

/// Attacks a service that goes by signatures and times alone, with tokens of the issuer's key.
pub(crate) async fn attack_with_key(
    [owner, outsider]: [Person; 2],
    issuer: &ServedIssuer,
    url: &str,
    description: &str,
    options: Options,
) -> Report {
    let clock = Arc::new(SystemClock);
    let source = KeySource::new(issuer.signing_key(), issuer.url(), AUDIENCE, owner, clock.clone());
    let source = source.outsider(outsider);
    attack_with(Arc::new(source), clock, url, description, options).await
}

/// Returns what tries these cases alone, with tokens in the header.
pub(crate) fn only(cases: &[&str]) -> Options {
    let only_cases = cases.iter().map(|&case| case.to_owned()).collect();
    Options { only_cases, carriers: vec![Carrier::Bearer], ..Options::default() }
}
