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
use crate::recipe::Mode;

/// News of what was revoked may take so long in one attack, two seconds in all: far more than the feed takes.
const WAIT: Duration = Duration::from_millis(20);
const MOST_WAITS: usize = 100;

impl Attack {
    /// Attacks, and returns what was found.
    pub async fn run(self) -> Report {
        let mut report = Report::default();
        for name in &self.public {
            let path = name.split_once(' ').map_or(name.as_str(), |(_, path)| path);
            if !self.paths.iter().any(|known| known.pattern == path) {
                report.problems.push(Problem::NoSuchPath { path: name.clone() });
            }
        }
        for path in self.paths.iter().filter(|path| !self.public.contains(&path.pattern)) {
            match path.rule {
                Rule::Open => report.problems.push(Problem::Open { path: path.pattern.clone() }),
                Rule::Undeclared => report.problems.push(Problem::Undeclared { path: path.pattern.clone() }),
                Rule::Closed { .. } | Rule::Unknown => self.attack_path(path, &mut report).await,
            }
        }
        report
    }

    async fn attack_path(&self, path: &Path, report: &mut Report) {
        let good = self.good_token(path);
        let methods = path.method.as_ref().map_or(&METHODS[..], std::slice::from_ref);
        let mut refused = Vec::new();
        let mut answered = false;
        for method in methods {
            let operation = Operation { method: method.clone(), path: path.pattern.clone() };
            if self.public.contains(&operation.to_string()) {
                answered = true;
                continue;
            }
            let control = self.send(&operation, &bearer(&good), None).await;
            report.requests += 1;
            match control {
                Some(Answer::Status(StatusCode::METHOD_NOT_ALLOWED)) => continue,
                Some(
                    answer @ (Answer::Status(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
                    | Answer::Panic),
                ) => {
                    refused.push(Problem::GoodTokenRefused { operation: operation.to_string(), answer });
                }
                Some(Answer::Status(_)) => {
                    self.attack_operation(&operation, path, &good, report).await;
                }
                // Bad tokens could not be sent either, and what is not sent is not refused.
                None => report.problems.push(Problem::Unsendable { operation: operation.to_string() }),
            }
            answered = true;
        }
        if !answered {
            report.problems.push(Problem::NoSuchPath { path: path.pattern.clone() });
        }
        // Where all methods that there could be answer the same, it is one mistake.
        let is_same = refused.windows(2).all(|pair| pair[0].answer() == pair[1].answer());
        match refused.first().and_then(Problem::answer) {
            Some(answer) if is_same && refused.len() == METHODS.len() => {
                report.problems.push(Problem::GoodTokenRefused { operation: path.pattern.clone(), answer });
            }
            _ => report.problems.extend(refused),
        }
    }

    async fn attack_operation(&self, operation: &Operation, path: &Path, good: &str, report: &mut Report) {
        let Ok(bad) = self.issuer.invalid_tokens_like(good) else {
            let problem = "the good token is no token".to_owned();
            report.problems.push(Problem::NoToken { operation: operation.to_string(), problem });
            return;
        };
        // A service that takes no cookies refuses the good one too.
        let cookie = [
            ("cookie".to_owned(), format!("{}={good}", self.cookie)),
            ("sec-fetch-site".to_owned(), "same-origin".to_owned()),
        ];
        let refused = Some(Answer::Status(StatusCode::UNAUTHORIZED));
        let takes_cookies = self.send(operation, &cookie, None).await != refused;
        report.requests += 1;
        let modes: &[Mode] = if takes_cookies { &[Mode::Bearer, Mode::Cookie] } else { &[Mode::Bearer] };
        let asks_for_role = matches!(path.rule, Rule::Closed { all_ask: true, .. });
        let is_unsafe = !matches!(operation.method, Method::GET | Method::HEAD | Method::OPTIONS);
        for mode in modes {
            for bad in &bad {
                let case = bad.case();
                let applies = case.severity() >= self.at_least
                    && case.is_for_mode(*mode)
                    && (is_unsafe || !case.is_for_unsafe_methods())
                    && (asks_for_role || !case.is_for_roles());
                if applies {
                    self.attack_with(operation, *mode, bad, report).await;
                }
            }
        }
    }

    async fn attack_with(&self, operation: &Operation, mode: Mode, bad: &InvalidToken, report: &mut Report) {
        let headers = bad.headers(mode, &self.cookie);
        let query = bad.query(&self.cookie);
        let is_refused =
            |answer| matches!(answer, Answer::Status(status) if bad.case().is_refused_by(status.as_u16()));
        loop {
            // What cannot be sent can do no harm.
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
            report.findings.push(Finding { operation: operation.clone(), mode, case: bad.case(), answer });
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
        let uri = query.map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
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

fn bearer(token: &str) -> [(String, String); 1] {
    [("authorization".to_owned(), format!("Bearer {token}"))]
}
