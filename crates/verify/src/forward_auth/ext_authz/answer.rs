use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tonic::Code;

use super::messages::{
    CheckResponse, DeniedHttpResponse, HeaderAppendAction, HeaderValue, HeaderValueOption, HttpResponse,
    HttpStatus, OkHttpResponse, RpcStatus,
};

/// Lets pass, with these headers in the place of the client's. Envoy leaves out a header without a value, and the client's would stay: such
/// headers are removed instead.
pub(super) fn passed(headers: &HeaderMap) -> CheckResponse {
    let empty = headers.iter().filter(|(_, value)| value.is_empty());
    let headers_to_remove = empty.map(|(name, _)| name.as_str().to_owned()).collect();
    let headers = options(headers)
        .filter(|option| option.header.as_ref().is_some_and(|header| !header.value.is_empty()));
    let ok = OkHttpResponse { headers: headers.collect(), headers_to_remove };
    reply(Code::Ok, HttpResponse::Ok(ok))
}

/// Refuses with the whole reply that a client of ours would have got. Envoy passes it on.
pub(super) fn refused(response: &http::Response<Bytes>) -> CheckResponse {
    let code = match response.status() {
        StatusCode::UNAUTHORIZED | StatusCode::SEE_OTHER => Code::Unauthenticated,
        StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        _ => Code::PermissionDenied,
    };
    let denied = DeniedHttpResponse {
        status: Some(HttpStatus { code: response.status().as_u16().into() }),
        headers: options(response.headers()).collect(),
        // Problems are JSON, which is UTF-8.
        body: String::from_utf8_lossy(response.body()).into_owned(),
    };
    reply(code, HttpResponse::Denied(denied))
}

fn reply(code: Code, http_response: HttpResponse) -> CheckResponse {
    let status = RpcStatus { code: code.into() };
    CheckResponse { status: Some(status), http_response: Some(http_response) }
}

fn options(headers: &HeaderMap) -> impl Iterator<Item = HeaderValueOption> {
    headers.iter().map(|(name, value)| {
        let key = name.as_str().to_owned();
        // All of ours are ASCII.
        let value = value.to_str().unwrap_or_default().to_owned();
        HeaderValueOption {
            header: Some(HeaderValue { key, value, raw_value: Vec::new() }),
            // The default would add ours behind what the client has made up.
            append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
        }
    })
}
