use bytes::Bytes;
use http::Response;
use serde_json::Value;

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply(pub(crate) Response<Bytes>);

impl Reply {
    /// Returns the status.
    pub(crate) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    /// Checks the status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.0.status(), status, "{}", String::from_utf8_lossy(self.0.body()));
        self
    }

    /// Checks that it is a problem with this code, in the one form that problems have.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        let reply = self.expect(status);
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert_eq!(reply.header("cache-control"), "no-store");
        let body = reply.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status);
        assert_eq!(body["request_id"], reply.header("x-request-id"));
        let says_when = !reply.header("retry-after").is_empty();
        assert!(status != 503 || says_when, "whoever is told \"not now\" is told when: {body}");
        reply
    }

    /// Returns a header, empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.0.headers().get(name).map(|value| value.to_str().expect("headers are text")).unwrap_or_default()
    }

    /// Returns the `Set-Cookie` lines.
    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.0
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|line| line.to_str().expect("cookies are text"))
            .collect()
    }

    /// Returns the body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.0.body()).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Returns the body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.0.body()).into_owned()
    }

    /// Returns the pointers of a refused body.
    pub(crate) fn pointers(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["pointer"].as_str().unwrap_or_default().to_owned()).collect()
    }
}
