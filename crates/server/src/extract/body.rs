use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use handstamp_api_types::ErrorCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::discard;
use crate::{config::ServerConfig, problem::ApiError};

/// Reads a whole body that is no longer than the server takes, and text.
pub(super) async fn read_text(
    body: Body,
    headers: &HeaderMap,
    server: &ServerConfig,
) -> Result<String, ApiError> {
    // A compressed body would have to be unpacked before its size is known: nobody needs that for a sign-in.
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType)
            .detail("The body is compressed. Send it without Content-Encoding."));
    }
    let bytes = read(body, server).await?;
    String::from_utf8(bytes.into()).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        ApiError::new(ErrorCode::BodyMalformed)
            .detail(format!("The body is not UTF-8: byte {at} cannot be read."))
    })
}

async fn read(mut body: Body, server: &ServerConfig) -> Result<Bytes, ApiError> {
    match Limited::new(&mut body, server.max_body).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            discard(body, server.request_timeout).await;
            Err(too_large(server.max_body))
        }
        Err(_) => {
            Err(ApiError::new(ErrorCode::BodyMalformed).detail("The body ended before it was complete."))
        }
    }
}

/// Says how large a body may be.
pub(crate) fn too_large(limit: usize) -> ApiError {
    ApiError::new(ErrorCode::BodyTooLarge).detail(format!("At most {limit} bytes are taken here."))
}

/// Returns whether the content type is this one, whatever its parameters; UTF-8 is the only charset.
pub(crate) fn content_type_is(headers: &HeaderMap, wanted: &str) -> bool {
    let Some(given) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let mut parts = given.split(';').map(str::trim);
    let type_fits = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case(wanted));
    type_fits
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}
