//! What proxies are told, each in its own way of asking.

mod demands;
mod envoy;
mod passed;
mod refusals;
mod sign_in;

use bytes::Bytes;
use handstamp_verify::Verifier;
use handstamp_verify::csrf::AllowedOrigins;
use handstamp_verify::forward_auth::{ForwardAuth, Passed, Question, Refused};
use http::request::Parts;
use http::{Request, Response};

use crate::support::{HandClock, KEY, ada, builder, key_set, signed};

const APP: &str = "https://app.example";
const PAGE: &str = "https://app.example/auth/sign-in";

fn verifier() -> Verifier {
    let origins = AllowedOrigins::new([APP, "https://shop.example"]).unwrap();
    builder(&HandClock::new()).allowed_origins(origins).build_with_keys(key_set(&[&KEY])).unwrap()
}

fn forward_auth() -> ForwardAuth {
    ForwardAuth::new(verifier()).sign_in_page(PAGE, None)
}

fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let request = Request::builder().method(method).uri(uri);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(()).unwrap().into_parts().0
}

/// What Caddy and Traefik say of a request to `https://app.example`.
fn forwarded<'h>(
    method: &'h str,
    target: &'h str,
    headers: &[(&'h str, &'h str)],
) -> Vec<(&'h str, &'h str)> {
    let said = [
        ("x-forwarded-method", method),
        ("x-forwarded-uri", target),
        ("x-forwarded-host", "app.example"),
        ("x-forwarded-proto", "https"),
    ];
    [&said, headers].concat()
}

async fn ask(query: &str, headers: &[(&str, &str)]) -> Result<Passed, Refused> {
    let parts = request("GET", &format!("/auth/check{query}"), headers);
    forward_auth().check(&Question::of_proxy(&parts)).await
}

/// Asks with ada's token in the header.
async fn ask_as_ada(query: &str, headers: &[(&str, &str)]) -> Result<Passed, Refused> {
    let bearer = format!("Bearer {}", signed(ada()));
    ask(query, &[&[("authorization", bearer.as_str())], headers].concat()).await
}

fn ada_cookie() -> String {
    format!("__Host-Http-at={}", signed(ada()))
}

/// The status and the code of a refusal.
fn code(answer: Result<Passed, Refused>) -> (u16, String) {
    let response = refusal(answer);
    let code = response.headers()["x-handstamp-code"].to_str().unwrap().to_owned();
    (response.status().as_u16(), code)
}

fn refusal(answer: Result<Passed, Refused>) -> Response<Bytes> {
    answer.map(|passed| passed.headers()).expect_err("a refusal").response()
}

fn detail(answer: Result<Passed, Refused>) -> String {
    let problem: serde_json::Value = serde_json::from_slice(refusal(answer).body()).unwrap();
    problem["detail"].as_str().unwrap_or_default().to_owned()
}
