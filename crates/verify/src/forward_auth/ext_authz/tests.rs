//! Envoy's side of the conversation, over the real framing.

use std::collections::HashMap;
use std::time::Duration;

use handstamp_token::{Algorithm, KeySet, SigningKey, SystemEntropy, TokenBuilder};
use tonic::client::Grpc;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::messages::{
    AttributeContext, AttributeRequest, CheckRequest, CheckResponse, DeniedHttpResponse, HeaderMap,
    HeaderValue, HeaderValueOption, HttpRequest, HttpResponse, OkHttpResponse,
};
use super::{CHECK, ExtAuthz};
use crate::forward_auth::ForwardAuth;
use crate::{Clock as _, SystemClock, Verifier, csrf::AllowedOrigins};

struct Kit {
    service: ExtAuthz<ForwardAuth>,
    token: String,
}

impl Kit {
    fn new() -> Self {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let verifier = Verifier::builder("https://auth.example")
            .audience("app")
            .algorithms(&[Algorithm::Es256])
            .allowed_origins(AllowedOrigins::new(["https://app.example"]).unwrap())
            .without_revocations()
            .build_with_keys(KeySet::new([key.verifying_key()]).unwrap())
            .unwrap();
        let token = TokenBuilder::access_token("https://auth.example", "app")
            .subject("ada")
            .lifetime(Duration::from_mins(10))
            .claim("roles", ["buyer"])
            .sign(&key, SystemClock.now(), &SystemEntropy)
            .unwrap();
        let forward_auth = ForwardAuth::new(verifier).sign_in_page("https://app.example/auth/sign-in", None);
        Self { service: ExtAuthz::new(forward_auth), token: token.into_string() }
    }

    fn cookie(&self) -> String {
        format!("__Host-Http-at={}", self.token)
    }

    async fn ask(&self, request: CheckRequest) -> Result<CheckResponse, Status> {
        self.call(CHECK, request).await
    }

    async fn call(&self, path: &'static str, request: CheckRequest) -> Result<CheckResponse, Status> {
        let codec = ProstCodec::<CheckRequest, CheckResponse>::default();
        let mut client = Grpc::new(self.service.clone());
        let path = http::uri::PathAndQuery::from_static(path);
        client.unary(Request::new(request), path, codec).await.map(tonic::Response::into_inner)
    }
}

fn http(method: &str, path: &str, headers: &[(&str, &str)]) -> HttpRequest {
    HttpRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        host: "app.example".to_owned(),
        scheme: "https".to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        header_map: None,
    }
}

fn about(http: HttpRequest, demanded: &[(&str, &str)]) -> CheckRequest {
    let demanded = demanded.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    CheckRequest {
        attributes: Some(AttributeContext {
            request: Some(AttributeRequest { http: Some(http) }),
            context_extensions: demanded.collect::<HashMap<_, _>>(),
        }),
    }
}

fn status(response: &CheckResponse) -> Code {
    Code::from(response.status.as_ref().unwrap().code)
}

fn passed(response: CheckResponse) -> OkHttpResponse {
    assert_eq!(status(&response), Code::Ok);
    match response.http_response {
        Some(HttpResponse::Ok(ok)) => ok,
        other => panic!("{other:?}"),
    }
}

fn denied(response: CheckResponse) -> (i32, DeniedHttpResponse) {
    assert_ne!(status(&response), Code::Ok);
    match response.http_response {
        Some(HttpResponse::Denied(denied)) => (denied.status.as_ref().unwrap().code, denied),
        other => panic!("{other:?}"),
    }
}

fn header<'a>(headers: &'a [HeaderValueOption], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .filter_map(|option| option.header.as_ref())
        .find(|header| header.key == name)
        .map(|header| header.value.as_str())
}

#[tokio::test]
async fn whoever_passes_does_so_with_our_headers_in_the_place_of_their_own() {
    let kit = Kit::new();
    let cookie = kit.cookie();

    let answer = kit.ask(about(http("GET", "/orders", &[("cookie", &cookie)]), &[])).await.unwrap();

    let ok = passed(answer);
    assert_eq!(header(&ok.headers, "x-handstamp-user"), Some("ada"));
    assert_eq!(header(&ok.headers, "x-handstamp-roles"), Some("buyer"));
    assert_eq!(header(&ok.headers, "authorization"), Some(format!("Bearer {}", kit.token).as_str()));
    // 2 overwrites: the default would add ours behind the client's.
    assert!(ok.headers.iter().all(|option| option.append_action == 2));
    // Envoy leaves out what has no value: the client's would stay.
    for name in ["x-handstamp-org", "x-handstamp-email", "x-handstamp-username", "x-handstamp-session"] {
        assert!(ok.headers_to_remove.contains(&name.to_owned()), "{name}");
    }
}

#[tokio::test]
async fn a_refusal_is_the_whole_reply() {
    let kit = Kit::new();
    let headers = [("origin", "https://app.example"), ("sec-fetch-mode", "cors")];

    let answer = kit.ask(about(http("GET", "/orders", &headers), &[])).await.unwrap();

    assert_eq!(status(&answer), Code::Unauthenticated);
    let (status, denied) = denied(answer);
    assert_eq!(status, 401);
    assert_eq!(header(&denied.headers, "www-authenticate"), Some("Bearer"));
    assert_eq!(header(&denied.headers, "access-control-allow-origin"), Some("https://app.example"));
    assert!(denied.body.contains("\"token_missing\""), "{}", denied.body);
}

#[tokio::test]
async fn people_are_sent_to_sign_in_and_back() {
    let kit = Kit::new();
    let question = http("GET", "/orders?page=2", &[("sec-fetch-mode", "navigate")]);

    let (status, denied) = denied(kit.ask(about(question, &[])).await.unwrap());

    assert_eq!(status, 303);
    let way_back = "https%3A%2F%2Fapp.example%2Forders%3Fpage%3D2";
    assert_eq!(
        header(&denied.headers, "location"),
        Some(format!("https://app.example/auth/sign-in?return_to={way_back}").as_str())
    );
}

#[tokio::test]
async fn a_route_demands_by_its_context_extensions() {
    let kit = Kit::new();
    let bearer = format!("Bearer {}", kit.token);
    let ask = async |demanded: &[(&str, &str)]| {
        kit.ask(about(http("GET", "/orders", &[("authorization", &bearer)]), demanded)).await.unwrap()
    };

    passed(ask(&[("role", "admin,buyer")]).await);
    let lacking = ask(&[("role", "admin")]).await;
    assert_eq!(status(&lacking), Code::PermissionDenied);
    assert_eq!(denied(lacking).0, 403);
    assert_eq!(denied(ask(&[("org", "acme")]).await).0, 403);
    // A misspelt one must not let everybody in.
    assert_eq!(denied(ask(&[("rol", "admin")]).await).0, 422);
}

#[tokio::test]
async fn a_forged_request_is_refused() {
    let kit = Kit::new();
    let cookie = kit.cookie();
    let foreign =
        [("cookie", cookie.as_str()), ("sec-fetch-site", "cross-site"), ("x-forwarded-method", "GET")];

    assert_eq!(denied(kit.ask(about(http("POST", "/orders", &foreign), &[])).await.unwrap()).0, 403);
    passed(kit.ask(about(http("GET", "/orders", &foreign), &[])).await.unwrap());
}

/// Envoy joins the values of one name.
#[tokio::test]
async fn two_credentials_in_one_header_are_none() {
    let kit = Kit::new();
    let bearers = format!("Bearer {0},Bearer {0}", kit.token);
    let cookies = format!("{0},{0}", kit.cookie());

    for (name, value) in [("authorization", &bearers), ("cookie", &cookies)] {
        let answer = kit.ask(about(http("GET", "/", &[(name, value)]), &[])).await.unwrap();
        assert_eq!(denied(answer).0, 401, "{name}");
    }
}

#[tokio::test]
async fn raw_headers_are_read_as_well() {
    let kit = Kit::new();
    let raw = HeaderValue {
        key: "authorization".to_owned(),
        value: String::new(),
        raw_value: format!("Bearer {}", kit.token).into_bytes(),
    };
    let question =
        HttpRequest { header_map: Some(HeaderMap { headers: vec![raw] }), ..http("GET", "/", &[]) };

    passed(kit.ask(about(question, &[])).await.unwrap());
}

#[tokio::test]
async fn a_question_about_no_http_request_is_an_error() {
    let kit = Kit::new();

    assert_eq!(kit.ask(CheckRequest { attributes: None }).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_question_that_is_too_large_is_an_error() {
    let kit = Kit::new();
    let huge = "x".repeat(super::LARGEST_QUESTION);

    let answer = kit.ask(about(http("GET", "/", &[("x", &huge)]), &[])).await;

    assert_eq!(answer.unwrap_err().code(), Code::OutOfRange);
}

#[tokio::test]
async fn there_is_no_other_method() {
    let kit = Kit::new();
    let request = about(http("GET", "/", &[]), &[]);

    let answer = kit.call("/envoy.service.auth.v2.Authorization/Check", request).await;

    assert_eq!(answer.unwrap_err().code(), Code::Unimplemented);
}

/// Within the size of a question fit more headers than the map of a request holds.
#[tokio::test]
async fn more_headers_than_a_request_can_have_are_refused() {
    let kit = Kit::new();
    let mut http = http("GET", "/", &[]);
    http.headers = (0..40_000).map(|number| (format!("{number:x}"), String::new())).collect();

    let refused = kit.ask(about(http, &[])).await.unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
}
