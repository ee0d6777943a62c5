//! What Traefik does with the example's configuration. Debian has no package of it, so this plays its part: it asks with the
//! headers that Traefik's `forwardAuth` sends, and treats the answer as that does.

use std::path::Path;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response};

use super::front::{Front, fetch};

fn start(variables: &[(&str, &str)]) -> Front {
    Front::behind_traefik(variables)
}

super::rules_hold!(start);

#[tokio::test]
async fn an_expired_token_does_not_pass() {
    super::rules::an_expired_token_does_not_pass(&start(&super::rules::SHORT)).await;
}

/// The parts of `dynamic.yaml` that matter here.
pub(crate) struct Traefik {
    /// What stands under `address:`, by the name of the middleware.
    middlewares: Vec<(String, String)>,
    response_headers: Vec<HeaderName>,
    auth: String,
    service: String,
    host: String,
}

impl Traefik {
    pub(super) fn read(configuration: &Path, ports: [u16; 4]) -> Self {
        let text = std::fs::read_to_string(configuration).expect("the example's configuration");
        let (mut middlewares, mut name) = (Vec::new(), "");
        for line in text.lines() {
            // A name of something stands two levels in.
            if let Some(key) = line.strip_prefix("    ").and_then(|line| line.strip_suffix(':'))
                && !key.starts_with(' ')
            {
                name = key;
            }
            if let Some(address) = line.trim().strip_prefix("address: ") {
                middlewares.push((name.to_owned(), address.to_owned()));
            }
        }
        let items = text.lines().skip_while(|line| !line.contains("authResponseHeaders: &identity")).skip(1);
        let items = items.map_while(|line| line.trim().strip_prefix("- "));
        Self {
            middlewares,
            response_headers: items.map(|name| name.parse().expect("a header's name")).collect(),
            auth: format!("http://127.0.0.1:{}", ports[1]),
            service: format!("http://127.0.0.1:{}", ports[3]),
            host: format!("localhost:{}", ports[0]),
        }
    }

    /// Treats a request as the routers of the example do.
    pub(super) async fn pass(
        &self,
        method: &Method,
        target: &str,
        mut headers: HeaderMap,
        body: String,
    ) -> Response<String> {
        headers.insert(header::HOST, self.host.parse().expect("a host"));
        if target.starts_with("/auth/") && !target.starts_with("/auth/check") {
            return fetch(method, &format!("{}{target}", self.auth), headers, body).await;
        }
        let middleware = match target {
            _ if target.starts_with("/admin") => "admins",
            _ if target.starts_with("/orgs") => "own-organisation",
            _ => "signed-in",
        };
        let (_, address) =
            self.middlewares.iter().find(|(name, _)| name == middleware).expect("a middleware of this name");
        let answer =
            fetch(&Method::GET, address, self.question(method, target, &headers), String::new()).await;
        if !answer.status().is_success() {
            return answer;
        }
        for name in &self.response_headers {
            headers.remove(name);
            for value in answer.headers().get_all(name) {
                headers.append(name, value.clone());
            }
        }
        fetch(method, &format!("{}{target}", self.service), headers, body).await
    }

    /// All headers of the request but those of its connection, and what Traefik says of it itself: with `trustForwardHeader` off,
    /// in the place of what the client has said.
    fn question(&self, method: &Method, target: &str, headers: &HeaderMap) -> HeaderMap {
        let mut question = headers.clone();
        for name in
            [header::CONNECTION, header::TE, header::TRAILER, header::TRANSFER_ENCODING, header::UPGRADE]
        {
            question.remove(name);
        }
        question.remove(header::CONTENT_LENGTH);
        let says = [
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-method", method.as_str()),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", &self.host),
            ("x-forwarded-uri", target),
        ];
        for (name, value) in says {
            question.insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"));
        }
        question
    }
}
