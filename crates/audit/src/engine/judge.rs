use handstamp_testkit::recipe::{Case, Severity};
use http::StatusCode;

use super::attempt::{Attempt, Expected};
use super::shown::Shown;
use crate::report::{Finding, Outcome, Received, Sent, Veil};
use crate::wire::{Answer, Reply};

/// Judges one answer to one attempt. `shown` is what is no secret although it comes with 200.
pub(crate) fn judge(attempt: &Attempt, answer: &Answer, shown: &Shown, veil: &Veil) -> Outcome {
    let reply = match answer {
        Answer::Reply(reply) => reply,
        Answer::Unsendable => return Outcome::NotTried { because: "no HTTP client can send it".to_owned() },
        Answer::Late => return Outcome::NotTried { because: answer.in_words() },
        // A server may hang up on what is larger than any header it reads; that it still serves others is seen by the control.
        Answer::Cut if attempt.rule.starts_with("size/") => {
            return Outcome::Refused { with: answer.in_words() };
        }
        Answer::Cut | Answer::Silent | Answer::Nobody => return found(attempt, Mistake::Crash, answer, veil),
    };
    let status = reply.status;
    if let Expected::Unless(is_wrong) = attempt.expected {
        return match (is_wrong(&attempt.shot, reply), is_crash(reply)) {
            (true, _) => found(attempt, Mistake::LetIn, answer, veil),
            (false, true) => found(attempt, Mistake::Crash, answer, veil),
            (false, false) if reply.asks_for_patience() => impatient(answer),
            (false, false) => Outcome::Refused { with: answer.in_words() },
        };
    }
    if status.is_success() && shown.contains(reply, &attempt.shot.target) {
        return Outcome::Refused { with: format!("{status}, what everybody is shown") };
    }
    if status.is_success() {
        return found(attempt, Mistake::LetIn, answer, veil);
    }
    if reply.asks_for_patience() {
        return impatient(answer);
    }
    // Whoever could not find out about an unknown key may say 503.
    let is_foreseen =
        matches!(attempt.expected, Expected::Recipe(case) if case.is_refused_by(status.as_u16()));
    if is_crash(reply) && !is_foreseen {
        return found(attempt, Mistake::Crash, answer, veil);
    }
    if !fits(attempt.expected, status) {
        return found(attempt, Mistake::Status, answer, veil);
    }
    Outcome::Refused { with: answer.in_words() }
}

fn impatient(answer: &Answer) -> Outcome {
    Outcome::Inconclusive { because: format!("the service asked for patience: {}", answer.in_words()) }
}

/// Not implemented, or a version that is not spoken, is a refusal; so is being asked to come back later.
fn is_crash(reply: &Reply) -> bool {
    let is_refusal =
        matches!(reply.status, StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED);
    reply.status.is_server_error() && !is_refusal && !reply.asks_for_patience()
}

/// Returns whether a refusal is the one that the standards ask for.
fn fits(expected: Expected, status: StatusCode) -> bool {
    match expected {
        // A browser is shown the way to the sign-in page.
        Expected::Recipe(case) => case.is_refused_by(status.as_u16()) || is_way_to_sign_in(case, status),
        Expected::Forbidden => matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND),
        Expected::AnyRefusal | Expected::Unless(_) => true,
    }
}

fn is_way_to_sign_in(case: &Case, status: StatusCode) -> bool {
    status.is_redirection() && case.status() == StatusCode::UNAUTHORIZED.as_u16()
}

#[derive(Clone, Copy)]
enum Mistake {
    LetIn,
    Crash,
    Status,
}

fn found(attempt: &Attempt, mistake: Mistake, answer: &Answer, veil: &Veil) -> Outcome {
    let status = answer.in_words();
    let (rule, severity, title, why, fix) = match mistake {
        Mistake::LetIn => (
            attempt.rule.clone(),
            attempt.severity,
            attempt.complaint.clone(),
            attempt.why.clone(),
            attempt.fix.clone(),
        ),
        Mistake::Crash => (
            format!("crash/{}", attempt.rule),
            Severity::Medium,
            format!("breaks on: {} ({status})", attempt.title),
            "Whoever can break a service with one request can do so as often as they like, and an error that nobody \
             foresaw may leave work half done."
                .to_owned(),
            "Answer what cannot be understood with 401 or 400. Catch the error where the token is read.".to_owned(),
        ),
        Mistake::Status => (
            format!("status/{}", attempt.rule),
            Severity::Note,
            format!("refuses with {status}: {}", attempt.title),
            "Clients tell by the status what to do: 401 to sign in again, 403 to give up. Another status may also mean that \
             the request was read before anybody asked who sends it."
                .to_owned(),
            "Check the token before anything else, and answer 401 with WWW-Authenticate (RFC 6750 §3), or 403 where \
             rights are missing."
                .to_owned(),
        ),
    };
    let veil = veil.over(attempt.forged.as_deref());
    Outcome::Finding(Box::new(Finding {
        rule,
        severity,
        title,
        why,
        fix,
        sent: Sent::of(&attempt.shot, &veil),
        received: Received::of(answer, &veil),
    }))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use handstamp_testkit::recipe::{Recipe, Severity};
    use http::{HeaderMap, Method, StatusCode};

    use super::judge;
    use crate::engine::attempt::{Attempt, Expected};
    use crate::engine::shown::Shown;
    use crate::report::{Outcome, Veil};
    use crate::wire::{Answer, Reply, Shot};

    fn attempt(expected: Expected) -> Attempt {
        Attempt {
            rule: "class/case".to_owned(),
            severity: Severity::High,
            title: "a bad token".to_owned(),
            complaint: "lets in: a bad token".to_owned(),
            why: String::new(),
            fix: String::new(),
            shot: Shot {
                method: Method::GET,
                target: "/".to_owned(),
                headers: HeaderMap::new(),
                body: Bytes::new(),
            },
            forged: None,
            expected,
        }
    }

    fn reply(status: u16, headers: &[(&'static str, &str)]) -> Answer {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let status = StatusCode::from_u16(status).unwrap();
        Answer::Reply(Reply { status, headers, body: Bytes::from_static(b"x") })
    }

    fn rule(expected: Expected, answer: &Answer) -> Option<(String, Severity)> {
        match judge(&attempt(expected), answer, &Shown::default(), &Veil::default()) {
            Outcome::Finding(finding) => Some((finding.rule, finding.severity)),
            _ => None,
        }
    }

    #[test]
    fn every_success_is_a_finding() {
        for status in [200, 201, 204, 206] {
            let found = rule(Expected::AnyRefusal, &reply(status, &[])).unwrap();
            assert_eq!(found, ("class/case".to_owned(), Severity::High), "{status}");
        }
    }

    #[test]
    fn so_is_a_crash() {
        for answer in [reply(500, &[]), reply(503, &[]), Answer::Cut, Answer::Silent, Answer::Nobody] {
            let found = rule(Expected::AnyRefusal, &answer).unwrap();
            assert_eq!(found, ("crash/class/case".to_owned(), Severity::Medium), "{answer:?}");
        }
        assert_eq!(rule(Expected::AnyRefusal, &reply(501, &[])), None);
    }

    #[test]
    fn a_service_that_cannot_find_out_about_an_unknown_key_is_not_broken() {
        let expected = |name| Expected::Recipe(Recipe::built_in().case(name).unwrap());

        assert_eq!(rule(expected("key-selection/unknown"), &reply(503, &[])), None);
        let found = rule(expected("signature/flipped"), &reply(503, &[])).unwrap();
        assert_eq!(found.0, "crash/class/case");
    }

    #[test]
    fn a_refusal_of_another_kind_is_a_note() {
        assert_eq!(rule(Expected::Forbidden, &reply(403, &[])), None);
        assert_eq!(rule(Expected::Forbidden, &reply(404, &[])), None);
        let found = rule(Expected::Forbidden, &reply(422, &[])).unwrap();
        assert_eq!(found, ("status/class/case".to_owned(), Severity::Note));
    }

    #[test]
    fn a_service_that_asks_for_patience_has_said_nothing() {
        let never = Expected::Unless(|_, _| false);
        for (expected, answer) in [Expected::AnyRefusal, never].into_iter().flat_map(|expected| {
            [(expected, reply(429, &[])), (expected, reply(503, &[("retry-after", "9")]))]
        }) {
            let judged = judge(&attempt(expected), &answer, &Shown::default(), &Veil::default());
            assert!(matches!(judged, Outcome::Inconclusive { .. }), "{judged:?}");
        }
    }

    #[test]
    fn no_answer_before_the_run_was_over_is_no_crash() {
        let judged =
            judge(&attempt(Expected::AnyRefusal), &Answer::Late, &Shown::default(), &Veil::default());

        assert!(matches!(judged, Outcome::NotTried { .. }), "{judged:?}");
    }

    #[test]
    fn what_everybody_is_shown_lets_nobody_in() {
        let Answer::Reply(shell) = reply(200, &[("content-type", "text/html")]) else { panic!("a reply") };
        let attempt = attempt(Expected::AnyRefusal);
        let mut shown = Shown::default();
        shown.add(&shell, "/nothing");
        let judged = |reply| judge(&attempt, &Answer::Reply(reply), &shown, &Veil::default());

        assert!(matches!(judged(shell.clone()), Outcome::Refused { .. }));
        let made = Reply { status: StatusCode::CREATED, ..shell.clone() };
        assert!(matches!(judged(made), Outcome::Finding(_)));
        let other = Reply { body: Bytes::from_static(b"orders"), ..shell };
        assert!(matches!(judged(other), Outcome::Finding(_)));
    }
}
