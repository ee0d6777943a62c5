use std::sync::Arc;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};

/// Sends whoever speaks plain HTTP to where TLS is spoken.
#[derive(Debug, Clone)]
pub(crate) struct Redirect {
    /// An origin: scheme, host and port. The `Host` of a request says nothing about where to go.
    origin: Arc<str>,
}

impl Redirect {
    pub(crate) fn to(origin: &str) -> Self {
        Self { origin: origin.trim_end_matches('/').into() }
    }

    /// Answers a request; the reply has no body, and is the last one of its connection.
    ///
    /// What was sent along with a request has been read by everybody on the way already. To repeat it over TLS would hide
    /// that: only requests that carry nothing are sent on.
    pub(crate) fn answer<A, B: Default>(&self, request: &Request<A>) -> Response<B> {
        let mut reply = Response::new(B::default());
        let headers = reply.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let location = HeaderValue::try_from(format!("{}{path}", self.origin));
        let carries_nothing = matches!(*request.method(), Method::GET | Method::HEAD);
        *reply.status_mut() = match location {
            Ok(location) if carries_nothing && path.starts_with('/') => {
                reply.headers_mut().insert(header::LOCATION, location);
                StatusCode::PERMANENT_REDIRECT
            }
            _ => StatusCode::FORBIDDEN,
        };
        reply
    }
}

#[cfg(test)]
mod tests {
    use http::{Method, Request, Response, header};

    use super::Redirect;

    fn answer(method: Method, target: &str) -> Response<()> {
        let request = Request::builder().method(method).uri(target).header("host", "evil.example").body(());
        Redirect::to("https://auth.example.org").answer(&request.unwrap())
    }

    #[test]
    fn who_reads_is_sent_to_the_same_path() {
        for method in [Method::GET, Method::HEAD] {
            let reply = answer(method, "/auth/sign-in?return_to=%2F");

            assert_eq!(reply.status(), 308);
            assert_eq!(
                reply.headers()[header::LOCATION],
                "https://auth.example.org/auth/sign-in?return_to=%2F"
            );
        }
    }

    #[test]
    fn who_sends_something_is_refused() {
        let reply = answer(Method::POST, "/auth/sign-in");

        assert_eq!(reply.status(), 403);
        assert!(!reply.headers().contains_key(header::LOCATION));
    }

    #[test]
    fn nobody_chooses_another_host() {
        assert_eq!(
            answer(Method::GET, "http://evil.example/x").headers()[header::LOCATION],
            "https://auth.example.org/x"
        );
        assert_eq!(
            answer(Method::GET, "//evil.example/x").headers()[header::LOCATION],
            "https://auth.example.org//evil.example/x"
        );
        assert_eq!(answer(Method::OPTIONS, "*").status(), 403);
    }
}
