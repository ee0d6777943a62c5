use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use handstamp_api_types::ErrorCode;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::{ServiceError, json};

/// An order is a few lines of text: what is longer is a mistake, or meant to hurt.
const MAX_BODY: usize = 16 * 1024;
/// How much of a refused body is taken off the wire, and for how long. Many clients read the refusal only after they have sent
/// everything: with the connection closed under them they would see a broken pipe instead.
const MOST_DISCARDED: usize = 8 * 1024 * 1024;
const LONGEST_DISCARDING: Duration = Duration::from_secs(5);

/// A JSON body. What is wrong with it is told in the form of every other error.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ServiceError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ServiceError> {
        let (head, body) = request.into_parts();
        if !is_json(&head.headers) {
            return Err(refused(ErrorCode::UnsupportedMediaType, "Send the body as application/json."));
        }
        json::parse(&read(body, MAX_BODY).await?).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Reads a whole body, unless it is longer than this.
pub(crate) async fn read(mut body: Body, most: usize) -> Result<Bytes, ServiceError> {
    match Limited::new(&mut body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            discard(body).await;
            Err(refused(ErrorCode::BodyTooLarge, format!("At most {most} bytes are taken here.")))
        }
        Err(_) => Err(refused(ErrorCode::BodyMalformed, "The body ended before it was complete.")),
    }
}

async fn discard(body: Body) {
    let mut body = Limited::new(body, MOST_DISCARDED);
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    // Slow or broken, the refusal is the same.
    let _ = tokio::time::timeout(LONGEST_DISCARDING, rest).await;
}

fn refused(code: ErrorCode, detail: impl Into<String>) -> ServiceError {
    ServiceError::Refused { code, detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::post;
    use serde::de::IgnoredAny;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::JsonBody;

    #[tokio::test]
    async fn who_sends_a_whole_mebibyte_first_can_still_read_the_refusal() {
        let routes = Router::new().route("/", post(async |_: JsonBody<IgnoredAny>| "taken"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let service = tokio::spawn(async { axum::serve(listener, routes).await });
        let body = vec![b' '; 1024 * 1024];
        let head = format!(
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(address).await.expect("it listens");

        stream.write_all(head.as_bytes()).await.expect("the head is taken");
        stream.write_all(&body).await.expect("the body is taken off the wire");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.expect("the refusal can be read to its end");

        assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
        assert!(reply.contains("body_too_large"), "{reply}");
        service.abort();
    }
}
