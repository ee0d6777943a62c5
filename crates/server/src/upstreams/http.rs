use std::time::Duration;

use base64_simd::STANDARD;
use bytes::BytesMut;
use futures_util::future::BoxFuture;
use http::StatusCode;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use tokio::sync::Semaphore;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

/// How many bytes an answer may have. Metadata has a few kilobytes, a token answer with everything in it has a few dozen.
const LARGEST_ANSWER: usize = 256 * 1024;

/// How many requests to one upstream may wait at once. One that hangs keeps no more of ours than that.
const MOST_AT_ONCE: usize = 64;

/// Asks one upstream, within limits: no redirects, bounded time, bounded size, bounded number.
#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    slots: Semaphore,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("too many requests wait for it already")]
    Busy,
    #[error("no answer from {url}")]
    Transport {
        url: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("{url} answered {status}")]
    Status { url: String, status: StatusCode },
    #[error("{url} answered with a redirect ({status}), which is never followed")]
    Redirect { url: String, status: StatusCode },
    #[error("{url} answered more than {LARGEST_ANSWER} bytes")]
    TooLarge { url: String },
    #[error("{url} answered with the media type {media_type:?} instead of JSON")]
    NotJson { url: String, media_type: String },
    #[error("the request could not be written")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl HttpError {
    /// Returns whether the upstream is away or overloaded, so that a later try may do.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Busy | Self::Transport { .. } => true,
            Self::Status { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Redirect { .. } | Self::TooLarge { .. } | Self::NotJson { .. } | Self::Request(_) => false,
        }
    }
}

impl Http {
    pub(crate) fn new(timeout: Duration) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout)
            // A redirect would let whoever answers choose whom we send codes and tokens to.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("handstamp/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, slots: Semaphore::new(MOST_AT_ONCE) })
    }

    /// Fetches a JSON document, with an access token where one is asked for.
    pub(crate) async fn json(&self, url: &Url, bearer: Option<&str>) -> Result<Vec<u8>, HttpError> {
        let request = http::Request::get(url.as_str()).header(http::header::ACCEPT, "application/json");
        let request = match bearer {
            Some(token) => {
                let mut value = http::HeaderValue::try_from(format!("Bearer {token}"))
                    .map_err(|error| HttpError::Request(error.into()))?;
                value.set_sensitive(true);
                request.header(http::header::AUTHORIZATION, value)
            }
            None => request,
        };
        let request = request.body(Vec::new()).map_err(|error| HttpError::Request(error.into()))?;
        self.ask(url, request).await
    }

    /// Posts a form and takes the JSON that is answered, with a client's id and secret in the header where they are given.
    pub(crate) async fn post_form(
        &self,
        url: &Url,
        form: &[(&'static str, String)],
        basic: Option<(&str, &str)>,
    ) -> Result<Vec<u8>, HttpError> {
        let body =
            Zeroizing::new(form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish());
        let mut request = http::Request::post(url.as_str())
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some((id, secret)) = basic {
            request = request.header(http::header::AUTHORIZATION, basic_header(id, secret)?);
        }
        let request =
            request.body(body.as_bytes().to_vec()).map_err(|error| HttpError::Request(error.into()))?;
        self.ask(url, request).await
    }

    async fn ask(&self, url: &Url, request: HttpRequest) -> Result<Vec<u8>, HttpError> {
        let answer = self.send(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(HttpError::Status { url: shown(url), status: answer.status() });
        }
        let media_type = answer.headers().get(http::header::CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !is_json(media_type) {
            let media_type = media_type.chars().take(80).collect();
            return Err(HttpError::NotJson { url: shown(url), media_type });
        }
        Ok(answer.into_body())
    }

    /// Sends a request to an address that may be asked. An error of the server is an error here; a refusal is an answer.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let _slot = self.slots.try_acquire().map_err(|_| HttpError::Busy)?;
        let request =
            reqwest::Request::try_from(request).map_err(|error| HttpError::Request(error.into()))?;
        let url = shown(request.url());
        let transport =
            |source: reqwest::Error| HttpError::Transport { url: url.clone(), source: source.without_url() };
        let mut answer = self.client.execute(request).await.map_err(transport)?;
        let status = answer.status();
        if status.is_redirection() {
            return Err(HttpError::Redirect { url, status });
        }
        if status.is_server_error() {
            return Err(HttpError::Status { url, status });
        }
        if answer.content_length().is_some_and(|length| length > LARGEST_ANSWER as u64) {
            return Err(HttpError::TooLarge { url });
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(transport)? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(HttpError::TooLarge { url });
            }
            body.extend_from_slice(&chunk);
        }
        let mut plain = http::Response::new(body.to_vec());
        *plain.status_mut() = status;
        *plain.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(plain)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = BoxFuture<'c, Result<HttpResponse, HttpError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Returns the header of a client with a secret. Both are encoded as in a form first
/// ([RFC 6749 §2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
fn basic_header(id: &str, secret: &str) -> Result<http::HeaderValue, HttpError> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encoded(id), encoded(secret)));
    let header = Zeroizing::new(format!("Basic {}", STANDARD.encode_to_string(pair.as_bytes())));
    let mut value =
        http::HeaderValue::try_from(header.as_str()).map_err(|error| HttpError::Request(error.into()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Returns the address without its query, for the log.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}
