//! How issuers are asked: directly, no redirects, bounded time and size, and errors that hold no secret.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{RequestBuilder, Response, redirect};
use zeroize::Zeroizing;

use super::SourceError;
use crate::wire::Resolver;

/// An issuer that takes longer is down for whoever waits for a report.
const PATIENCE: Duration = Duration::from_secs(10);

/// Keys and tokens are a few thousand bytes. Whoever sends more than this wants to fill our memory.
const MAX_BODY: usize = 1024 * 1024;

pub(super) fn client() -> Result<reqwest::Client, SourceError> {
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(redirect::Policy::none())
        // A password goes out and a private key comes back: that is between us and the issuer, whatever `HTTP_PROXY` says.
        .no_proxy()
        .dns_resolver(Arc::new(Resolver::new()))
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
    let problem: serde_json::Value = read(reply, "the refusal").await.unwrap_or_default();
    let code = problem.get("code").and_then(|code| code.as_str()).unwrap_or("no code");
    Err(SourceError::new(format!("the issuer answers {status} ({code}), {doing}")))
}

/// Reads the JSON of an answer.
pub(super) async fn read<T: serde::de::DeserializeOwned>(
    mut reply: Response,
    what: &str,
) -> Result<T, SourceError> {
    let failed =
        |cause: reqwest::Error| SourceError::because(format!("{what} cannot be read"), cause.without_url());
    // It may hold a private key, or a token.
    let mut body = Zeroizing::new(Vec::new());
    while let Some(part) = reply.chunk().await.map_err(failed)? {
        if body.len() + part.len() > MAX_BODY {
            return Err(SourceError::new(format!("{what} cannot be read: more than {MAX_BODY} bytes")));
        }
        body.extend_from_slice(&part);
    }
    serde_json::from_slice(&body)
        .map_err(|cause| SourceError::because(format!("{what} cannot be read"), cause))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use serde_json::Value;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::{MAX_BODY, answered, client, read};

    /// Answers one request with a JSON text of this many bytes, without saying beforehand how many they are.
    async fn issuer_that_sends(status: &'static str, bytes: usize) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut visitor, _) = listener.accept().await.unwrap();
            let _ = visitor.read(&mut [0; 2048]).await;
            let text = format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n\"{}\"", "x".repeat(bytes - 2));
            // Whoever has read enough closes the connection.
            let _ = visitor.write_all(text.as_bytes()).await;
        });
        format!("http://{address}/")
    }

    #[tokio::test]
    async fn an_answer_is_read_up_to_the_limit_and_not_beyond() {
        for (bytes, is_read) in [(MAX_BODY, true), (MAX_BODY + 1, false)] {
            let url = issuer_that_sends("200 OK", bytes).await;
            let reply = answered(client().unwrap().get(url), "asked").await.unwrap();

            let text = read::<Value>(reply, "its keys").await;

            assert_eq!(text.is_ok(), is_read, "{bytes}");
            let said = text.err().map(|error| error.to_string());
            assert!(said.is_none_or(|said| said == "its keys cannot be read: more than 1048576 bytes"));
        }
    }

    #[tokio::test]
    async fn a_refusal_is_read_up_to_the_limit_too() {
        let url = issuer_that_sends("500 Internal Server Error", MAX_BODY * 4).await;

        let error = answered(client().unwrap().get(url), "asked").await.unwrap_err();

        assert_eq!(error.to_string(), "the issuer answers 500 Internal Server Error (no code), asked");
    }

    #[tokio::test]
    async fn an_issuer_below_localhost_is_this_machine() {
        let url = issuer_that_sends("200 OK", 8).await.replace("127.0.0.1", "auth.acme.localhost");

        let reply = answered(client().unwrap().get(url), "asked").await.unwrap();

        assert_eq!(read::<Value>(reply, "its keys").await.unwrap(), "xxxxxx");
    }

    #[test]
    fn a_proxy_that_the_environment_names_is_not_asked() {
        // Nobody listens there, so whatever goes through it fails. A process is told of it only as it starts.
        let nowhere = "http://127.0.0.1:9";
        let again = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "source::http::tests::an_answer_is_read_up_to_the_limit_and_not_beyond"])
            .envs([("HTTP_PROXY", nowhere), ("http_proxy", nowhere), ("ALL_PROXY", nowhere)])
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .output()
            .unwrap();

        let said = String::from_utf8_lossy(&again.stdout);
        assert!(again.status.success() && said.contains("1 passed"), "{said}");
    }
}
