//! What holds whichever proxy stands in front.

use std::time::{Duration, Instant};

use base64_simd::URL_SAFE_NO_PAD;
use handstamp_token::{Algorithm, SigningKey, SystemEntropy, TokenBuilder, UnixTime};
use http::Method;

use super::front::{FRIEND, Front};
use crate::support::{PATIENCE, now};

/// All that the service behind believes.
const IDENTITY: [&str; 6] = [
    "x-handstamp-user",
    "x-handstamp-username",
    "x-handstamp-email",
    "x-handstamp-roles",
    "x-handstamp-org",
    "x-handstamp-session",
];

pub(crate) async fn whoever_passes_is_announced_and_nothing_that_a_client_made_up(front: &Front) {
    let token = front.sign_in("ann").await;

    let made_up = IDENTITY.map(|name| (name, "made-up"));
    let reply = front.get("/orders?page=2").cookie(&token).headers(&made_up).send().await;

    assert_eq!(reply.told("x-handstamp-username"), "ann");
    assert_eq!(reply.told("x-handstamp-email"), "ann@example.org");
    assert_eq!(reply.told("x-handstamp-roles"), "buyer");
    assert_eq!(reply.told("x-handstamp-org"), "acme");
    assert_ne!(reply.told("x-handstamp-user"), "");
    assert_ne!(reply.told("x-handstamp-session"), "");
    assert_eq!(reply.body["path"], "/orders?page=2");
    assert!(!reply.body["headers"].to_string().contains("made-up"), "{reply:?}");

    // Somebody without a role, in no organisation: nothing is said, and nothing of the client's stays.
    let token = front.sign_in("cleo").await;
    let reply = front.get("/orders").bearer(&token).headers(&made_up).send().await;

    assert_eq!(reply.told("x-handstamp-username"), "cleo");
    assert_eq!((reply.told("x-handstamp-roles"), reply.told("x-handstamp-org")), ("", ""));
    assert!(!reply.body["headers"].to_string().contains("made-up"), "{reply:?}");
}

/// Many a service takes `_` for `-`, or another header for the path.
pub(crate) async fn nothing_arrives_that_a_service_could_take_for_ours(front: &Front) {
    let token = front.sign_in("ann").await;
    let lies =
        ["x_handstamp_user", "x-handstamp_roles", "x_handstamp-org", "x-original-url", "x-rewrite-url"];

    let reply =
        front.get("/orders").cookie(&token).headers(&lies.map(|name| (name, "/made-up"))).send().await;

    assert_eq!(reply.told("x-handstamp-username"), "ann");
    assert!(!reply.body["headers"].to_string().contains("made-up"), "{reply:?}");
}

pub(crate) async fn nobody_gets_a_tunnel_or_takes_a_header_of_ours_away(front: &Front) {
    let token = front.sign_in("ann").await;
    let ask = async |headers: &[(&'static str, &str)]| {
        front.get("/live").cookie(&token).headers(headers).send().await
    };

    let h2c = [("connection", "upgrade, http2-settings"), ("upgrade", "h2c"), ("http2-settings", "AAMAAABk")];
    let tunnel = ask(&h2c).await;
    let in_disguise = ask(&[h2c[0], h2c[1], ("upgrade", "websocket")]).await;
    let named = ask(&[("connection", "close, x-handstamp-roles, x-handstamp-user, authorization")]).await;

    assert_eq!(tunnel.told("upgrade"), "");
    assert!(!in_disguise.body["headers"]["upgrade"].to_string().contains("h2c"), "{in_disguise:?}");
    assert_eq!(named.told("x-handstamp-roles"), "buyer");
    assert_ne!(named.told("x-handstamp-user"), "");
    assert_ne!(named.told("authorization"), "");
}

pub(crate) async fn a_service_that_verifies_for_itself_gets_the_token(front: &Front) {
    let token = front.sign_in("ann").await;
    let bearer = format!("Bearer {token}");

    let by_cookie = front.get("/orders").cookie(&token).send().await;
    let by_header = front.get("/orders").bearer(&token).send().await;
    // Beside a good cookie a client may send whatever it likes.
    let basic = front.get("/orders").cookie(&token).header("authorization", "Basic YWRtaW46YWRtaW4=");

    assert_eq!(by_cookie.told("authorization"), bearer);
    assert_eq!(by_header.told("authorization"), bearer);
    assert_eq!(basic.send().await.told("authorization"), bearer);
}

pub(crate) async fn no_bad_token_passes(front: &Front) {
    let good = front.sign_in("ann").await;
    let refused = async |token: &str, code: &str| {
        for ask in [front.get("/orders").bearer(token), front.get("/orders").cookie(token)] {
            let reply = ask.send().await;
            assert_eq!((reply.status, reply.header("x-handstamp-code")), (401, code), "{token} {reply:?}");
            let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{code}\"");
            assert_eq!(reply.header("www-authenticate"), challenge);
        }
    };

    let nobody = front.get("/orders").send().await;
    assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, "Bearer"));
    refused("nonsense", "token_malformed").await;
    refused(&foreign(&front.origin(), &front.origin()), "token_invalid").await;
    refused(&unsigned(&good), "token_invalid").await;
    refused(&changed(&good), "token_invalid").await;
    let both = front.get("/orders").bearer(&good).cookie(&foreign(&front.origin(), "x")).send().await;
    assert_eq!(both.status, 401);
    let twice = front.get("/orders").cookie(&good).cookie(&good).send().await;
    assert_eq!(twice.status, 401);
}

/// A token of somebody else's key, with everything else as it should be.
fn foreign(issuer: &str, audience: &str) -> String {
    let key = SigningKey::generate(Algorithm::Es256).expect("a key");
    TokenBuilder::access_token(issuer, audience)
        .subject("ann")
        .lifetime(Duration::from_mins(10))
        .claim("roles", ["admin"])
        .sign(&key, UnixTime::from_secs(now()), &SystemEntropy)
        .expect("a token")
        .into_string()
}

/// The same claims, and the word that nobody has signed them.
fn unsigned(token: &str) -> String {
    let claims = token.split('.').nth(1).expect("three parts");
    format!("{}.{claims}.", URL_SAFE_NO_PAD.encode_to_string(r#"{"alg":"none","typ":"at+jwt"}"#))
}

/// The same signature under other claims.
fn changed(token: &str) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let claims = URL_SAFE_NO_PAD.decode_to_vec(&parts[1]).expect("base64");
    let claims = String::from_utf8(claims).expect("JSON").replace("buyer", "admin");
    parts[1] = URL_SAFE_NO_PAD.encode_to_string(claims);
    parts.join(".")
}

/// Tokens that expire while a test waits.
pub(crate) const SHORT: [(&str, &str); 2] =
    [("HANDSTAMP_TOKENS_LIFETIME", "2s"), ("HANDSTAMP_TOKENS_LEEWAY", "0s")];

pub(crate) async fn an_expired_token_does_not_pass(front: &Front) {
    let token = front.sign_in("ann").await;
    let deadline = Instant::now() + PATIENCE;

    let refused = loop {
        let reply = front.get("/orders").bearer(&token).send().await;
        if reply.status != 200 || Instant::now() > deadline {
            break reply;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };

    assert_eq!((refused.status, refused.header("x-handstamp-code")), (401, "token_expired"), "{refused:?}");
}

pub(crate) async fn an_ended_session_does_not_pass(front: &Front) {
    let token = front.sign_in("ann").await;
    assert_eq!(front.get("/orders").bearer(&token).send().await.status, 200);

    assert_eq!(front.send(Method::POST, "/auth/sign-out").bearer(&token).send().await.status, 200);

    let refused = front.get("/orders").bearer(&token).send().await;
    assert_eq!((refused.status, refused.header("x-handstamp-code")), (401, "token_revoked"));
}

pub(crate) async fn routes_demand_roles_and_organisations(front: &Front) {
    let (ann, bob) = (front.sign_in("ann").await, front.sign_in("bob").await);
    let ask = async |target: &str, token: &str, headers: &[(&'static str, &str)]| {
        front.get(target).bearer(token).headers(headers).send().await.status
    };

    assert_eq!(ask("/admin/", &bob, &[]).await, 200);
    assert_eq!(ask("/admin/", &ann, &[]).await, 403);
    assert_ne!(ask("/admin", &ann, &[]).await, 200);
    assert_ne!(ask("/orgs", &ann, &[]).await, 200);
    assert_eq!(ask("/orgs/acme/orders", &ann, &[]).await, 200);
    assert_eq!(ask("/orgs/acme/orders", &bob, &[]).await, 403);
    let refused = front.get("/admin/").bearer(&ann).send().await;
    assert_eq!(refused.header("x-handstamp-code"), "role_required");
    assert!(refused.header("www-authenticate").contains("insufficient_scope"), "{refused:?}");

    // A client cannot demand less, or another path.
    let less = [("x-handstamp-require", "role=buyer")];
    assert_ne!(ask("/admin/", &ann, &less).await, 200);
    assert_ne!(ask("/admin/?role=buyer", &ann, &[]).await, 200);
    let other = "http://localhost/orgs/globex/orders";
    for lie in
        [("x-original-url", other), ("x-original-uri", "/orgs/globex"), ("x-forwarded-uri", "/orgs/globex")]
    {
        assert_ne!(ask("/orgs/acme/orders", &bob, &[lie]).await, 200, "{lie:?}");
    }
}

pub(crate) async fn forged_requests_do_not_pass(front: &Front) {
    let token = front.sign_in("ann").await;
    let post = |headers: &[(&'static str, &str)]| {
        front.send(Method::POST, "/orders").cookie(&token).headers(headers).body("an order".to_owned()).send()
    };

    let own = post(&[("sec-fetch-site", "same-origin")]).await;
    assert_eq!(
        (own.status, &own.body["body"], &own.body["method"]),
        (200, &"an order".into(), &"POST".into())
    );
    assert_eq!(post(&[("sec-fetch-site", "cross-site"), ("origin", FRIEND)]).await.status, 200);
    for forged in [
        &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "null")],
        &[],
        // A client may send these; a page cannot.
        &[("sec-fetch-site", "cross-site"), ("x-forwarded-method", "GET")],
        &[("sec-fetch-site", "cross-site"), ("x-original-method", "GET")],
    ] {
        let refused = post(forged).await;
        assert_eq!(refused.status, 403, "{forged:?} {refused:?}");
        assert_eq!(refused.header("x-handstamp-code"), "csrf_rejected");
    }
    let link = front.get("/orders").cookie(&token).header("sec-fetch-site", "cross-site");
    assert_eq!(link.send().await.status, 200);
    let program = front.send(Method::POST, "/orders").bearer(&token).send().await;
    assert_eq!(program.status, 200);
    let socket = [("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("origin", "http://evil.localhost")];
    assert_eq!(front.get("/live").cookie(&token).headers(&socket).send().await.status, 403);
}

/// Servers answer `OPTIONS` by themselves where they mean to say what they take; here that would be a yes.
pub(crate) async fn no_options_request_gets_around_the_question(front: &Front) {
    for headers in [
        &[("x-handstamp-user", "made-up")][..],
        &[("origin", FRIEND), ("access-control-request-method", "POST"), ("x-handstamp-user", "made-up")],
    ] {
        let reply = front.send(Method::OPTIONS, "/orders").headers(headers).send().await;

        assert_eq!(reply.status, 401, "{reply:?}");
    }
    let by_itself = [
        ("origin", FRIEND),
        ("access-control-request-method", "POST"),
        ("x-handstamp-require", "preflight=pass"),
    ];
    assert_ne!(front.send(Method::OPTIONS, "/orders").headers(&by_itself).send().await.status, 200);
    for target in ["/auth/check/../../orders", "//orders", "/%2e%2e/orders"] {
        assert_ne!(front.get(target).send().await.status, 200, "{target}");
    }
}

pub(crate) async fn people_are_sent_to_sign_in_and_come_back(front: &Front) {
    let visit = [("sec-fetch-mode", "navigate"), ("accept", "text/html,*/*;q=0.8")];

    let sent = front.get("/orders?page=2").headers(&visit).send().await;

    assert_eq!(sent.status, 303, "{sent:?}");
    let origin = front.origin();
    let way_back = format!("{origin}/orders?page=2")
        .replace(':', "%3A")
        .replace('/', "%2F")
        .replace('?', "%3F")
        .replace('=', "%3D");
    assert_eq!(sent.header("location"), format!("{origin}/auth/sign-in?return_to={way_back}"));
    // The page is there, and sends whoever is signed in back at once.
    let target = sent.header("location").strip_prefix(&origin).expect("the same origin").to_owned();
    let page = front.get(&target).headers(&visit).send().await;
    assert!(page.body.as_str().is_some_and(|html| html.contains("<form")), "{page:?}");
    let token = front.sign_in("ann").await;
    let back = front.get(&target).headers(&visit).cookie(&token).send().await;
    assert_eq!((back.status, back.header("location")), (303, format!("{origin}/orders?page=2").as_str()));
}

pub(crate) async fn scripts_hear_why_and_those_of_allowed_origins_may_read_it(front: &Front) {
    let ask = async |origin: &str| {
        let script = [("sec-fetch-mode", "cors"), ("accept", "*/*"), ("origin", origin)];
        front.get("/orders").headers(&script).send().await
    };

    let refused = ask(FRIEND).await;
    assert_eq!((refused.status, &refused.body["code"]), (401, &"token_missing".into()), "{refused:?}");
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.header("access-control-allow-origin"), FRIEND);
    assert_eq!(refused.header("access-control-allow-credentials"), "true");
    assert_eq!(refused.header("vary").to_lowercase(), "origin");
    let foreign = ask("https://evil.example").await;
    assert_eq!((foreign.status, foreign.header("access-control-allow-origin")), (401, ""));
}

pub(crate) async fn nobody_asks_the_question_from_outside(front: &Front) {
    let token = front.sign_in("ann").await;

    for target in ["/auth/check", "/auth/check/envoy/", "/auth/check?role=buyer"] {
        let reply = front.get(target).bearer(&token).send().await;

        assert_eq!(reply.header("authorization"), "", "{target}");
        assert_eq!(reply.header("x-handstamp-user"), "", "{target}");
    }
}

/// Ends the auth service.
pub(crate) async fn without_an_answer_nobody_comes_in(front: &Front, status: u16) {
    let token = front.sign_in("ann").await;

    front.stop_the_auth_service();

    assert_eq!(front.get("/orders").bearer(&token).send().await.status, status);
}
