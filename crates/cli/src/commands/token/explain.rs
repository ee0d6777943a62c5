use std::io::Write;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::decode::{Unverified, unverified};
use super::time;
use crate::edge::input;
use crate::failure::Failure;
use crate::output::{self, OutputArgs, words};

/// Say in words what a token claims, unverified
///
/// Names every header member and claim, turns times into dates and says whether the token is young, expired or not
/// valid yet. Nothing is verified: anybody could have written what this explains.
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

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Explanation {
    verified: bool,
    state: State,
    header: Vec<Member>,
    claims: Vec<Member>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    InTime,
    Expired,
    NotYetValid,
    NeverExpires,
}

#[derive(Debug, Serialize)]
struct Member {
    name: String,
    value: Value,
    meaning: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

pub(super) fn run(command: &Explain) -> Result<(), Failure> {
    let token = input::token(&command.token)?;
    if token.starts_with("hsr_") {
        return Err(Failure::new(
            "this is a refresh token: opaque to everybody but the auth service, which takes it at POST /auth/refresh",
        ));
    }
    let now = Timestamp::from_second(time(command.now).as_secs())
        .map_err(|cause| Failure::because("--now is out of range", &cause))?;
    let explanation = explain(&unverified(&token)?, now);
    if command.output.json { output::json(&explanation) } else { print(&explanation) }
}

fn explain(token: &Unverified, now: Timestamp) -> Explanation {
    Explanation {
        verified: false,
        state: state(&token.claims, now),
        header: members(&token.header, now, header_meaning),
        claims: members(&token.claims, now, claim_meaning),
    }
}

fn members(object: &Value, now: Timestamp, meaning: fn(&str) -> &'static str) -> Vec<Member> {
    let Some(object) = object.as_object() else { return Vec::new() };
    let member = |(name, value): (&String, &Value)| Member {
        name: name.clone(),
        value: value.clone(),
        meaning: meaning(name),
        note: is_time(name).then(|| seconds(value)).flatten().and_then(|at| moment(at, now)),
    };
    object.iter().map(member).collect()
}

fn state(claims: &Value, now: Timestamp) -> State {
    let at = |name: &str| claims.get(name).and_then(seconds);
    match (at("nbf"), at("exp")) {
        (Some(nbf), _) if nbf > now.as_second() => State::NotYetValid,
        (_, Some(exp)) if exp <= now.as_second() => State::Expired,
        (_, Some(_)) => State::InTime,
        (_, None) => State::NeverExpires,
    }
}

fn is_time(name: &str) -> bool {
    matches!(name, "exp" | "nbf" | "iat" | "auth_time" | "updated_at")
}

/// A `NumericDate` may have a fraction (RFC 7519 §2); whole seconds are enough to explain it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a saturating cast: what is out of range is told as out of range"
)]
fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
}

fn moment(at: i64, now: Timestamp) -> Option<String> {
    let at = Timestamp::from_second(at).ok()?;
    let apart: SignedDuration = at.duration_since(now);
    let words = words::length(apart);
    Some(match apart.as_secs() {
        0 => format!("{at}, now"),
        ..0 => format!("{at}, {words} ago"),
        1.. => format!("{at}, in {words}"),
    })
}

fn header_meaning(name: &str) -> &'static str {
    match name {
        "alg" => "how it is signed",
        "kid" => "which key signed it",
        "typ" => "what kind of token it is",
        "cty" => "what kind of payload it carries",
        "crit" => "what a verifier must understand or refuse",
        "jku" | "jwk" | "x5u" | "x5c" => "a key the token brings itself: never to be trusted",
        "x5t" | "x5t#S256" => "which certificate signed it",
        "b64" => "whether the payload is base64url-encoded",
        _ => "",
    }
}

fn claim_meaning(name: &str) -> &'static str {
    match name {
        "iss" => "who issued it",
        "sub" => "who it is about: the stable id",
        "aud" => "who may accept it",
        "exp" => "dead from then on",
        "nbf" => "not valid before",
        "iat" => "when it was issued",
        "jti" => "the token's own id",
        "client_id" => "which client it was issued to",
        "sid" => "which session it belongs to",
        "auth_time" => "when the user last proved who they are",
        "amr" => "how they proved it",
        "acr" => "how strong the proof was",
        "preferred_username" => "the user name, for show",
        "email" => "the e-mail address",
        "roles" => "system-wide roles",
        "org_id" => "the organisation whose data it opens",
        "scope" => "what the client may do",
        "rev" => "how much of the revocation log was known when it was issued",
        _ => "",
    }
}

fn print(explanation: &Explanation) -> Result<(), Failure> {
    let mut out = output::stdout();
    let style = out.style;
    let verdict = match explanation.state {
        State::InTime => style.good("in time"),
        State::Expired => style.bad("expired"),
        State::NotYetValid => style.bad("not valid yet"),
        State::NeverExpires => style.bad("never expires"),
    };
    writeln!(out, "{}; {verdict}", style.bold("Not verified"))?;
    for (title, members) in [("Header", &explanation.header), ("Claims", &explanation.claims)] {
        writeln!(out, "\n{}", style.bold(title))?;
        let widest = members.iter().map(|member| member.name.chars().count()).max().unwrap_or(0);
        for member in members {
            let explained = match &member.note {
                Some(note) if member.meaning.is_empty() => note.clone(),
                Some(note) => format!("{}: {note}", member.meaning),
                None => member.meaning.to_owned(),
            };
            let name = output::printable(&member.name);
            let value = output::printable(&member.value.to_string());
            writeln!(out, "  {name:widest$}  {value}  {}", style.dim(explained))?;
        }
    }
    Ok(())
}
