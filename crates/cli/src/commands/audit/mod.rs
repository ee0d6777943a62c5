//! `handstamp audit`: attacks every operation of a running service, and tells which bad token got in.

mod consent;
mod describe;
mod meter;
mod paint;
mod place;
mod tokens;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use handstamp_audit::{Audit, Carrier, OperationName, Options, Report, Verdict};
use handstamp_server::config::duration;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::edge::runtime;
use crate::failure::Failure;
use crate::output;

/// What a script is told when not everything could be judged.
const INCONCLUSIVE: u8 = 3;

/// Attack every endpoint of a running service
///
/// Makes a request of each operation of its OpenAPI description and sends a control with a good token first. Then come missing,
/// stripped, forged, expired and misdirected tokens, other people's objects, odd spellings of the address, other origins and
/// tokens that were taken back, and the control once more. Any 2xx is a finding, and so is a crash. What could not be judged is
/// inconclusive, never a pass.
///
/// It changes data: it makes objects and removes those it made. It speaks to the host of the URL and to the issuer that is
/// named, and asks first where that host is not this machine.
#[derive(Debug, Args)]
#[command(after_help = "\
Where the good tokens come from, one of:
  --key FILE          signs them with the key your service trusts: every case can be tried
  --dev-issuer URL    has them made by `handstamp dev-issuer`: every case, and tokens taken back
  --auth-service URL  signs in as people do, with passwords from HANDSTAMP_AUDIT_PASSWORD and
                      HANDSTAMP_AUDIT_OTHER_PASSWORD, or a line each on standard input: expired
                      tokens cannot be made, ended sessions can
  neither             takes HANDSTAMP_AUDIT_TOKEN, and HANDSTAMP_AUDIT_OTHER_TOKEN of somebody in
                      another organisation

Examples:
  handstamp audit http://127.0.0.1:8080 --openapi openapi.yaml \\
      --key key.pem --issuer https://auth.example --audience orders \\
      --sub ada --org acme --role buyer --other-org globex
  handstamp audit http://127.0.0.1:8080 --auth-service http://127.0.0.1:8800 \\
      --login ada --other-login emil
  handstamp audit https://staging.example --openapi openapi.json \\
      --allow-host staging.example --rate 20 --sarif audit.sarif

Exit codes: 0 everything was judged and refused, 1 findings (with --strict notes too), 2 wrong
usage, 3 nothing found but not everything could be judged.")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, and none hangs on another"
)]
pub(crate) struct AuditCommand {
    /// The service: scheme, host, port, and the path its operations are below where the description does not say it
    #[arg(value_name = "URL")]
    target: String,

    /// The OpenAPI 3.0 or 3.1 description, JSON or YAML (default: `/openapi.json` of the service)
    #[arg(long, value_name = "FILE|URL")]
    openapi: Option<String>,

    #[command(flatten)]
    tokens: tokens::TokenArgs,

    /// An operation that is open to everybody on purpose, such as `"GET /health"`. Without it, an operation that the description
    /// does not call public has to be closed
    #[arg(long, value_name = "OPERATION", help_heading = "What to attack")]
    public: Vec<OperationName>,

    /// An operation whose objects belong to everybody who is signed in, not to one organisation
    #[arg(long, value_name = "OPERATION", help_heading = "What to attack")]
    shared: Vec<OperationName>,

    /// Attack this operation alone; may be given several times
    #[arg(long = "operation", value_name = "OPERATION", help_heading = "What to attack")]
    operations: Vec<OperationName>,

    /// Try only cases whose name begins like this, such as `confusion/`; may be given several times
    #[arg(long = "case", value_name = "NAME", help_heading = "What to attack")]
    cases: Vec<String>,

    /// The value of a parameter that cannot be found out, such as `id=17`
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter, help_heading = "How to ask")]
    parameters: Vec<(String, String)>,

    /// A header to send with every request, such as `"X-Api-Version: 2"`
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header, help_heading = "How to ask")]
    headers: Vec<(HeaderName, HeaderValue)>,

    /// Where the token is carried: `bearer`, `cookie=NAME` or `header=NAME` (default: as the description says, else `bearer`)
    #[arg(long = "carry", value_name = "WHERE", value_parser = carrier, help_heading = "How to ask")]
    carriers: Vec<Carrier>,

    /// Change and remove objects that were there before, where the audit cannot make one of its own
    #[arg(long, help_heading = "How to ask")]
    touch_existing: bool,

    /// At most so many requests a second (default: as fast as answers come on this machine, 20 elsewhere)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "How to ask")]
    rate: Option<u32>,

    /// How long an answer may take
    #[arg(long, value_name = "DURATION", value_parser = duration_of, default_value = "10s", help_heading = "How to ask")]
    timeout: Duration,

    /// How long the whole run may take: what is left then is not tried
    #[arg(long, value_name = "DURATION", value_parser = duration_of, default_value = "10m", help_heading = "How to ask")]
    max_time: Duration,

    /// How long a token that was taken back may still be let in
    #[arg(long, value_name = "DURATION", value_parser = duration_of, default_value = "1s", help_heading = "How to ask")]
    revocation_delay: Duration,

    /// A host other than this machine that may be attacked. Without it you are asked, or refused where nobody can answer
    #[arg(long = "allow-host", value_name = "HOST", help_heading = "How to ask")]
    allowed_hosts: Vec<String>,

    /// Print the whole report as JSON
    #[arg(long, help_heading = "Report")]
    json: bool,

    /// Write the findings as SARIF 2.1.0, for a code host
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    sarif: Option<PathBuf>,

    /// Write every case as JUnit XML, for a CI
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    junit: Option<PathBuf>,

    /// Let notes fail the run too
    #[arg(long, help_heading = "Report")]
    strict: bool,

    /// Show forged tokens in full. Good ones are never shown
    #[arg(long, help_heading = "Report")]
    show_forged: bool,
}

/// Runs the command.
pub(crate) fn run(command: &AuditCommand) -> Result<(), Failure> {
    let target = consent::target(&command.target, &command.allowed_hosts)?;
    let document = describe::document(&target, command.openapi.as_deref())?;
    describe::are_there(&document, [&command.public, &command.shared, &command.operations])?;
    let options = command.options(target.is_loopback());
    let place = place::of_description(&target, command.openapi.as_deref());
    let public_keys = command.tokens.public_keys()?;
    let report = runtime::block_on(async {
        let (source, clock) = command.tokens.source(public_keys).await?;
        let audit = Audit::new(target, document, source, clock).options(options);
        let meter = meter::Meter::new();
        let report = audit.run(&meter).await;
        meter.clear();
        report.map_err(|cause| Failure::because("the audit cannot be run", &cause))
    })?;
    command.tell(&report, place.as_deref())?;
    match report.verdict() {
        _ if command.strict && report.totals().notes > 0 => Err(Failure::told(1)),
        Verdict::Closed => Ok(()),
        Verdict::Open => Err(Failure::told(1)),
        Verdict::Inconclusive => Err(Failure::told(INCONCLUSIVE)),
    }
}

impl AuditCommand {
    fn options(&self, is_loopback: bool) -> Options {
        /// Somebody else's machine has other things to do.
        const RATE_ELSEWHERE: u32 = 20;
        Options {
            public: self.public.clone(),
            shared: self.shared.clone(),
            only_operations: self.operations.clone(),
            only_cases: self.cases.clone(),
            parameters: self.parameters.iter().cloned().collect(),
            headers: self.headers.clone(),
            carriers: self.carriers.clone(),
            rate: self.rate.or((!is_loopback).then_some(RATE_ELSEWHERE)),
            patience: self.timeout,
            max_time: self.max_time,
            touch_existing: self.touch_existing,
            show_forged: self.show_forged,
            revocation_delay: self.revocation_delay,
        }
    }

    /// Writes the report in every form that was asked for. `place` is where the description is.
    fn tell(&self, report: &Report, place: Option<&str>) -> Result<(), Failure> {
        if let Some(file) = &self.sarif {
            write(file, &pretty(&report.to_sarif(place))?)?;
        }
        if let Some(file) = &self.junit {
            write(file, &report.to_junit())?;
        }
        if self.json {
            return output::json(&report.to_json());
        }
        let style = output::stdout().style;
        output::line(report.to_text(&paint::Painter(style)).trim_end())
    }
}

fn pretty(document: &Value) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(document);
    text.map(|text| text + "\n").map_err(|cause| Failure::because("cannot write the report", &cause))
}

fn write(file: &PathBuf, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|cause| {
        Failure::because(format_args!("cannot write the report to {}", file.display()), &cause)
    })
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected NAME=VALUE, such as id=17".to_owned())
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let wrong = || "expected NAME: VALUE, such as X-Api-Version: 2".to_owned();
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let name: HeaderName = name.trim().parse().map_err(|_| wrong())?;
    if name == http::header::AUTHORIZATION {
        return Err("a token has no place in a command line: use HANDSTAMP_AUDIT_TOKEN".to_owned());
    }
    Ok((name, HeaderValue::try_from(value.trim()).map_err(|_| wrong())?))
}

fn carrier(text: &str) -> Result<Carrier, String> {
    match text.split_once('=') {
        None if text == "bearer" => Ok(Carrier::Bearer),
        Some(("cookie", name)) if !name.is_empty() => Ok(Carrier::Cookie(name.to_owned())),
        Some(("header", name)) if HeaderName::from_bytes(name.as_bytes()).is_ok() => {
            Ok(Carrier::Header(name.to_owned()))
        }
        _ => Err("expected bearer, cookie=NAME or header=NAME".to_owned()),
    }
}

fn duration_of(text: &str) -> Result<Duration, String> {
    duration::parse(text).map_err(|cause| cause.to_string())
}

#[cfg(test)]
mod tests {
    use handstamp_audit::Carrier;

    use super::{carrier, header, parameter};

    #[test]
    fn what_is_typed_is_read_or_told_how_to_type_it() {
        assert_eq!(parameter("id=a=b"), Ok(("id".to_owned(), "a=b".to_owned())));
        assert!(parameter("=1").is_err() && parameter("id").is_err());
        assert_eq!(carrier("cookie=__Host-Http-at"), Ok(Carrier::Cookie("__Host-Http-at".to_owned())));
        assert!(carrier("cookie").is_err() && carrier("header=a b").is_err());
        assert_eq!(header("X-A: b").unwrap().1, "b");
    }

    #[test]
    fn a_token_in_the_command_line_is_refused() {
        assert!(header("Authorization: Bearer x").unwrap_err().contains("HANDSTAMP_AUDIT_TOKEN"));
    }
}
