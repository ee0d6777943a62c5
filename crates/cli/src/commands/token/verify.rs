use std::io::Write;
use std::time::Duration;

use clap::Args;
use handstamp_server::config::duration;
use handstamp_token::{
    Algorithm, NoClaims, Rejection, UnverifiedToken, Validator, VerifiedToken, VerifyingKey, dangerous,
};

use super::decode::unverified;
use super::explanation::{Explanation, Moment};
use super::{algorithm, keys, time};
use crate::edge::input;
use crate::failure::Failure;
use crate::output;

/// Verify a token and print its claims
///
/// Checks signature, `typ`, issuer, audience and times as every Handstamp service does, but grants no leeway unless asked.
/// Prints the claims as JSON (on a terminal one line for each, with times in UTC and local time) and exits with 0, or
/// prints `{"code","detail"}` and exits with 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp token verify --jwks https://auth.example/.well-known/jwks.json \\
      --issuer https://auth.example --audience orders - < token
  handstamp token verify --jwks jwks.json --issuer i --audience a \\
      --now 1760000000 --leeway 30s eyJhbGciOi…
  handstamp token verify --jws-only --jwks key.jwk eyJhbGciOi…
      the signature alone; prints the payload's bytes")]
pub(super) struct Verify {
    /// Where the public keys are: a JWK set, one JWK, a PEM or DER file, or the https address of a JWK set
    #[arg(long, value_name = "FILE|URL")]
    jwks: String,

    /// Who must have issued the token: its `iss`, exactly
    #[arg(long, required_unless_present = "jws_only")]
    issuer: Option<String>,

    /// Who you are: must be in the token's `aud`
    #[arg(long, required_unless_present = "jws_only")]
    audience: Option<String>,

    /// Take only these algorithms (default: those of the keys)
    #[arg(long = "alg", value_name = "ALG", value_parser = algorithm, value_delimiter = ',')]
    algorithms: Vec<Algorithm>,

    /// The time to verify at, in Unix seconds (default: the clock)
    #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
    now: Option<i64>,

    /// How far the clocks of issuer and verifier may be apart, such as `30s` (default: 0s, at most 5m)
    #[arg(long, value_name = "DURATION", value_parser = leeway)]
    leeway: Option<Duration>,

    /// Check the signature layer alone and print the payload as it is: nothing about issuer, audience or time
    #[arg(long)]
    jws_only: bool,

    /// The token, or `-` to read it from standard input
    #[arg(value_name = "TOKEN|-")]
    token: String,

    /// Print JSON on a terminal too; elsewhere this command does so anyway
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Verify) -> Result<(), Failure> {
    // What cannot be read is told like any other verdict: a script parses one shape.
    let unavailable = |failure: Failure| Failure::verdict("unavailable", failure.to_string());
    let token = input::token(&command.token).map_err(unavailable)?;
    // What is no token needs no keys to be refused.
    let unverified_alg =
        UnverifiedToken::parse(&token).map_err(|cause| refused(&cause))?.unverified_alg().parse().ok();
    let assumed = assumed_algorithm(command, unverified_alg);
    let keys = keys::verifying(&command.jwks, assumed).map_err(unavailable)?;
    if command.jws_only {
        output::note("The signature alone: issuer, audience and times are not checked.");
        return signature_only(command, &token, &keys);
    }
    let verified = verify(command, &token, keys)?;
    if output::is_for_a_person(command.json) {
        let explanation = Explanation::verified(&unverified(&token)?, &Moment::of(command.now)?);
        return Ok(explanation.print(&mut output::stdout())?);
    }
    if !command.json {
        output::note("Verified.");
    }
    output::json_text(verified.payload().as_bytes())
}

/// Parses `--leeway`. The library would cut a larger one silently, and judge by another than was asked for.
fn leeway(text: &str) -> Result<Duration, String> {
    let leeway = duration::parse(text).map_err(|cause| cause.to_string())?;
    if leeway > Validator::MAX_LEEWAY {
        return Err(format!(
            "at most {} is a leeway: beyond that an expiry means nothing",
            duration::format(Validator::MAX_LEEWAY)
        ));
    }
    Ok(leeway)
}

fn refused(rejection: &Rejection) -> Failure {
    Failure::verdict(rejection.code(), rejection.to_string())
}

/// Returns the algorithm of keys that do not say theirs: the one the caller named, or of several the token's.
///
/// A key's kind still limits it: no assumption turns a public key into a secret.
fn assumed_algorithm(command: &Verify, unverified_alg: Option<Algorithm>) -> Option<Algorithm> {
    if let [only] = command.algorithms.as_slice() {
        return Some(*only);
    }
    let unverified_alg = unverified_alg?;
    let may_choose =
        command.algorithms.contains(&unverified_alg) || (command.jws_only && command.algorithms.is_empty());
    may_choose.then_some(unverified_alg)
}

fn verify(
    command: &Verify,
    token: &str,
    keys: Vec<VerifyingKey>,
) -> Result<VerifiedToken<NoClaims>, Failure> {
    let invalid = |cause: &dyn std::fmt::Display| Failure::verdict("validation_failed", cause.to_string());
    let algorithms =
        if command.algorithms.is_empty() { algorithms_of(&keys) } else { command.algorithms.clone() };
    let keys = keys::set(keys).map_err(|failure| Failure::verdict("unavailable", failure.to_string()))?;
    let issuer = command.issuer.as_deref().unwrap_or_default();
    let audience = command.audience.as_deref().unwrap_or_default();

    let validator =
        Validator::access_token(issuer, audience, &algorithms).map_err(|cause| invalid(&cause))?;
    validator
        .leeway(command.leeway.unwrap_or(Duration::ZERO))
        .verify(token, &keys, time(command.now))
        .map_err(|rejection| refused(&rejection))
}

/// One key has exactly one algorithm, so the keys alone can say which are allowed.
fn algorithms_of(keys: &[VerifyingKey]) -> Vec<Algorithm> {
    let mut algorithms = Vec::new();
    for key in keys {
        if !algorithms.contains(&key.algorithm()) {
            algorithms.push(key.algorithm());
        }
    }
    algorithms
}

fn signature_only(command: &Verify, token: &str, keys: &[VerifyingKey]) -> Result<(), Failure> {
    let allowed =
        |key: &&VerifyingKey| command.algorithms.is_empty() || command.algorithms.contains(&key.algorithm());
    let mut verdict =
        Failure::verdict("token_unknown_key", "there is no key for the allowed algorithms".to_owned());
    for key in keys.iter().filter(allowed) {
        match dangerous::verify_signature_only(token, key) {
            Ok(payload) => {
                let mut stdout = std::io::stdout().lock();
                stdout.write_all(&payload)?;
                stdout.flush()?;
                return Ok(());
            }
            Err(rejection) => verdict = refused(&rejection),
        }
    }
    Err(verdict)
}
