//! Lamps again, written in other languages and run as programs of their own. `cargo xtask install` brings what they need.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use handstamp_audit::{Audit, Carrier, Document, KeySource, Options, Person, Quiet, Report, Target};
use handstamp_testkit::http::ServedIssuer;
use handstamp_verify::SystemClock;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::support::AUDIENCE;

/// The description of the service in Express. The one in `FastAPI` describes itself.
pub(crate) const EXPRESS_DESCRIPTION: &str = include_str!("express/openapi.yaml");

/// A program that runs. It is stopped when this is dropped.
pub(crate) struct Program {
    pub(crate) url: String,
    _process: Child,
}

/// Starts the service in Express.
pub(crate) async fn express(issuer: &ServedIssuer, mistake: &str) -> Program {
    needed("examples/express/node_modules");
    start(Path::new("node"), "express/main.mjs", issuer, mistake).await
}

/// Starts the service in `FastAPI`.
pub(crate) async fn fastapi(issuer: &ServedIssuer, mistake: &str) -> Program {
    start(&needed("target/peers/fastapi/bin/python"), "fastapi/main.py", issuer, mistake).await
}

async fn start(program: &Path, script: &str, issuer: &ServedIssuer, mistake: &str) -> Program {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services");
    let mut process = Command::new(program)
        .arg(folder.join(script))
        .args([issuer.url(), AUDIENCE, mistake])
        // Python leaves no caches beside the sources.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    let printed = process.stdout.take().expect("a pipe");
    let url = BufReader::new(printed).lines().next_line().await.expect("text");
    Program { url: url.unwrap_or_else(|| panic!("{script} {mistake} ended")), _process: process }
}

fn needed(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join(path);
    assert!(path.exists(), "{} is not there: cargo xtask install", path.display());
    path
}

/// Reads the description that a service gives of itself.
pub(crate) async fn description_of(service: &Program) -> String {
    let address = service.url.trim_start_matches("http://").to_owned();
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
    issuer: &ServedIssuer,
    url: &str,
    description: &str,
    options: Options,
) -> Report {
    let person = |sub: &str, org: &str| Person {
        sub: sub.to_owned(),
        roles: vec!["keeper".to_owned()],
        org_id: Some(org.to_owned()),
        ..Person::default()
    };
    let clock = Arc::new(SystemClock);
    let source =
        KeySource::new(issuer.signing_key(), issuer.url(), AUDIENCE, person("ada", "acme"), clock.clone());
    let source = source.outsider(person("emil", "globex"));
    let target = Target::parse(url, &[]).expect("a service of this machine");
    let document = Document::parse(description.as_bytes()).expect("a description");
    let audit = Audit::new(target, document, Arc::new(source), clock).options(options);
    audit.run(&Quiet).await.expect("the service can be attacked")
}

/// Returns what tries these cases alone, with tokens in the header.
pub(crate) fn only(cases: &[&str]) -> Options {
    let only_cases = cases.iter().map(|&case| case.to_owned()).collect();
    Options { only_cases, carriers: vec![Carrier::Bearer], ..Options::default() }
}
