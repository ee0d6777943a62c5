use std::time::Duration;

use clap::Args;
use handstamp_server::config::duration;
use handstamp_token::{Algorithm, Entropy, KeyId, RegisteredClaims, SystemEntropy, UnixTime};
use serde_json::{Map, Value, json};

use super::{algorithm, keys, time};
use crate::edge::input;
use crate::failure::Failure;
use crate::output;

/// What a token without `exp` and without `--expires-in` gets: a token that never expires is nobody's intention.
const DEFAULT_LIFETIME: Duration = Duration::from_mins(10);

/// Sign claims with a key of your own
///
/// Claims are signed as they are given. `iat`, `exp` and `jti` are added where they are missing. Claims that no verifier
/// would read are refused: a name that stands twice, a date that is none.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp token sign --key key.pem --claims claims.json
  echo '{\"iss\":\"i\",\"aud\":\"a\",\"sub\":\"ann\",\"client_id\":\"web\"}' |
      handstamp token sign --key key.jwk --expires-in \"2 days\" --claims -
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
      make a key for ES256")]
pub(super) struct Sign {
    /// The private key: a PEM file (PKCS#8, SEC 1, PKCS#1), a JWK or DER. Only a file: a secret has no place in a command line
    #[arg(long, value_name = "FILE")]
    key: String,

    /// The claims, one JSON object, or `-` to read them from standard input
    #[arg(long, value_name = "FILE|-")]
    claims: String,

    /// How long the token lives, such as `10m` or `2 days` (default where the claims have no `exp`: 10 minutes)
    #[arg(long, value_name = "DURATION", value_parser = lifetime)]
    expires_in: Option<Duration>,

    /// The algorithm (default: what the key is for; RS256 for RSA keys that do not say)
    #[arg(long, value_parser = algorithm)]
    alg: Option<Algorithm>,

    /// The `kid` of the header (default: the key's own, or its RFC 7638 thumbprint)
    #[arg(long)]
    kid: Option<String>,

    /// The `typ` of the header
    #[arg(long, default_value = "at+jwt")]
    typ: String,

    /// The time to sign at, in Unix seconds (default: the clock)
    #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
    now: Option<i64>,

    /// Print `{"token":…}` instead of the bare token
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Sign) -> Result<(), Failure> {
    if command.key == "-" && command.claims == "-" {
        return Err(Failure::usage("key and claims cannot both come from standard input"));
    }
    let mut key = keys::signing(&command.key, command.alg)?;
    if let Some(kid) = &command.kid {
        let kid =
            KeyId::new(kid.as_str()).map_err(|cause| Failure::because("--kid cannot be used", &cause))?;
        key = key.with_key_id(kid);
    }
    let claims = completed(claims(&command.claims)?, command.expires_in, time(command.now))?;
    let token = key
        .sign(&command.typ, &claims)
        .map_err(|cause| Failure::because("the claims cannot be signed", &cause))?;
    if command.json {
        return output::json(
            &json!({ "token": token, "alg": key.algorithm().name(), "kid": key.key_id().as_str() }),
        );
    }
    output::line(token)
}

fn claims(source: &str) -> Result<Map<String, Value>, Failure> {
    let bytes = input::read(source, "the claims")?;
    // Before the map is built, which would keep the last of two members and say nothing.
    readable(&bytes)?;
    serde_json::from_slice(&bytes)
        .map_err(|cause| Failure::because("the claims are not one JSON object", &cause))
}

fn readable(claims: &[u8]) -> Result<(), Failure> {
    RegisteredClaims::check_types(claims)
        .map_err(|cause| Failure::because("no verifier would read the claims", &cause))
}

/// Adds what every token needs and these claims lack.
fn completed(
    mut claims: Map<String, Value>,
    expires_in: Option<Duration>,
    now: UnixTime,
) -> Result<Map<String, Value>, Failure> {
    if expires_in.is_some() && claims.contains_key("exp") {
        return Err(Failure::new(
            "the claims have an `exp` already: leave it out, or leave out --expires-in",
        ));
    }
    claims.entry("iat").or_insert_with(|| now.as_secs().into());
    claims
        .entry("exp")
        .or_insert_with(|| now.saturating_add(expires_in.unwrap_or(DEFAULT_LIFETIME)).as_secs().into());
    claims.entry("jti").or_insert_with(|| token_id(&SystemEntropy).into());
    // Once more: --now and --expires-in may have led out of the calendar.
    readable(Value::from(claims.clone()).to_string().as_bytes())?;
    Ok(claims)
}

/// Parses `--expires-in`. Tokens count in seconds: one that lives for less is dead at once.
fn lifetime(text: &str) -> Result<Duration, String> {
    let lifetime = duration::parse(text).map_err(|cause| cause.to_string())?;
    if lifetime < Duration::from_secs(1) {
        return Err("a token lives for a second at least".to_owned());
    }
    Ok(lifetime)
}

fn token_id(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}
