//! `handstamp doctor`: what could be wrong with an installation.

mod keys;
mod replicas;

use std::io::{self, Write};
use std::sync::Arc;

use clap::Args;
use handstamp_core::flows::revocation_log::went_back;
use handstamp_core::store::{Store, StoreError};
use handstamp_server::config::{Config, PublicUrl};
use handstamp_store_sqlite::OpenMode;
use handstamp_token::SystemEntropy;
use jiff::SignedDuration;
use serde::Serialize;

use crate::edge::certificates::{CertificateFiles, WARN_BEFORE};
use crate::edge::clock;
use crate::edge::data_folder::DataFolder;
use crate::edge::settings::SettingsArgs;
use crate::edge::store::OpenStore;
use crate::edge::{fetch, runtime};
use crate::failure::Failure;
use crate::output::{self, OutputArgs, Styled, words};

/// A replica whose clock is further off than this refuses to mint tokens: it is time to say so.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(1);

/// Look for what could be wrong with this installation
///
/// Checks settings, certificate, data folder, root key, database, keys, clock, and whether the service answers; of PostgreSQL also the
/// schema, room for connections, and whether replicas hear of each other; of Redis whether it answers. Says what could not be looked at, and
/// why. Changes nothing, and makes nothing: no database, no tables, no keys.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp doctor
  handstamp doctor --config /etc/handstamp.toml --json")]
pub(crate) struct Doctor {
    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    status: Status,
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Good,
    Note,
    Bad,
}

/// Runs every check, and fails if one of them does.
pub(crate) fn run(command: &Doctor) -> Result<(), Failure> {
    let findings = examine(&command.settings);
    if command.output.json {
        output::json(&findings)?;
    } else {
        print(&findings, &mut output::stdout())?;
    }
    match findings.iter().filter(|finding| finding.status == Status::Bad).count() {
        0 => Ok(()),
        n => Err(Failure::new(format!("{} not right", words::count(n as u64, "thing")))),
    }
}

fn examine(settings: &SettingsArgs) -> Vec<Finding> {
    let mut findings = Vec::new();
    let config = match settings.load() {
        Ok(config) => config,
        Err(failure) => {
            let skipped = not_looked_at(&["everything else"], "it goes by the settings");
            return vec![bad("settings", failure.to_string()), skipped];
        }
    };
    findings.push(good("settings", "they can be used"));
    let url = match config.public_url(config.server.listen) {
        Ok(url) => url,
        Err(cause) => {
            findings.push(bad("public URL", cause.to_string()));
            findings.push(not_looked_at(&["everything else"], "it goes by the public URL"));
            return findings;
        }
    };
    findings.push(reachability(&url));
    findings.extend(certificate(&config, &url));
    if DataFolder::holds_database(&config.storage.data) || config.storage.database_url.is_some() {
        let (schema, is_up_to_date) = replicas::schema(&config);
        let status = schema.status;
        findings.push(schema);
        if is_up_to_date {
            findings.extend(inside(&config, &url));
        } else {
            let why = match status {
                Status::Bad => "the database cannot be used as it is",
                _ => "to open the database would bring it up to date, and nothing is to be changed",
            };
            findings.push(not_looked_at(&[&INSIDE[..], of_replicas(&config)].concat(), why));
        }
    } else {
        let folder = config.storage.data.display();
        findings.push(note(
            "database",
            format!("there is none in {folder} yet: the first `handstamp serve` makes it"),
        ));
        findings.push(not_looked_at(&INSIDE, "there is no database to look into"));
    }
    findings.extend(replicas::redis(&config));
    findings.push(answers(&url));
    findings
}

/// What only a database that is open tells.
const INSIDE: [&str; 4] = ["keys", "clock", "revocation log", "users"];

/// What only PostgreSQL tells.
fn of_replicas(config: &Config) -> &'static [&'static str] {
    if config.storage.database_url.is_some() { &["connections", "news"] } else { &[] }
}

fn reachability(url: &PublicUrl) -> Finding {
    if url.is_https() {
        good("public URL", url.as_str())
    } else if url.is_trustworthy() {
        note(
            "public URL",
            format!(
                "{url} is for this machine alone: set server.public_url to an https address before others use it"
            ),
        )
    } else {
        bad("public URL", format!("{url} is plain http: passwords and tokens travel unencrypted"))
    }
}

/// Only where the service itself speaks TLS: what a proxy shows, the proxy knows.
fn certificate(config: &Config, url: &PublicUrl) -> Option<Finding> {
    let files = CertificateFiles::of(&config.server.tls.certificate())?;
    let certificate = match files.read() {
        Ok(certificate) => certificate,
        Err(failure) => return Some(bad("certificate", failure.to_string())),
    };
    let (ends, now) = (certificate.ends(), clock::now());
    let date = ends.strftime("%Y-%m-%d");
    let host = url.host();
    Some(if ends < now {
        bad("certificate", format!("it ended on {date}: browsers and services refuse it"))
    } else if !certificate.is_for(&host) {
        bad("certificate", format!("it is not for {host}: browsers and services refuse it"))
    } else if ends.duration_since(now) < WARN_BEFORE {
        let left = words::length(ends.duration_since(now));
        note("certificate", format!("it ends on {date}, in {left}: put a new one in its place"))
    } else {
        good("certificate", format!("it is for {host}, until {date}"))
    })
}

/// Looks into the database. What goes wrong at one check keeps nobody from the others.
fn inside(config: &Config, url: &PublicUrl) -> Vec<Finding> {
    let looked: Result<_, Failure> = runtime::block_on(async {
        let opened = OpenStore::open(config, OpenMode::Command, Arc::new(SystemEntropy)).await?;
        let store = opened.shared();
        let mut findings = Vec::from(keys::look(config, url, &*store).await);
        findings.extend([clocks(&*store).await, revocation_log(&*store).await, users(&*store).await]);
        drop(store);
        if let Err(failure) = opened.close().await {
            findings.push(bad("database", failure.to_string()));
        }
        Ok(findings)
    });
    let mut findings = match looked {
        Ok(findings) => findings,
        Err(failure) => {
            let skipped = [&INSIDE[..], of_replicas(config)].concat();
            return vec![
                bad("database", failure.to_string()),
                not_looked_at(&skipped, "the database does not open"),
            ];
        }
    };
    let seen = runtime::block_on(replicas::postgres(config));
    findings.extend(seen.unwrap_or_else(|failure| {
        let skipped = not_looked_at(of_replicas(config), "the database does not open as `serve` opens it");
        vec![bad("database", failure.to_string()), skipped]
    }));
    findings
}

async fn clocks(store: &dyn Store) -> Finding {
    match store.clock().await {
        Ok(theirs) => {
            let apart = clock::now().duration_since(theirs).abs();
            let told = format!("database and this machine are {} apart", words::length(apart));
            if apart > CLOCK_TOLERANCE { bad("clock", told) } else { good("clock", told) }
        }
        Err(cause) => bad("clock", cause.to_string()),
    }
}

async fn revocation_log(store: &dyn Store) -> Finding {
    let read = async {
        // The mark first: what is committed in between must not look lost.
        let mark = store.log_mark().await?;
        Ok::<_, StoreError>((mark, store.log_head().await?))
    };
    match read.await {
        Ok((Some(mark), head)) if went_back(head, mark, clock::now()) => bad(
            "revocation log",
            format!(
                "it was at {mark} and ends at {head}: the database went back to an older state. \
                 Start `handstamp serve`, or run `handstamp revocation new-epoch`"
            ),
        ),
        Ok((_, head)) => good("revocation log", format!("it stands at {head}")),
        Err(cause) => bad("revocation log", cause.to_string()),
    }
}

async fn users(store: &dyn Store) -> Finding {
    match store.has_users().await {
        Ok(true) => good("users", "there are some"),
        Ok(false) => {
            note("users", "there is none yet: `handstamp user add NAME --email ADDRESS --role admin`")
        }
        Err(cause) => bad("users", cause.to_string()),
    }
}

fn answers(url: &PublicUrl) -> Finding {
    match fetch::get(&format!("{url}/health/ready"), "the service's health") {
        Ok(_) => good("service", "it answers and is ready"),
        Err(failure) => note("service", failure.to_string()),
    }
}

fn not_looked_at(checks: &[&str], why: &str) -> Finding {
    note("not looked at", format!("{}: {why}", checks.join(", ")))
}

fn good(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding { check, status: Status::Good, detail: detail.into() }
}

fn note(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding { check, status: Status::Note, detail: detail.into() }
}

fn bad(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding { check, status: Status::Bad, detail: detail.into() }
}

fn print<W: Write>(findings: &[Finding], out: &mut Styled<W>) -> io::Result<()> {
    let style = out.style;
    let widest = findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
    for Finding { check, status, detail } in findings {
        let mark = match status {
            Status::Good => style.good("good"),
            Status::Note => style.bold("note"),
            Status::Bad => style.bad("bad "),
        };
        writeln!(out, "{mark}  {check:widest$}  {}", output::printable(detail))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{bad, good, print};
    use crate::output::{Style, Styled};

    #[test]
    fn what_was_found_stands_in_one_column() {
        let findings = [good("keys", "k1 signs"), bad("revocation log", "it went back")];
        let mut printed = Vec::new();

        print(&findings, &mut Styled::new(&mut printed, Style::Plain)).unwrap();

        assert_eq!(
            String::from_utf8(printed).unwrap(),
            "good  keys            k1 signs\nbad   revocation log  it went back\n"
        );
    }
}
