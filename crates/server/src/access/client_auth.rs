use handstamp_api_types::ErrorCode;
use handstamp_core::flows::clients::{self, Assertion, AuthenticateError, AuthenticatedClient};
use http::{HeaderMap, header};

use crate::{AppState, problem::ApiError, rate_limit::Claim};

/// What a client that is refused may try instead.
pub(crate) const CHALLENGE: &str = "Basic realm=\"handstamp\", charset=\"UTF-8\"";

/// What a machine client presents: its id, and what proves that it is this client.
pub(crate) struct ClientCredentials {
    pub(crate) id: String,
    pub(crate) proof: PresentedProof,
}

/// What is to prove it.
pub(crate) enum PresentedProof {
    /// A secret.
    Secret(String),
    /// A JWT that the client has signed. Its `iss` says who; the id beside it is empty where none was sent.
    Assertion(String),
}

impl ClientCredentials {
    /// Reads HTTP Basic credentials ([RFC 6749 §2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
    pub(crate) fn basic(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = given.next() else { return Ok(None) };
        if given.next().is_some() {
            return Err(malformed());
        }
        let value = value.to_str().map_err(|_| malformed())?;
        let (scheme, encoded) = value.split_once(' ').ok_or_else(malformed)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(malformed());
        }
        let bytes = base64_simd::STANDARD.decode_to_vec(encoded.trim()).map_err(|_| malformed())?;
        let text = String::from_utf8(bytes).map_err(|_| malformed())?;
        let (id, secret) = text.split_once(':').ok_or_else(malformed)?;
        Ok(Some(Self { id: decoded(id), proof: PresentedProof::Secret(decoded(secret)) }))
    }

    /// Lets the client prove who it is.
    ///
    /// The right secret always passes: it is 256 random bits, which nobody finds by guessing, and a stranger must not be able to
    /// lock a machine out. So wrong ones are looked at as well, however many there are; they are counted for the one client alone, and
    /// past the limit the answer says when to come back, for the sake of a machine that is set up wrongly. The address is
    /// not charged: people may sign in from behind the same one.
    pub(crate) async fn authenticate(&self, state: &AppState) -> Result<AuthenticatedClient, ApiError> {
        let proved = match &self.proof {
            PresentedProof::Secret(secret) => clients::authenticate(state.core(), &self.id, secret).await,
            PresentedProof::Assertion(jwt) => self.authenticate_by(state, jwt).await,
        };
        match proved {
            Ok(client) => Ok(client),
            Err(AuthenticateError::Store(error)) => Err(error.into()),
            Err(_) => {
                state
                    .limits()
                    .failed(Claim::Client(&self.id), state.now())
                    .await
                    .map_err(|refused| state.rate_limited(refused))?;
                Err(ApiError::new(ErrorCode::InvalidCredentials).challenge(CHALLENGE))
            }
        }
    }
}

impl ClientCredentials {
    async fn authenticate_by(
        &self,
        state: &AppState,
        jwt: &str,
    ) -> Result<AuthenticatedClient, AuthenticateError> {
        let issuer = state.public_url().as_str();
        let endpoint = format!("{issuer}/oauth2/token");
        let assertion = Assertion {
            jwt,
            client_id: Some(self.id.as_str()).filter(|id| !id.is_empty()),
            audiences: &[issuer, &endpoint],
        };
        clients::authenticate_by_assertion(state.core(), assertion, state.now()).await
    }
}

fn malformed() -> ApiError {
    ApiError::new(ErrorCode::TokenMalformed)
        .detail("Send `Authorization: Basic` with the client's id and secret.")
        .challenge(CHALLENGE)
}

/// Both parts are form-urlencoded before they are joined.
fn decoded(part: &str) -> String {
    let form = format!("v={part}");
    url::form_urlencoded::parse(form.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
