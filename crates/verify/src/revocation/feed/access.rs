use std::fmt;

use zeroize::Zeroizing;

/// How the service shows the auth service who it is.
#[derive(Clone, Debug)]
pub enum FeedAccess {
    /// Not at all: the feed is open on a private network.
    Open,
    /// As a registered client with the scope `revocations`.
    Client {
        /// The client's id.
        id: String,
        /// Its secret.
        secret: ClientSecret,
    },
}

/// The secret of a registered client.
#[derive(Clone)]
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// Creates a secret from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Adds the credentials to a request. Both parts are form-encoded first (RFC 6749 §2.3.1).
    pub(crate) fn authenticate(&self, id: &str, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let secret = Zeroizing::new(form_encoded(&self.0));
        request.basic_auth(form_encoded(id), Some(&*secret))
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret([redacted])")
    }
}

impl FeedAccess {
    /// Adds the credentials to a request.
    pub(super) fn authenticate(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match self {
            Self::Open => request,
            Self::Client { id, secret } => secret.authenticate(id, request),
        }
    }
}

fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        let access = FeedAccess::Client { id: "orders".to_owned(), secret: ClientSecret::new("hunter2") };

        assert!(!format!("{access:?}").contains("hunter2"));
    }

    #[test]
    fn a_colon_in_the_id_cannot_move_the_border_to_the_secret() {
        assert_eq!(form_encoded("a:b c"), "a%3Ab+c");
    }
}
