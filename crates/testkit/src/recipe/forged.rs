use super::case::Mode;
use super::steps::Carry;

/// A bad token, ready to be sent. Or a good one that is sent in a bad way.
#[derive(Clone)]
pub struct Forged {
    token: String,
    good: String,
    carry: Option<Carry>,
}

impl Forged {
    pub(super) fn new(token: String, good: String, carry: Option<Carry>) -> Self {
        Self { token, good, carry }
    }

    /// Returns the token. Where the case is about how it is sent, this is a good one.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Returns whether the case is about how the token is sent, so that the token alone shows nothing.
    pub fn has_own_carriage(&self) -> bool {
        self.carry.is_some()
    }

    /// Returns the headers that carry it. `cookie` is the name of the service's cookie.
    ///
    /// A value may have bytes that an HTTP library refuses to send: then there is nothing to test.
    pub fn headers(&self, mode: Mode, cookie: &str) -> Vec<(String, String)> {
        match (&self.carry, mode) {
            (Some(carry), _) => {
                let headers = carry.headers.iter();
                headers.map(|(name, value)| (name.clone(), self.filled(value, cookie))).collect()
            }
            (None, mode) => carried(&self.token, mode, cookie),
        }
    }

    /// Returns what goes into the query, if anything does: `access_token=…`.
    pub fn query(&self, cookie: &str) -> Option<String> {
        let query = self.carry.as_ref()?.query.as_ref()?;
        Some(self.filled(query, cookie))
    }

    fn filled(&self, template: &str, cookie: &str) -> String {
        template.replace("{token}", &self.token).replace("{good}", &self.good).replace("{cookie}", cookie)
    }
}

/// Returns the headers with which clients of a mode carry a token.
pub(crate) fn carried(token: &str, mode: Mode, cookie: &str) -> Vec<(String, String)> {
    match mode {
        Mode::Bearer => vec![("authorization".to_owned(), format!("Bearer {token}"))],
        // As a page of the service's own sends it: what is refused is the token, not where the request came from.
        Mode::Cookie => vec![
            ("cookie".to_owned(), format!("{cookie}={token}")),
            ("sec-fetch-site".to_owned(), "same-origin".to_owned()),
        ],
    }
}

/// The token may be a good one.
impl std::fmt::Debug for Forged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forged")
            .field("token", &"[redacted]")
            .field("carry", &self.carry)
            .finish_non_exhaustive()
    }
}
