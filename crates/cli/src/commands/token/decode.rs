use clap::Args;
use handstamp_token::dangerous::{self, Decoded};
use serde_json::Value;

use super::explanation::{Explanation, Moment};
use crate::edge::input;
use crate::failure::Failure;
use crate::output;

/// Print a token's header and claims, unverified
///
/// Nothing is checked: anybody could have written what this prints. Use `token verify` before believing it. Prints JSON, and
/// on a terminal one line for each member, with times in UTC and local time.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp token decode eyJhbGciOi…
  handstamp token decode - < token | jq .claims.exp")]
pub(super) struct Decode {
    /// The token, or `-` to read it from standard input
    #[arg(value_name = "TOKEN|-")]
    token: String,

    /// Print JSON on a terminal too; elsewhere this command does so anyway
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Decode) -> Result<(), Failure> {
    let token = input::token(&command.token)?;
    if output::is_for_a_person(command.json) {
        let explanation = Explanation::unverified(&unverified(&token)?, &Moment::of(None)?);
        return Ok(explanation.print(&mut output::stdout())?);
    }
    let decoded = decode(&token)?;
    if !command.json {
        output::note("Not verified: anybody could have written this.");
    }
    // Both are JSON objects already: put together as they are, no number and no order changes.
    let both =
        format!(r#"{{"header":{},"claims":{}}}"#, decoded.unverified_header, decoded.unverified_payload);
    output::json_text(both.as_bytes())
}

fn decode(token: &str) -> Result<Decoded, Failure> {
    dangerous::decode_unverified(token)
        .map_err(|rejection| Failure::verdict(rejection.code(), rejection.to_string()))
}

/// Header and claims of a token that nobody has verified.
pub(super) struct Unverified {
    pub(super) header: Value,
    pub(super) claims: Value,
}

/// Reads a token without verifying it.
pub(super) fn unverified(token: &str) -> Result<Unverified, Failure> {
    let decoded = decode(token)?;
    let json = |text: &str, part: &str| {
        serde_json::from_str(text)
            .map_err(|cause| Failure::verdict("token_malformed", format!("the {part} is not JSON: {cause}")))
    };
    Ok(Unverified {
        header: json(&decoded.unverified_header, "header")?,
        claims: json(&decoded.unverified_payload, "payload")?,
    })
}
