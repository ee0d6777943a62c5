//! Verifiers that take one thing wrongly each: what gets in is found by the case it belongs to, and by no other of its class.

use aws_lc_rs::{hmac, signature};
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use base64_simd::URL_SAFE_NO_PAD;
use handstamp_audit::{Carrier, Options};
use handstamp_testkit::TestIssuer;
use serde_json::Value;

use crate::support::{attack, broken, issuer, serve};

const NOTES: &str = r#"{"openapi":"3.1.0","security":[{"bearer":[]}],
    "components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}},
    "paths":{"/v1/notes":{"get":{}}}}"#;

/// What a verifier sees.
struct Seen<'a> {
    issuer: &'a TestIssuer,
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    token: &'a str,
}

/// Returns what is answered wrongly, if anything is.
type Look = fn(&Seen<'_>) -> Option<StatusCode>;

/// A mistake, the cases that are tried, and what is to be found of it.
type Planted = (Look, &'static str, &'static [&'static str]);

impl Seen<'_> {
    fn part(&self, number: usize) -> Vec<u8> {
        let part = self.token.split('.').nth(number).unwrap_or_default();
        URL_SAFE_NO_PAD.decode_to_vec(part).unwrap_or_default()
    }

    fn header(&self, name: &str) -> Value {
        let header: Value = serde_json::from_slice(&self.part(0)).unwrap_or_default();
        header.get(name).cloned().unwrap_or_default()
    }

    fn claim(&self, name: &str) -> Value {
        let claims: Value = serde_json::from_slice(&self.part(1)).unwrap_or_default();
        claims.get(name).cloned().unwrap_or_default()
    }

    fn says(&self, name: &str) -> String {
        self.header(name).as_str().unwrap_or_default().to_owned()
    }

    fn sent(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn message(&self) -> &[u8] {
        self.token.rsplit_once('.').map(|(message, _)| message).unwrap_or_default().as_bytes()
    }

    /// Whether the issuer has signed it, whatever else stands in the header.
    fn is_signed(&self) -> bool {
        self.is_signed_as(&signature::ECDSA_P256_SHA256_FIXED)
    }

    fn is_mac(&self, secret: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        self.says("alg") == "HS256" && hmac::verify(&key, self.message(), &self.part(2)).is_ok()
    }

    fn is_signed_as(&self, form: &'static signature::EcdsaVerificationAlgorithm) -> bool {
        let jwk = self.issuer.jwks().keys.into_iter().next().expect("a key");
        let decoded = |member: Option<String>| {
            URL_SAFE_NO_PAD.decode_to_vec(member.expect("a coordinate")).expect("base64url")
        };
        let point = [vec![4], decoded(jwk.x), decoded(jwk.y)].concat();
        let key = signature::UnparsedPublicKey::new(form, point);
        key.verify(self.message(), &self.part(2)).is_ok()
    }

    fn is_here(&self) -> bool {
        self.uri.path() == "/v1/notes"
    }
}

fn lets_in(whether: bool) -> Option<StatusCode> {
    whether.then_some(StatusCode::OK)
}

/// Returns a service that answers rightly where nothing is answered wrongly.
fn notes(issuer: &TestIssuer, look: Look) -> Router {
    let (issuer, verifier) = (issuer.clone(), issuer.verifier());
    Router::new().fallback(move |request: Request| {
        let (parts, _) = request.into_parts();
        let mut sent = parts.headers.get_all(header::AUTHORIZATION).iter();
        let (first, more) = (sent.next().and_then(|value| value.to_str().ok()), sent.next());
        let token = first.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let (method, uri, headers) = (&parts.method, &parts.uri, &parts.headers);
        let seen = Seen { issuer: &issuer, method, uri, headers, token };
        let status = look(&seen).unwrap_or_else(|| {
            if !seen.is_here() || method != Method::GET {
                StatusCode::NOT_FOUND
            } else if more.is_none() && verifier.try_verify(token).is_ok() {
                StatusCode::OK
            } else {
                StatusCode::UNAUTHORIZED
            }
        });
        async move { (status, if status.is_success() { "the notes" } else { "" }) }
    })
}

/// Returns the rules that are broken, in their order.
async fn found(look: Look, cases: &str) -> Vec<String> {
    let issuer = issuer().await;
    let service = serve(notes(&issuer, look)).await;
    let options = Options {
        only_cases: vec![cases.to_owned()],
        carriers: vec![Carrier::Bearer],
        revocation_delay: std::time::Duration::from_millis(200),
        ..Options::default()
    };
    let report = attack(&issuer, &service.url(), NOTES, options).await;
    broken(&report).into_iter().map(|(_, rule)| rule).collect()
}

async fn assert_found(planted: &[Planted]) {
    for (look, cases, expected) in planted {
        assert_eq!(found(*look, cases).await, *expected, "{cases}");
    }
}

#[tokio::test]
async fn signatures_that_are_none() {
    assert_found(&[
        // Somebody's list of spellings has all but one.
        (|seen| lets_in(seen.says("alg") == "nOne"), "unsigned/", &["unsigned/stripped/capital-o"]),
        (
            |seen| lets_in(seen.says("alg") == "ES256" && seen.token.ends_with('.')),
            "signature/",
            &["signature/stripped", "signature/stripped-admin"],
        ),
        (|seen| lets_in(seen.token.matches('.').count() == 1), "signature/", &["signature/third-part-gone"]),
        (
            |seen| {
                lets_in(
                    seen.token.len() > 200
                        && !seen.part(2).is_empty()
                        && seen.part(2).iter().all(|b| *b == 0),
                )
            },
            "signature/",
            &["signature/zeros", "signature/zeros-es256"],
        ),
        (
            |seen| lets_in(seen.is_signed_as(&signature::ECDSA_P256_SHA256_ASN1)),
            "signature/",
            &["signature/der"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn keys_that_are_somebody_elses() {
    assert_found(&[
        (
            |seen| {
                let known = seen.issuer.signing_key().key_id().as_str().to_owned();
                lets_in(seen.says("kid") == known && seen.part(2).len() == 64)
            },
            "foreign-key/same-algorithm",
            &["foreign-key/same-algorithm"],
        ),
        (|seen| lets_in(seen.is_mac(b"secret")), "weak-secret/", &["weak-secret/hs256/secret"]),
        (
            |seen| lets_in(seen.header("x5c").is_array()),
            "key-brought-along/x5",
            &["key-brought-along/x5c", "key-brought-along/x5c-no-kid"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn key_ids_that_do_what_they_say() {
    assert_found(&[
        (
            |seen| lets_in(seen.says("kid").ends_with("/dev/null") && seen.is_mac(b"")),
            "key-selection/",
            &[
                "key-selection/empty-file/absolute",
                "key-selection/empty-file/dots",
                "key-selection/empty-file/scheme",
            ],
        ),
        (
            |seen| {
                let kid = seen.says("kid");
                let secret = kid.split_once("UNION SELECT ")?.1.trim_matches(['\'', '"', ' ', '-']);
                lets_in(seen.is_mac(secret.as_bytes()))
            },
            "key-selection/",
            &[
                "key-selection/sql/double-quote",
                "key-selection/sql/no-comment",
                "key-selection/sql/with-comment",
            ],
        ),
        (
            |seen| seen.says("kid").contains("' OR '").then_some(StatusCode::INTERNAL_SERVER_ERROR),
            "key-selection/",
            &["crash/key-selection/injection/or"],
        ),
        (
            |seen| lets_in(seen.says("kid").starts_with("unknown-")),
            "key-selection/",
            &["key-selection/unknown"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn headers_and_claims_that_nobody_compares() {
    assert_found(&[
        (
            |seen| lets_in(seen.header("crit")[0] == "https://extension.invalid" && seen.is_signed()),
            "extensions/",
            &["extensions/crit-absent", "extensions/crit-unknown"],
        ),
        (
            |seen| lets_in(seen.header("b64") == false && seen.header("crit")[0] == "b64"),
            "extensions/",
            &["extensions/b64-false"],
        ),
        (
            |seen| {
                let now = seen.issuer.now().as_secs();
                lets_in(seen.claim("nbf").as_i64().is_some_and(|nbf| nbf > now) && seen.is_signed())
            },
            "time/",
            &["time/not-yet/day", "time/not-yet/hour"],
        ),
        (
            |seen| lets_in(seen.claim("exp").is_null() && seen.claim("sub") == "ada" && seen.is_signed()),
            "time/no-exp",
            &["time/no-exp"],
        ),
        (
            |seen| {
                let iss = seen.claim("iss").as_str().unwrap_or_default().to_owned();
                lets_in(iss != seen.issuer.url() && iss.contains(seen.issuer.url()) && seen.is_signed())
            },
            "issuer/",
            &["issuer/inside", "issuer/longer", "issuer/slash"],
        ),
        (
            |seen| {
                let aud = seen.claim("aud").as_str().unwrap_or_default().to_owned();
                let own = seen.issuer.audience();
                lets_in(aud != own && aud.contains(own) && seen.is_signed())
            },
            "audience/",
            &["audience/inside", "audience/longer", "audience/spaces"],
        ),
        (|seen| lets_in(seen.says("typ") == "JWT" && seen.is_signed()), "type/", &["type/id-token"]),
        (
            |seen| {
                let header = String::from_utf8(seen.part(0)).unwrap_or_default();
                lets_in(header.matches("\"alg\"").count() == 2)
            },
            "ambiguous/",
            &["ambiguous/alg-none-first", "ambiguous/alg-none-last"],
        ),
        (
            |seen| lets_in(seen.token.starts_with('{')),
            "structure/",
            &["structure/flattened-json", "structure/plain-json", "structure/unprotected-header"],
        ),
        (
            |seen| lets_in(seen.token.matches('.').count() == 4 && seen.token.len() > 100),
            "encrypted/",
            &["encrypted/dir", "encrypted/pbes2", "encrypted/rsa-oaep"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_is_no_token_or_stands_in_another_place() {
    assert_found(&[
        (|seen| lets_in(seen.token == "null"), "credentials/", &["credentials/bearer-word/null"]),
        (
            |seen| lets_in(seen.sent("x-forwarded-user") == "admin"),
            "credentials/",
            &["credentials/trusted-headers"],
        ),
        (
            |seen| lets_in(seen.sent("authorization") == "Basic YWRtaW46YWRtaW4="),
            "credentials/",
            &["credentials/basic"],
        ),
        (
            |seen| {
                let sent = seen.headers.get_all(header::AUTHORIZATION).iter();
                let last = sent.skip(1).last()?.to_str().ok()?.strip_prefix("Bearer ")?;
                lets_in(seen.issuer.verifier().try_verify(last).is_ok())
            },
            "transport/",
            &["transport/two-headers"],
        ),
        (
            |seen| {
                let refused = seen.issuer.verifier().try_verify(seen.token).err()?;
                lets_in(refused.code().as_str() == "token_stale")
            },
            "revoked/",
            &["revoked/roles-changed"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn other_ways_to_write_an_address() {
    let look: Look = |seen| {
        const OPEN: [&str; 15] = [
            "/v1/notes/",
            "//v1/notes",
            "/v1//notes",
            "/V1/NOTES",
            "/v1/NOTES",
            "/%761/notes",
            "/v1/%6Eotes",
            "/%25761/notes",
            "/./v1/notes",
            "/public/../v1/notes",
            "/public/%2e%2e/v1/notes",
            "/public/..;/v1/notes",
            "/v1/notes;a=b",
            "/v1/notes.json",
            "/v1/notes%00",
        ];
        lets_in(seen.method == Method::GET && OPEN.contains(&seen.uri.path()))
    };

    assert_eq!(
        found(look, "routing/").await,
        [
            "routing/capitals",
            "routing/capitals-last",
            "routing/dot",
            "routing/dot-dot",
            "routing/dot-dot-encoded",
            "routing/dot-dot-semicolon",
            "routing/encoded",
            "routing/encoded-last",
            "routing/encoded-twice",
            "routing/extension",
            "routing/semicolon",
            "routing/slash-after",
            "routing/slash-before",
            "routing/slash-within",
            "routing/zero",
        ]
    );
}

#[tokio::test]
async fn other_methods_and_addresses_beside_the_request() {
    assert_found(&[
        (
            |seen| lets_in(seen.is_here() && seen.sent("x-forwarded-for") == "127.0.0.1"),
            "routing/",
            &["routing/internal-address"],
        ),
        (
            |seen| lets_in(seen.sent("x-original-url") == "/v1/notes"),
            "routing/",
            &["routing/rewrite/x-original-url"],
        ),
        (
            |seen| lets_in(seen.is_here() && seen.sent("x-http-method-override") == "GET"),
            "routing/",
            &["routing/method-override/x-http-method-override"],
        ),
        (
            |seen| lets_in(seen.is_here() && seen.method == Method::HEAD),
            "routing/",
            &["routing/undocumented-method/head"],
        ),
        (
            |seen| lets_in(seen.is_here() && seen.method == Method::TRACE),
            "routing/",
            &["routing/undocumented-method/trace"],
        ),
    ])
    .await;
}

/// With a token in the header nobody looks at the cookie: whose request it is cannot be told.
#[tokio::test]
async fn a_cookie_that_is_passed_over_for_a_header() {
    let issuer = issuer().await;
    let verifier = issuer.verifier();
    let list = move |headers: HeaderMap| {
        let sent = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token =
            sent(header::AUTHORIZATION).strip_prefix("Bearer ").or(sent(header::COOKIE).strip_prefix("at="));
        let is_let_in = token.is_some_and(|token| verifier.try_verify(token).is_ok());
        async move { if is_let_in { StatusCode::OK } else { StatusCode::UNAUTHORIZED } }
    };
    let service = serve(Router::new().route("/v1/notes", axum::routing::get(list))).await;
    let only_cases = vec!["transport/".to_owned()];
    let carriers = vec![Carrier::Cookie("at".to_owned())];

    let options = Options { only_cases, carriers, ..Options::default() };
    let report = attack(&issuer, &service.url(), NOTES, options).await;

    let found: Vec<&str> = report.findings().map(|located| located.finding.rule.as_str()).collect();
    assert_eq!(found, ["transport/cookie-against-header"]);
}
