use std::net::IpAddr;

use bytes::Bytes;
use handstamp_server::Peer;
use http::{HeaderName, HeaderValue, Method, Request, header};

use super::{Kit, Reply, by_https, exchange};

/// A request as a program sends it, with exactly the headers it was given.
pub(crate) struct Call<'a> {
    kit: &'a Kit,
    request: Request<Bytes>,
    from: Peer,
}

impl<'a> Call<'a> {
    pub(crate) fn new(kit: &'a Kit, method: Method, path: &str) -> Self {
        let request =
            Request::builder().method(method).uri(path).body(Bytes::new()).expect("a method and a path");
        Self { kit, request, from: by_https(IpAddr::from([203, 0, 113, 5])) }
    }

    /// Adds a header.
    pub(crate) fn header(
        mut self,
        name: &str,
        value: impl TryInto<HeaderValue, Error: std::fmt::Debug>,
    ) -> Self {
        let name = HeaderName::try_from(name).expect("a header name");
        self.request.headers_mut().append(name, value.try_into().expect("a header value"));
        self
    }

    /// Sets the body.
    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = body.into();
        self.header(header::CONTENT_TYPE.as_str(), content_type)
    }

    /// Sets a JSON body.
    pub(crate) fn json(self, body: &serde_json::Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sets a form body.
    pub(crate) fn form(self, body: &str) -> Self {
        self.body("application/x-www-form-urlencoded", body.to_owned())
    }

    /// Sends a token in the `Authorization` header.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header(header::AUTHORIZATION.as_str(), format!("Bearer {token}"))
    }

    /// Sends cookies.
    pub(crate) fn cookies(self, cookies: &str) -> Self {
        self.header(header::COOKIE.as_str(), cookies)
    }

    /// Says that a script of ours sends it.
    pub(crate) fn ours(self) -> Self {
        self.header("x-handstamp", "1")
    }

    /// Sends it from an address.
    pub(crate) fn from(mut self, address: &str) -> Self {
        self.from.address.set_ip(address.parse().expect("an address"));
        self
    }

    /// Sends it by plain http.
    pub(crate) fn plainly(mut self) -> Self {
        self.from.tls = false;
        self
    }

    /// Sends it.
    pub(crate) async fn send(self) -> Reply {
        // In the place of the publisher, which runs beside the service.
        self.kit.app.follow_revocations().await;
        self.send_at_once().await
    }

    /// Sends it, whether the revocation log was read to its end or not.
    pub(crate) async fn send_at_once(self) -> Reply {
        Reply(exchange(self.kit.router(), self.request, self.from).await)
    }
}
