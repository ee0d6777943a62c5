use std::time::Duration;

use url::{Host, Url};

use crate::failure::Failure;

/// A person waits: a server that takes longer than this is down for them.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A key set or an API description is a few kilobytes; this is where a wrong address stops.
const MAX_BODY: usize = 1024 * 1024;

/// Gets a document: https anywhere, plain http from this machine alone, no redirects.
pub(crate) fn get(address: &str, what: &str) -> Result<Vec<u8>, Failure> {
    let url = Url::parse(address)
        .map_err(|cause| Failure::because(format_args!("{address} is not a URL"), &cause))?;
    if url.scheme() != "https" && !is_this_machine(&url) {
        return Err(Failure::new(format!(
            "{what} over plain http can be replaced on the way: use https for {address}"
        )));
    }
    super::runtime::block_on(get_limited(url, what))
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

async fn get_limited(url: Url, what: &str) -> Result<Vec<u8>, Failure> {
    let failed = |cause: &reqwest::Error| Failure::because(format_args!("cannot get {what}"), cause);
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|cause| failed(&cause))?;
    let mut reply = client.get(url.clone()).send().await.map_err(|cause| failed(&cause))?;
    if !reply.status().is_success() {
        return Err(Failure::new(format!("cannot get {what}: {url} answers {}", reply.status())));
    }
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(|cause| failed(&cause))? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(Failure::new(format!("cannot get {what}: {url} sends more than {MAX_BODY} bytes")));
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
