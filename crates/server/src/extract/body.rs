use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use handstamp_api_types::ErrorCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::problem::ApiError;

/// Reads a whole body that is at most `limit` bytes long and text.
pub(super) async fn read_text(body: Body, headers: &HeaderMap, limit: usize) -> Result<String, ApiError> {
    // A compressed body would have to be unpacked before its size is known: nobody needs that for a sign-in.
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType)
            .detail("The body is compressed. Send it without Content-Encoding."));
    }
    let bytes = read(body, limit).await?;
    String::from_utf8(bytes.into()).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        ApiError::new(ErrorCode::BodyMalformed)
            .detail(format!("The body is not UTF-8: byte {at} cannot be read."))
    })
}

async fn read(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(ApiError::new(ErrorCode::BodyTooLarge)
                .detail(format!("At most {limit} bytes are taken here.")))
        }
        Err(_) => {
            Err(ApiError::new(ErrorCode::BodyMalformed).detail("The body ended before it was complete."))
        }
    }
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
