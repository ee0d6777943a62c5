//! Whether a token would pass, check by check, in the order in which a service makes them.

use std::io::{self, Write};

use handstamp_token::{KeySet, NoClaims, Rejection, UnixTime, UnverifiedToken, Validator};
use serde::Serialize;

use crate::edge::fetch;
use crate::failure::Failure;
use crate::output::{self, Styled};

use super::issuer::Issuer;

/// The codes by which an issuer says that a token is over or out of date. Any other refusal is about something else.
const TAKEN_BACK: [&str; 3] = ["token_revoked", "token_stale", "session_ended"];

/// One thing a service looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Check {
    Form,
    Key,
    Algorithm,
    Type,
    Signature,
    Claims,
    Issuer,
    Audience,
    Time,
    Required,
    TakenBack,
}

impl Check {
    /// In the order in which they are made: the first that fails is the reason that a service gives.
    const ALL: [Self; 11] = [
        Self::Form,
        Self::Key,
        Self::Algorithm,
        Self::Type,
        Self::Signature,
        Self::Claims,
        Self::Issuer,
        Self::Audience,
        Self::Time,
        Self::Required,
        Self::TakenBack,
    ];

    fn question(self) -> &'static str {
        match self {
            Self::Form => "is it a signed token, well formed?",
            Self::Key => "does the issuer have the key it names?",
            Self::Algorithm => "is it signed as that key signs?",
            Self::Type => "is it an access token?",
            Self::Signature => "did that key sign it?",
            Self::Claims => "can its claims be read?",
            Self::Issuer => "is it from this issuer?",
            Self::Audience => "is it for you?",
            Self::Time => "is it in time?",
            Self::Required => "does it say all it has to?",
            Self::TakenBack => "does it still hold at the issuer?",
        }
    }

    /// Returns the check that a refusal comes from.
    fn of(rejection: &Rejection) -> Self {
        match rejection {
            Rejection::MissingKeyId { .. } | Rejection::UnknownKey { .. } => Self::Key,
            Rejection::Unsigned { .. }
            | Rejection::AlgorithmNotAllowed { .. }
            | Rejection::KeyAlgorithm { .. } => Self::Algorithm,
            Rejection::WrongType { .. } => Self::Type,
            Rejection::BadSignature => Self::Signature,
            Rejection::ClaimType { .. } | Rejection::Claims { .. } => Self::Claims,
            Rejection::WrongIssuer { .. } | Rejection::MissingClaim { claim: "iss" } => Self::Issuer,
            Rejection::WrongAudience { .. } | Rejection::MissingClaim { claim: "aud" } => Self::Audience,
            Rejection::Expired { .. } | Rejection::NotYetValid { .. } | Rejection::IssuedInFuture { .. } => {
                Self::Time
            }
            Rejection::MissingClaim { .. }
            | Rejection::ForbiddenClaim { .. }
            | Rejection::WrongValue { .. }
            | Rejection::LifetimeTooLong { .. }
            | Rejection::AuthTooOld { .. } => Self::Required,
            _ => Self::Form,
        }
    }
}

/// What came of the checks.
#[derive(Debug, Serialize)]
pub(super) struct Checks {
    would_pass: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_failure: Option<Check>,
    #[serde(rename = "checks")]
    made: Vec<Made>,
}

#[derive(Debug, Serialize)]
struct Made {
    check: Check,
    result: Answer,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Passed,
    Failed,
    /// One before it failed: a service would not have come this far.
    NotReached,
    /// There is nobody to ask.
    Unknown,
}

impl Checks {
    /// Makes every check that can be made. Whoever has no `audience` of their own is told for whom the token is.
    pub(super) fn make(
        token: &str,
        issuer: &Issuer,
        audience: Option<&str>,
        now: UnixTime,
    ) -> Result<Self, Failure> {
        let keys = KeySet::new(issuer.keys.clone())
            .map_err(|cause| Failure::because("the issuer's keys cannot be used together", &cause))?;
        let named = named_audience(token);
        // What names nobody is for nobody, and refused for that.
        let asked = audience.or(named.as_deref()).filter(|name| !name.is_empty()).unwrap_or("nobody");
        let validator = Validator::access_token(&issuer.name, asked, &issuer.algorithms())
            .map_err(|cause| Failure::because("the token cannot be checked", &cause))?;
        let refused = validator.verify::<NoClaims>(token, &keys, now).err();
        let mut checks = Self::up_to(refused.as_ref());
        if let (None, Some(named)) = (audience, &named) {
            checks.remark(Check::Audience, format!("it is for {named}; say who you are with --audience"));
        }
        if refused.is_none() {
            checks.ask(token, issuer);
        }
        Ok(checks)
    }

    /// Returns whether no check failed.
    pub(super) fn would_pass(&self) -> bool {
        self.would_pass
    }

    fn up_to(refused: Option<&Rejection>) -> Self {
        let failed = refused.map(Check::of);
        let made = |check: Check| {
            let (result, detail) = match failed {
                Some(failed) if check == failed => (Answer::Failed, refused.map(told)),
                Some(failed) if check > failed => (Answer::NotReached, None),
                None if check == Check::TakenBack => (Answer::Unknown, None),
                _ => (Answer::Passed, None),
            };
            Made { check, result, detail }
        };
        Self { would_pass: failed.is_none(), first_failure: failed, made: Check::ALL.map(made).into() }
    }

    /// Asks the issuer itself. The token is its own, and its signature was checked: nobody else is shown it.
    fn ask(&mut self, token: &str, issuer: &Issuer) {
        let address = format!("{}/auth/whoami", issuer.name.trim_end_matches('/'));
        let (answer, detail) = match fetch::status_with_token(&address, token) {
            Ok(told) if told.status.is_success() => {
                (Answer::Passed, "the issuer knows its session".to_owned())
            }
            Ok(told) if told.code().is_some_and(|code| TAKEN_BACK.contains(&code)) => {
                (Answer::Failed, format!("the issuer says: {}", told.reason()))
            }
            // It says who somebody is, to whom it may: a machine's token, or one that is for a service alone, is refused for that.
            Ok(told) if told.status == http::StatusCode::UNAUTHORIZED => {
                let told = told.reason();
                (
                    Answer::Unknown,
                    format!("the issuer says so only of people's tokens that are for it as well: {told}"),
                )
            }
            Ok(told) => (Answer::Unknown, format!("the issuer does not say: {}", told.status)),
            Err(failure) => (Answer::Unknown, format!("the issuer cannot be asked: {failure}")),
        };
        if answer == Answer::Failed {
            (self.would_pass, self.first_failure) = (false, Some(Check::TakenBack));
        }
        if let Some(made) = self.made.iter_mut().find(|made| made.check == Check::TakenBack) {
            (made.result, made.detail) = (answer, Some(detail));
        }
    }

    fn remark(&mut self, check: Check, detail: String) {
        let passed = self.made.iter_mut().find(|made| made.check == check && made.result == Answer::Passed);
        if let Some(made) = passed {
            made.detail = Some(detail);
        }
    }

    fn is_unknown(&self, check: Check) -> bool {
        self.made.iter().any(|made| made.check == check && made.result == Answer::Unknown)
    }

    /// Prints a line for each check.
    pub(super) fn print<W: Write>(&self, out: &mut Styled<W>) -> io::Result<()> {
        let verdict = match self.first_failure {
            None if self.is_unknown(Check::TakenBack) => {
                out.style.good("It would pass, unless it was taken back, which is not known")
            }
            None => out.style.good("It would pass"),
            Some(check) => out.style.bad(format!("It would be refused: {}", check.question())),
        };
        writeln!(out, "\n{verdict}")?;
        let widest = Check::ALL.iter().map(|check| check.question().len()).max().unwrap_or(0);
        for made in &self.made {
            let answer = match made.result {
                Answer::Passed => out.style.good("yes"),
                Answer::Failed => out.style.bad("no"),
                Answer::NotReached => out.style.dim("not reached"),
                Answer::Unknown => out.style.dim("unknown"),
            };
            let detail = made.detail.as_deref().map(|detail| output::printable(&format!(": {detail}")));
            let detail = out.style.dim(detail.unwrap_or_default());
            writeln!(out, "  {:widest$}  {answer}{detail}", made.check.question())?;
        }
        out.flush()
    }
}

fn told(rejection: &Rejection) -> String {
    format!("{rejection} ({})", rejection.code())
}

/// Returns the first audience that the token names, unverified.
fn named_audience(token: &str) -> Option<String> {
    UnverifiedToken::parse(token).ok()?;
    let claims = super::decode::unverified(token).ok()?.claims;
    let audience = claims.get("aud")?;
    let first = audience.as_array().and_then(|all| all.first()).unwrap_or(audience);
    first.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use handstamp_token::{Algorithm, KeyId, SigningKey, UnixTime};
    use serde_json::{Value, json};

    use super::{Answer, Check, Checks};
    use crate::commands::token::issuer::Issuer;
    use crate::output::{Style, Styled};

    const NOW: i64 = 1_760_000_000;

    fn key() -> SigningKey {
        SigningKey::generate(Algorithm::Es256).unwrap().with_key_id(KeyId::new("k1").unwrap())
    }

    fn checks(
        key: &SigningKey,
        typ: &str,
        change: impl FnOnce(&mut Value),
        audience: Option<&str>,
    ) -> Checks {
        let mut claims = json!({
            // Nobody listens there: whether the token still holds stays unknown.
            "iss": "http://127.0.0.1:1", "aud": "orders", "sub": "ann", "client_id": "web",
            "iat": NOW, "exp": NOW + 600, "jti": "j",
        });
        change(&mut claims);
        let issuer = Issuer { name: "http://127.0.0.1:1".to_owned(), keys: vec![key.verifying_key()] };
        let signed = key.sign(typ, &claims).unwrap();
        Checks::make(&signed, &issuer, audience, UnixTime::from_secs(NOW)).unwrap()
    }

    fn result(checks: &Checks, check: Check) -> Answer {
        checks.made.iter().find(|made| made.check == check).unwrap().result
    }

    #[test]
    fn the_first_check_that_fails_is_named_and_what_comes_after_is_not_reached() {
        let key = key();
        for (typ, change, failed) in [
            ("JWT", (|_: &mut Value| ()) as fn(&mut Value), Check::Type),
            ("at+jwt", |claims| claims["iss"] = json!("http://other"), Check::Issuer),
            ("at+jwt", |claims| claims["exp"] = json!(NOW - 900), Check::Time),
            ("at+jwt", |claims| drop(claims.as_object_mut().unwrap().remove("sub")), Check::Required),
        ] {
            let checks = checks(&key, typ, change, Some("orders"));

            assert_eq!((checks.would_pass, checks.first_failure), (false, Some(failed)));
            assert_eq!(result(&checks, Check::Form), Answer::Passed);
            assert_eq!(result(&checks, Check::TakenBack), Answer::NotReached);
        }
    }

    #[test]
    fn a_token_for_somebody_else_fails_at_its_audience() {
        let checks = checks(&key(), "at+jwt", |_| (), Some("profiles"));

        assert_eq!(checks.first_failure, Some(Check::Audience));
    }

    #[test]
    fn without_an_issuer_to_ask_it_is_unknown_whether_the_token_still_holds() {
        let checks = checks(&key(), "at+jwt", |_| (), None);

        assert!(checks.would_pass);
        assert_eq!(result(&checks, Check::TakenBack), Answer::Unknown);
        let mut printed = Vec::new();
        checks.print(&mut Styled::new(&mut printed, Style::Plain)).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        assert!(
            printed.contains("It would pass, unless it was taken back, which is not known\n"),
            "{printed}"
        );
        let audience = checks.made.iter().find(|made| made.check == Check::Audience).unwrap();
        assert!(audience.detail.as_deref().unwrap().contains("it is for orders"));
    }
}
