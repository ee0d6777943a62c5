//! Sends the requests.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use futures_util::FutureExt as _;
use tower::ServiceExt as _;

use super::Attack;
use super::operations::{METHODS, Path, Rule};
use super::report::{Answer, Finding, Operation, Problem, Report};
use crate::InvalidToken;
use crate::recipe::{Mode, carried};

/// News of what was revoked may take so long in one attack, two seconds in all: far more than the feed takes.
const WAIT: Duration = Duration::from_millis(20);
const MOST_WAITS: usize = 100;

/// One operation, and what it is sent.
struct Target<'a> {
    operation: Operation,
    path: &'a Path,
    good: &'a str,
    bad: &'a [InvalidToken],
}

/// What came of a good token.
enum Control {
    /// It got in, so bad ones follow.
    LetIn,
    /// There is no such operation.
    Absent(Answer),
    /// It shows nothing.
    Problem(Problem),
}

impl Attack {
    /// Attacks, and returns what was found.
    pub async fn run(self) -> Report {
        let mut report = Report::default();
        for name in self.public.iter().chain(&self.asking) {
            if !self.paths.iter().any(|path| path.goes_by(name)) {
                report.problems.push(Problem::NoSuchPath { path: name.clone() });
            }
        }
        for path in &self.paths {
            let name = || path.pattern.clone();
            match (&path.rule, self.public.contains(&path.pattern)) {
                (Rule::Optional, true) | (Rule::Closed { .. } | Rule::Unknown, false) => {
                    self.attack_path(path, &mut report).await;
                }
                (_, true) => {}
                (Rule::Open | Rule::Optional, false) => report.problems.push(Problem::Open { path: name() }),
                (Rule::Undeclared, false) => report.problems.push(Problem::Undeclared { path: name() }),
            }
        }
        if report.requests == 0 && report.problems.is_empty() {
            report.problems.push(Problem::NothingAttacked);
        }
        report
    }

    async fn attack_path(&self, path: &Path, report: &mut Report) {
        let good = self.good_token(path);
        let bad = match self.issuer.invalid_tokens_like(&good) {
            Ok(bad) => bad,
            Err(problem) => {
                let (path, problem) = (path.pattern.clone(), problem.to_string());
                report.problems.push(Problem::NoToken { path, problem });
                return;
            }
        };
        let methods = path.method.as_ref().map_or(&METHODS[..], std::slice::from_ref);
        let mut problems = Vec::new();
        let mut answered = Vec::new();
        for method in methods {
            let operation = Operation { method: method.clone(), path: path.pattern.clone() };
            let name = operation.to_string();
            if is_among(&self.public, &operation) {
                answered.push(name);
                continue;
            }
            let target = Target { operation, path, good: &good, bad: &bad };
            match self.attack_operation(&target, report).await {
                Control::LetIn => {}
                // Which methods a path of a table has is only known now.
                Control::Absent(_) if path.method.is_none() => continue,
                Control::Absent(answer) => {
                    let operation = target.operation.to_string();
                    problems.push(Problem::NothingThere { operation, answer });
                }
                Control::Problem(problem) => problems.push(problem),
            }
            answered.push(name);
        }
        if answered.is_empty() {
            report.problems.push(Problem::NoSuchPath { path: path.pattern.clone() });
        } else if path.method.is_none() {
            let unanswered = self
                .asking
                .iter()
                .filter(|name| path.goes_by(name) && name.contains(' ') && !answered.contains(name));
            report.problems.extend(unanswered.map(|name| Problem::NoSuchPath { path: name.clone() }));
        }
        // Where all methods that there could be answer the same, it is one mistake.
        let is_same = problems.windows(2).all(|pair| pair[0].answer() == pair[1].answer());
        match problems.first().and_then(Problem::answer) {
            Some(answer) if is_same && problems.len() == METHODS.len() => {
                report.problems.push(Problem::GoodTokenRefused { operation: path.pattern.clone(), answer });
            }
            _ => report.problems.extend(problems),
        }
    }

    /// Sends the good token in each mode and, where it is let in, the bad ones after it, and the good one once more. Whether there is
    /// such an operation is for the first one to find out: what it is about may be gone when the second comes.
    async fn attack_operation(&self, target: &Target<'_>, report: &mut Report) -> Control {
        for (turn, mode) in self.modes.iter().enumerate() {
            match self.control(target, *mode, report).await {
                Control::LetIn => {}
                Control::Absent(_) if turn > 0 => {}
                shows_nothing => return shows_nothing,
            }
            self.attack_in_mode(target, *mode, report).await;
            if let Some(answer) = self.refusal_of_good(target, *mode, report).await {
                let operation = target.operation.to_string();
                return Control::Problem(Problem::GoodTokenRefusedAfter { operation, answer });
            }
        }
        Control::LetIn
    }

    /// Returns how the good token is refused after the bad ones, if it is. An app that refuses everybody by then, because it counts
    /// failures or has ended the session, has said nothing about them.
    async fn refusal_of_good(&self, target: &Target<'_>, mode: Mode, report: &mut Report) -> Option<Answer> {
        let headers = carried(target.good, mode, &self.cookie);
        let answer = self.send(&target.operation, &headers, None).await?;
        report.requests += 1;
        is_refusal(answer).then_some(answer)
    }

    async fn control(&self, target: &Target<'_>, mode: Mode, report: &mut Report) -> Control {
        let operation = target.operation.to_string();
        let headers = carried(target.good, mode, &self.cookie);
        let Some(answer) = self.send(&target.operation, &headers, None).await else {
            // Bad tokens could not be sent either, and what is not sent is not refused.
            return Control::Problem(Problem::Unsendable { operation });
        };
        report.requests += 1;
        match answer {
            Answer::Status(StatusCode::METHOD_NOT_ALLOWED) => Control::Absent(answer),
            // A path of a table is there: its guard let the token through, and its handler has nothing to show.
            Answer::Status(StatusCode::NOT_FOUND) if target.path.rule == Rule::Unknown => {
                Control::Absent(answer)
            }
            _ if is_refusal(answer) => Control::Problem(match mode {
                Mode::Bearer => Problem::GoodTokenRefused { operation, answer },
                Mode::Cookie => Problem::GoodCookieRefused { operation, cookie: self.cookie.clone(), answer },
            }),
            _ => Control::LetIn,
        }
    }

    async fn attack_in_mode(&self, target: &Target<'_>, mode: Mode, report: &mut Report) {
        let Target { operation, path, bad, .. } = target;
        let asks_for_rights = matches!(path.rule, Rule::Closed { all_ask: true, .. })
            || self.asking.contains(&operation.path)
            || is_among(&self.asking, operation);
        let is_safe =
            matches!(operation.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
        for bad in *bad {
            let case = bad.case();
            let applies = case.severity() >= self.at_least
                && case.is_for_mode(mode)
                && !(is_safe && case.is_for_unsafe_methods())
                && (asks_for_rights || !case.is_for_roles())
                && !(path.rule == Rule::Optional && case.is_without_credentials());
            if applies {
                self.attack_with(operation, mode, bad, report).await;
            }
        }
    }

    async fn attack_with(&self, operation: &Operation, mode: Mode, bad: &InvalidToken, report: &mut Report) {
        let headers = bad.headers(mode, &self.cookie);
        let query = bad.query(&self.cookie);
        let is_refused =
            |answer| matches!(answer, Answer::Status(status) if bad.case().is_refused_by(status.as_u16()));
        loop {
            // The good one can be sent. What no client can send does no harm; the recipe has nothing of the kind.
            let Some(answer) = self.send(operation, &headers, query.as_deref()).await else { return };
            report.requests += 1;
            if is_refused(answer) {
                return;
            }
            // A service that follows a feed hears of it in a moment, and perhaps on this very thread.
            if bad.case().class().name() == "revoked" && report.waits < MOST_WAITS {
                report.waits += 1;
                tokio::time::sleep(WAIT).await;
                continue;
            }
            report.add(Finding { operation: operation.clone(), mode, case: bad.case(), answer });
            return;
        }
    }

    /// Sends a request, and returns the answer. None where the headers cannot be sent.
    async fn send(
        &self,
        operation: &Operation,
        headers: &[(String, String)],
        query: Option<&str>,
    ) -> Option<Answer> {
        let path = self.filled(&operation.path);
        let joint = if path.contains('?') { '&' } else { '?' };
        let uri = query.map_or_else(|| path.clone(), |query| format!("{path}{joint}{query}"));
        let mut request = Request::builder().method(operation.method.clone()).uri(uri);
        for (name, value) in headers {
            let name = HeaderName::try_from(name).ok()?;
            request = request.header(name, HeaderValue::try_from(value).ok()?);
        }
        let key = (operation.method.to_string(), operation.path.clone());
        let body = match self.bodies.get(&key) {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let request = request.body(body).ok()?;
        let answer = AssertUnwindSafe(self.app.clone().oneshot(request)).catch_unwind().await;
        Some(match answer {
            Ok(Ok(response)) => Answer::Status(response.status()),
            Err(_) => Answer::Panic,
        })
    }

    fn good_token(&self, path: &Path) -> String {
        if let Some(token) = self.good_for.get(&path.pattern).or(self.good.as_ref()) {
            return token.clone();
        }
        let all = self.paths.iter().filter_map(|path| match &path.rule {
            Rule::Closed { roles, .. } => Some(roles),
            _ => None,
        });
        let roles: BTreeSet<&String> = all.flatten().collect();
        self.issuer.token().roles(roles.into_iter().cloned()).org("acme").mint()
    }

    /// Fills the parameters of a path: `{id}` and `{*rest}`.
    fn filled(&self, path: &str) -> String {
        let parts = path.split('/').map(|part| {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            match name.map(|name| name.trim_start_matches('*')) {
                Some(name) => self.values.get(name).map_or("1", String::as_str),
                None => part,
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// Returns whether a good token was refused: what is refused beside it shows nothing then.
fn is_refusal(answer: Answer) -> bool {
    matches!(answer, Answer::Status(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) | Answer::Panic)
}

/// `HEAD` is what `GET` is, so whoever names the latter names both.
fn is_among(named: &BTreeSet<String>, operation: &Operation) -> bool {
    let is_named = |operation: &Operation| named.contains(&operation.to_string());
    let get = Operation { method: Method::GET, ..operation.clone() };
    is_named(operation) || (operation.method == Method::HEAD && is_named(&get))
}
