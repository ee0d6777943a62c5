//! The application that was there before: a client of the same provider, whose users have tokens of it and none of ours.

use url::Url;

use super::server::client;
use super::stage::{Stage, Visitor};

/// Nobody is there: only the address counts to which the provider sends its answer.
const REDIRECT: &str = "http://127.0.0.1:1/old-app";

/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Signs somebody in to the old application, and returns the token that it keeps as their session.
pub(crate) async fn session_token(stage: &Stage, visitor: &mut Visitor<'_>, name: &str) -> String {
    let mut url = Url::parse(&format!("{}/auth", stage.upstream.issuer())).expect("an address");
    url.query_pairs_mut().extend_pairs([
        ("client_id", "old-app"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "openid profile email groups"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    visitor.tab.leaves_at = Some(REDIRECT.parse().expect("an address"));
    visitor.tab.open(url.as_str()).await;
    visitor.fill_in(name).await;
    visitor.tab.leaves_at = None;
    let code = visitor.tab.page.url.query_pairs().find(|(name, _)| name == "code");
    let code = code.unwrap_or_else(|| panic!("no code: {:?}", visitor.tab.page)).1.into_owned();
    let fields = [
        ("grant_type", "authorization_code"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("code", &code),
    ];
    let answer = ask(stage, "/token", &fields).await;
    let answer: serde_json::Value = answer.json().await.expect("JSON");
    answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
}

/// Ends a session of the old application: its token is worth nothing any more.
pub(crate) async fn revoke(stage: &Stage, token: &str) {
    let reply = ask(stage, "/token/revocation", &[("token", token)]).await;
    assert!(reply.status().is_success(), "{reply:?}");
}

async fn ask(stage: &Stage, path: &str, fields: &[(&str, &str)]) -> reqwest::Response {
    let who = [("client_id", "old-app"), ("client_secret", stage.upstream.told("secret"))];
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(who).extend_pairs(fields);
    let request = client().post(format!("{}{path}", stage.upstream.issuer())).body(form.finish());
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.send().await.expect("it answers")
}
