//! A token member by member, for people: what each means, and every time in UTC, in local time and in words.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::decode::Unverified;
use super::meaning;
use crate::edge::time_zone;
use crate::failure::Failure;
use crate::output::{self, Styled, words};

/// When and where somebody looks at a token.
pub(super) struct Moment {
    now: Timestamp,
    zone: TimeZone,
}

impl Moment {
    /// Returns the moment of `--now`, or of the clock, in the system's time zone.
    pub(super) fn of(now: Option<i64>) -> Result<Self, Failure> {
        let now = Timestamp::from_second(super::time(now).as_secs())
            .map_err(|cause| Failure::because("--now is out of range", &cause))?;
        Ok(Self { now, zone: time_zone::local() })
    }
}

/// A token in words; as JSON, what `token explain --json` prints beside its verdict.
#[derive(Debug, Serialize)]
pub(super) struct Explanation {
    /// Told by whoever has made the checks.
    #[serde(skip)]
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

impl Explanation {
    /// Explains a token that nobody has verified.
    pub(super) fn unverified(token: &Unverified, moment: &Moment) -> Self {
        Self {
            verified: false,
            state: state(&token.claims, moment.now),
            header: members(&token.header, moment, meaning::of_header),
            claims: members(&token.claims, moment, meaning::of_claim),
        }
    }

    /// Explains a token that has been verified, by its parts.
    pub(super) fn verified(token: &Unverified, moment: &Moment) -> Self {
        Self { verified: true, ..Self::unverified(token, moment) }
    }

    /// Prints what there is to say without anybody to ask, and then the members.
    pub(super) fn print<W: Write>(&self, out: &mut Styled<W>) -> io::Result<()> {
        writeln!(out, "{}\n", self.headline(out.style))?;
        self.print_members(out)
    }

    /// Prints one aligned line for each member, and leaves the verdict to somebody else.
    pub(super) fn print_members<W: Write>(&self, out: &mut Styled<W>) -> io::Result<()> {
        for (gap, title, members) in [("", "Header", &self.header), ("\n", "Claims", &self.claims)] {
            writeln!(out, "{gap}{}", out.style.bold(title))?;
            let widest = members.iter().map(|member| member.name.chars().count()).max().unwrap_or(0);
            for member in members {
                let name = output::printable(&member.name);
                let value = output::printable(&member.value.to_string());
                let explained = out.style.dim(member.explained());
                writeln!(out, "  {name:widest$}  {value}  {explained}")?;
            }
        }
        out.flush()
    }

    fn headline(&self, style: output::Style) -> String {
        if self.verified {
            // By the leeway that was granted, which may be beyond its `exp`.
            return style.good("Verified");
        }
        let state = match self.state {
            State::InTime => style.good("in time"),
            State::Expired => style.bad("expired"),
            State::NotYetValid => style.bad("not valid yet"),
            State::NeverExpires => style.bad("never expires"),
        };
        format!("{}; {state}", style.bold("Not verified"))
    }
}

impl Member {
    fn explained(&self) -> String {
        match &self.note {
            Some(note) if self.meaning.is_empty() => note.clone(),
            Some(note) => format!("{}: {note}", self.meaning),
            None => self.meaning.to_owned(),
        }
    }
}

fn members(object: &Value, moment: &Moment, meaning: fn(&str) -> &'static str) -> Vec<Member> {
    let Some(object) = object.as_object() else { return Vec::new() };
    let member = |(name, value): (&String, &Value)| Member {
        name: name.clone(),
        value: value.clone(),
        meaning: meaning(name),
        note: is_time(name).then(|| seconds(value)).flatten().and_then(|at| time_in_words(at, moment)),
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

fn time_in_words(at: i64, moment: &Moment) -> Option<String> {
    let at = Timestamp::from_second(at).ok()?;
    let here = at.to_zoned(moment.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
    let apart: SignedDuration = at.duration_since(moment.now);
    let words = words::length(apart);
    let relative = match apart.as_secs() {
        0 => "now".to_owned(),
        ..0 => format!("{words} ago"),
        1.. => format!("in {words}"),
    };
    Some(format!("{at}, {here} here, {relative}"))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::{self, TimeZone};
    use serde_json::json;

    use super::super::decode::Unverified;
    use super::{Explanation, Moment};
    use crate::output::{Style, Styled};

    fn printed(explain: fn(&Unverified, &Moment) -> Explanation) -> String {
        let token = Unverified {
            header: json!({ "alg": "ES256" }),
            claims: json!({ "exp": 1_760_000_600, "sub": "ann\u{1b}[31m" }),
        };
        let moment = Moment {
            now: Timestamp::from_second(1_760_000_030).unwrap(),
            zone: TimeZone::fixed(tz::offset(2)),
        };
        let mut printed = Vec::new();
        explain(&token, &moment).print(&mut Styled::new(&mut printed, Style::Plain)).unwrap();
        String::from_utf8(printed).unwrap()
    }

    #[test]
    fn a_time_is_told_in_utc_in_local_time_and_in_words() {
        let printed = printed(Explanation::unverified);

        assert_eq!(
            printed,
            "Not verified; in time\n\
             \n\
             Header\n  \
               alg  \"ES256\"  how it is signed\n\
             \n\
             Claims\n  \
               exp  1760000600  dead from then on: 2025-10-09T09:03:20Z, 2025-10-09 11:03:20 +02:00 here, in 9 min 30 s\n  \
               sub  \"ann\\u001b[31m\"  who it is about: the stable id\n"
        );
    }

    #[test]
    fn a_verified_token_is_told_as_one() {
        let printed = printed(Explanation::verified);

        assert!(printed.starts_with("Verified\n"), "{printed}");
        assert!(printed.contains("+02:00 here, in 9 min 30 s"), "{printed}");
    }
}
