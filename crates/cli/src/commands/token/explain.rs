use clap::Args;

use super::decode::unverified;
use super::explanation::{Explanation, Moment};
use crate::edge::input;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Say in words what a token claims, unverified
///
/// Names every header member and claim, turns times into dates (UTC and local) and says whether the token is young,
/// expired or not valid yet. Nothing is verified: anybody could have written what this explains.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp token explain eyJhbGciOi…
  handstamp token explain --json - < token")]
pub(super) struct Explain {
    /// The token, or `-` to read it from standard input
    #[arg(value_name = "TOKEN|-")]
    token: String,

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
    let explanation = Explanation::unverified(&unverified(&token)?, &moment);
    if command.output.json {
        return output::json(&explanation);
    }
    Ok(explanation.print(&mut output::stdout())?)
}
