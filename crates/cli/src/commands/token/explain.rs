use std::io::Write as _;

use clap::Args;
use serde::Serialize;

use super::checks::Checks;
use super::decode::unverified;
use super::explanation::{Explanation, Moment};
use super::issuer::Issuer;
use super::service::ServiceAnswer;
use crate::edge::input;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Say in words what a token claims, and whether it would pass
///
/// Names every header member and claim, turns times into dates (UTC and local) and says whether the token is young,
/// expired or not valid yet. Without `--issuer` nothing is verified: anybody could have written what this explains.
///
/// With `--issuer` every check is made in the order in which a service makes them, so that the first that fails is the reason
/// it would give; a token that passes is shown to its issuer, which knows whether it was taken back. With `--service` the token
/// is sent to that address, and its answer told. Exits with 1 if the token would be refused, or the service refuses it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp token explain eyJhbGciOi…
  handstamp token explain --json - < token
  handstamp token explain --issuer https://auth.example --audience orders - < token
  handstamp token explain --issuer https://auth.example \\
      --service https://orders.example/orders - < token")]
pub(super) struct Explain {
    /// The token, or `-` to read it from standard input
    #[arg(value_name = "TOKEN|-")]
    token: String,

    /// Whose token it should be: make every check with the keys found there
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,

    /// Who you are: must be in the token's `aud` (default: whoever it is for)
    #[arg(long, requires = "issuer")]
    audience: Option<String>,

    /// Send the token to this address and tell what comes back
    #[arg(long, value_name = "URL")]
    service: Option<String>,

    /// The time to explain at, in Unix seconds (default: the clock)
    #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
    now: Option<i64>,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Explain) -> Result<(), Failure> {
    let token = input::token(&command.token)?;
    if token.starts_with("hsr_") {
        return Err(Failure::new(
            "this is a refresh token: opaque to everybody but the auth service, which takes it at POST /auth/refresh",
        ));
    }
    let moment = Moment::of(command.now)?;
    let told = Told {
        explanation: unverified(&token).map(|token| Explanation::unverified(&token, &moment)),
        checks: command.checks(&token)?,
        service: command.service.as_deref().map(|service| ServiceAnswer::ask(service, &token)).transpose()?,
    };
    told.tell(command.output.json)
}

impl Explain {
    fn checks(&self, token: &str) -> Result<Option<Checks>, Failure> {
        let Some(issuer) = &self.issuer else { return Ok(None) };
        let issuer = Issuer::discover(issuer)?;
        Checks::make(token, &issuer, self.audience.as_deref(), super::time(self.now)).map(Some)
    }
}

/// All that can be said of the token.
struct Told {
    /// What cannot be taken apart can still be refused check by check, and by a service.
    explanation: Result<Explanation, Failure>,
    checks: Option<Checks>,
    service: Option<ServiceAnswer>,
}

impl Told {
    fn tell(self, as_json: bool) -> Result<(), Failure> {
        let Self { explanation, checks, service } = self;
        if checks.is_none() && service.is_none() {
            let explanation =
                explanation.map_err(|failure| if as_json { failure } else { failure.into_sentence() })?;
            return if as_json {
                output::json(&explanation)
            } else {
                Ok(explanation.print(&mut output::stdout())?)
            };
        }
        let is_refused = checks.as_ref().is_some_and(|checks| !checks.would_pass())
            || service.as_ref().is_some_and(ServiceAnswer::is_refusal);
        if as_json {
            output::json(&AsJson { explanation: explanation.ok(), verdict: checks, service })?;
        } else {
            let mut out = output::stdout();
            match &explanation {
                Ok(explanation) => explanation.print_members(&mut out)?,
                Err(failure) => writeln!(out, "{}", output::printable(&failure.to_string()))?,
            }
            checks.iter().try_for_each(|checks| checks.print(&mut out))?;
            service.iter().try_for_each(|service| service.print(&mut out))?;
        }
        if is_refused { Err(Failure::told(1)) } else { Ok(()) }
    }
}

#[derive(Serialize)]
struct AsJson {
    #[serde(flatten)]
    explanation: Option<Explanation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Checks>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<ServiceAnswer>,
}
