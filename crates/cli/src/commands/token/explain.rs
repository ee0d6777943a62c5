use std::io::Write as _;

use clap::Args;
use handstamp_token::{Rejection, UnverifiedToken};
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
/// it would give; a token that passes is shown to its issuer, which says of people's tokens whether they were taken back. With
/// `--service` the token is sent to that address, and its answer told. Exits with 1 if the token would be refused, or the service
/// refuses it.
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
    if let Some(problem) = no_token(&token) {
        let for_machines = || Failure::verdict("token_malformed", problem.to_owned());
        return Err(if command.output.json { for_machines() } else { Failure::new(problem) });
    }
    let moment = Moment::of(command.now)?;
    let told = Told {
        explanation: unverified(&token).map(|token| Explanation::unverified(&token, &moment)),
        checks: command.checks(&token)?,
        service: command.service.as_deref().map(|service| ServiceAnswer::ask(service, &token)).transpose()?,
    };
    told.tell(command.output.json)
}

/// Returns what was given in a token's place, where that can be told.
fn no_token(given: &str) -> Option<&'static str> {
    if given.trim().is_empty() {
        return Some("there is no token: nothing was given");
    }
    if given.starts_with("hsr_") {
        return Some(
            "this is a refresh token: opaque to everybody but the auth service, which takes it at POST /auth/refresh",
        );
    }
    // `Bearer eyJ…`, `Cookie: name=eyJ…`, `"access_token":"eyJ…"`: every JSON object in base64url begins like this.
    let (before, _) = given.split_once("eyJ")?;
    before.ends_with([' ', '=', '"', '\'', ':', '\t', '\n']).then_some(
        "there is something around the token, such as the header or the cookie it came in: give the token alone, from `eyJ` on",
    )
}

impl Explain {
    fn checks(&self, token: &str) -> Result<Option<Checks>, Failure> {
        let Some(issuer) = &self.issuer else { return Ok(None) };
        // What is inside is for whoever holds the key to judge.
        if matches!(UnverifiedToken::parse(token), Err(Rejection::Encrypted)) {
            return Ok(None);
        }
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
        if checks.is_none() && service.is_none() && explanation.is_err() {
            return explanation
                .map(drop)
                .map_err(|failure| if as_json { failure } else { failure.into_sentence() });
        }
        let would_pass = checks.as_ref().is_some_and(Checks::would_pass);
        let is_refused =
            (checks.is_some() && !would_pass) || service.as_ref().is_some_and(ServiceAnswer::is_refusal);
        if as_json {
            output::json(&AsJson {
                verified: would_pass,
                explanation: explanation.ok(),
                verdict: checks,
                service,
            })?;
        } else {
            let mut out = output::stdout();
            match &explanation {
                // A verdict says more than a headline.
                Ok(explanation) if checks.is_some() => explanation.print_members(&mut out)?,
                Ok(explanation) => explanation.print(&mut out)?,
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
    /// Whether the checks were made and none failed. Without, anybody could have written what stands beside it.
    verified: bool,
    #[serde(flatten)]
    explanation: Option<Explanation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Checks>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<ServiceAnswer>,
}
