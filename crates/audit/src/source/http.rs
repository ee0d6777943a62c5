//! How issuers are asked: no redirects, bounded time, and errors that hold no secret.

use std::time::Duration;

use reqwest::{RequestBuilder, Response, redirect};

use super::SourceError;

/// An issuer that takes longer is down for whoever waits for a report.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn client() -> Result<reqwest::Client, SourceError> {
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(redirect::Policy::none())
        .build()
        .map_err(|cause| SourceError::because("no HTTP client can be made", cause))
}

/// Sends a request and returns the answer if it is a success.
pub(super) async fn answered(asked: RequestBuilder, doing: &str) -> Result<Response, SourceError> {
    let failed = |cause: reqwest::Error| {
        SourceError::because(format!("the issuer does not answer, {doing}"), cause.without_url())
    };
    let reply = asked.send().await.map_err(failed)?;
    let status = reply.status();
    if status.is_success() {
        return Ok(reply);
    }
    let problem: serde_json::Value = reply.json().await.unwrap_or_default();
    let code = problem.get("code").and_then(|code| code.as_str()).unwrap_or("no code");
    Err(SourceError::new(format!("the issuer answers {status} ({code}), {doing}")))
}

/// Reads the JSON of an answer.
pub(super) async fn read<T: serde::de::DeserializeOwned>(
    reply: Response,
    what: &str,
) -> Result<T, SourceError> {
    let failed =
        |cause: reqwest::Error| SourceError::because(format!("{what} cannot be read"), cause.without_url());
    reply.json().await.map_err(failed)
}
