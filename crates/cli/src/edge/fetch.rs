use std::fmt;
use std::time::Duration;

use http::StatusCode;
use url::{Host, Url};

use crate::failure::Failure;

/// A person waits: a server that takes longer than this is down for them.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A key set is a few kilobytes; this is where a wrong address stops.
const MAX_BODY: usize = 1024 * 1024;

/// Gets a document: https anywhere, plain http from this machine alone, no redirects.
pub(crate) fn get(address: &str, what: &str) -> Result<Vec<u8>, Failure> {
    get_up_to(address, what, MAX_BODY)
}

/// Gets a document that may have this many bytes.
pub(crate) fn get_up_to(address: &str, what: &str, limit: usize) -> Result<Vec<u8>, Failure> {
    let url = safe(address, format_args!("{what} over plain http can be replaced on the way"))?;
    super::runtime::block_on(get_limited(url, what, limit))
}

/// What a server says to a request, without its body.
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) www_authenticate: Option<String>,
    /// The `code` of a problem, where the body is one.
    code: Option<String>,
}

impl Told {
    /// Returns the `code` of a refusal that is a problem (RFC 9457).
    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Returns the status and, where there is one, the code of the refusal.
    pub(crate) fn reason(&self) -> String {
        match &self.code {
            Some(code) => format!("{} ({code})", self.status),
            None => self.status.to_string(),
        }
    }
}

/// Asks an address with a token: https anywhere, plain http on this machine alone, no redirects.
pub(crate) fn status_with_token(address: &str, token: &str) -> Result<Told, Failure> {
    status(address, Some(token))
}

/// Asks an address as somebody without a token.
pub(crate) fn status_without_token(address: &str) -> Result<Told, Failure> {
    status(address, None)
}

fn status(address: &str, token: Option<&str>) -> Result<Told, Failure> {
    let url = safe(address, format_args!("a token sent over plain http can be read on the way"))?;
    super::runtime::block_on(async {
        let failed = |cause: reqwest::Error| {
            Failure::because(format_args!("cannot ask {address}"), &cause.without_url())
        };
        let mut request = client(&url).map_err(failed)?.get(url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let mut reply = request.send().await.map_err(failed)?;
        let header = reply.headers().get(http::header::WWW_AUTHENTICATE);
        let www_authenticate = header.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let status = reply.status();
        // A refusal is short; what is let in may be a stream without an end.
        let body = if status.is_success() { None } else { reply.chunk().await.map_err(failed)? };
        let problem: Option<serde_json::Value> = body.and_then(|body| serde_json::from_slice(&body).ok());
        let code = problem.and_then(|problem| problem.get("code")?.as_str().map(str::to_owned));
        Ok(Told { status, www_authenticate, code })
    })
}

fn client(url: &Url) -> Result<reqwest::Client, reqwest::Error> {
    let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
    // What is asked of this machine goes to no other, whatever `HTTP_PROXY` says: it may be a token in plain text.
    if is_this_machine(url) { client.no_proxy() } else { client }.build()
}

/// Returns where to ask. `danger` says what plain http lets happen between machines.
fn safe(address: &str, danger: fmt::Arguments<'_>) -> Result<Url, Failure> {
    let url = Url::parse(address)
        .map_err(|cause| Failure::because(format_args!("{address} is not a URL"), &cause))?;
    if url.scheme() != "https" && !is_this_machine(&url) {
        return Err(Failure::new(format!("{danger}: use https for {address}")));
    }
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

async fn get_limited(url: Url, what: &str, limit: usize) -> Result<Vec<u8>, Failure> {
    let failed = |cause: &reqwest::Error| {
        Failure::because_at_root(format_args!("cannot get {what} from {url}"), cause)
    };
    let mut reply = client(&url)
        .map_err(|cause| failed(&cause))?
        .get(url.clone())
        .send()
        .await
        .map_err(|cause| failed(&cause))?;
    if !reply.status().is_success() {
        return Err(Failure::new(format!("cannot get {what}: {url} answers {}", reply.status())));
    }
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(|cause| failed(&cause))? {
        if body.len() + chunk.len() > limit {
            return Err(Failure::new(format!("cannot get {what}: {url} sends more than {limit} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for near in ["http://localhost:1/", "http://127.0.0.1/", "http://[::1]:8/"] {
            assert!(is_this_machine(&near.parse().unwrap()), "{near}");
        }
        for far in ["http://localhost.example/", "http://10.0.0.1/", "http://auth.example/"] {
            assert!(!is_this_machine(&far.parse().unwrap()), "{far}");
        }
    }
}
