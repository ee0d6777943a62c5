use std::time::Duration;

use handstamp_core::flows::users;
use http::Method;
use serde_json::json;

use crate::support::{APP, AUTH, Kit, PASSWORD, own, sign_in, sign_in_body};

#[tokio::test]
async fn a_user_name_and_a_password_sign_in() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;

    let reply = kit
        .post("/auth/sign-in")
        .ours()
        .json(&sign_in_body("ann", PASSWORD, "cookie"))
        .send()
        .await
        .expect(200);

    let body = reply.json();
    assert_eq!(body["sub"], ann.id.to_string());
    assert_eq!(body["preferred_username"], "ann");
    assert_eq!(body["email"], "ann@example.org");
    assert_eq!(body["roles"], json!(["buyer"]));
    assert_eq!(body["org_id"], json!(null));
    assert_eq!(body["amr"], json!(["pwd"]));
    assert_eq!(body["auth_time"], kit.rules.clock.now().as_second());
    assert_eq!(body["expires_in"], 600);
    assert_eq!(reply.header("cache-control"), "no-store");
}

#[tokio::test]
async fn an_email_address_signs_in_whatever_its_case() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    let body = sign_in_body(" ANN@Example.org ", PASSWORD, "cookie");
    kit.post("/auth/sign-in").ours().json(&body).send().await.expect(200);
}

#[tokio::test]
async fn asvs_3_3_cookies_have_the_strictest_attributes() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    let reply = kit
        .post("/auth/sign-in")
        .ours()
        .json(&sign_in_body("ann", PASSWORD, "cookie"))
        .send()
        .await
        .expect(200);

    let lines: Vec<_> = reply
        .set_cookies()
        .iter()
        .map(|line| {
            let (name, rest) = line.split_once('=').unwrap();
            let (_, attributes) = rest.split_once("; ").unwrap();
            format!("{name}: {attributes}")
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    __Host-Http-at: Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Lax; Priority=High
    __Secure-rt: Max-Age=2592000; Path=/auth; Secure; HttpOnly; SameSite=Strict; Priority=High
    auth_hint: Max-Age=2592000; Path=/; Secure; SameSite=Lax
    ");
}

#[tokio::test]
async fn a_browser_keeps_all_three_cookies_and_shows_scripts_the_hint_alone() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    let browser = kit.signed_in("ann").await;

    assert_eq!(browser.dropped, []);
    assert_eq!(browser.jar.cookies().len(), 3);
    let hint = browser.document_cookie(AUTH);
    assert!(hint.starts_with("auth_hint=1.") && hint.split('.').next_back() == Some("in"), "{hint}");
    assert!(!hint.contains("__"), "{hint}");
}

#[tokio::test]
async fn a_browser_on_plain_http_localhost_keeps_them_too() {
    let kit = Kit::with(&[("server.public_url", "http://localhost:8600")]).await;
    kit.user("ann").await;
    let mut browser = kit.browser();

    let page = "http://localhost:8600";
    let request =
        handstamp_e2e::browser::Fetch::script(page, Method::POST, "http://localhost:8600/auth/sign-in");
    let request = request.json(sign_in_body("ann", PASSWORD, "cookie").to_string());
    assert_eq!(browser.fetch(request).await.unwrap().status(), 200);

    assert_eq!(browser.dropped, []);
    assert!(browser.jar.get("__Host-Http-at-8600").is_some());
}

#[tokio::test]
async fn body_delivery_hands_out_tokens_and_no_cookie() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    let reply =
        kit.post("/auth/sign-in").json(&sign_in_body("ann", PASSWORD, "body")).send().await.expect(200);

    let body = reply.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 600);
    assert!(body["refresh_token"].as_str().unwrap().starts_with("hsr_"));
    assert!(reply.set_cookies().is_empty());
    let token = body["access_token"].as_str().unwrap();
    kit.get("/auth/whoami").bearer(token).send().await.expect(200);
}

#[tokio::test]
async fn asvs_6_3_8_unknown_user_and_wrong_password_get_the_same_answer() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    let attempt = async |login: &str| {
        let body = sign_in_body(login, "not her password", "cookie");
        kit.post("/auth/sign-in").ours().header("x-request-id", "same").json(&body).send().await
    };
    let wrong = attempt("ann").await.refused(401, "invalid_credentials");
    for login in ["nobody", "nobody@example.org", "", "not a login!", "a@b@c"] {
        let unknown = attempt(login).await.refused(401, "invalid_credentials");
        assert_eq!(unknown.text(), wrong.text(), "{login}");
        assert_eq!(unknown.0.headers(), wrong.0.headers(), "{login}");
    }
}

#[tokio::test]
async fn a_disabled_account_says_so_only_after_the_right_password() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    users::disable(kit.core(), ann.id, None, kit.rules.clock.now()).await.unwrap();

    let attempt = async |password: &str| {
        kit.post("/auth/sign-in").ours().json(&sign_in_body("ann", password, "cookie")).send().await
    };

    attempt("wrong").await.refused(401, "invalid_credentials");
    attempt(PASSWORD).await.refused(403, "account_disabled");
}

#[tokio::test]
async fn failed_sign_ins_set_no_cookie() {
    let kit = Kit::new().await;

    let reply = kit.post("/auth/sign-in").ours().json(&sign_in_body("ann", "wrong", "cookie")).send().await;

    assert!(reply.refused(401, "invalid_credentials").set_cookies().is_empty());
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_signs_in_and_keeps_nothing_without_credentials() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let mut browser = kit.browser();

    let reply = browser.fetch(sign_in(APP, "ann", PASSWORD)).await;

    // Without `credentials: 'include'` the browser ignores the cookies, by its own rules.
    assert_eq!(reply.unwrap().status(), 200);
    assert!(browser.jar.cookies().is_empty());
}

#[tokio::test]
async fn a_foreign_page_cannot_even_ask() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let mut browser = kit.browser();

    let reply = browser.fetch(sign_in("https://evil.example", "ann", PASSWORD).with_credentials()).await;

    assert!(matches!(reply, Err(handstamp_e2e::browser::Blocked::Preflight(_))), "{reply:?}");
}

/// OWASP, login CSRF: a foreign form would sign the victim in as the attacker.
#[tokio::test]
async fn a_foreign_form_cannot_sign_anybody_in() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let mut browser = kit.browser();

    // A form can send JSON-looking text, with a type that needs no preflight.
    let form = handstamp_e2e::browser::Fetch::navigation(
        "https://evil.example",
        Method::POST,
        &format!("{AUTH}/auth/sign-in"),
    )
    .header("content-type", "text/plain");
    let reply = browser.fetch(form).await.unwrap();
    assert_eq!(reply.status(), 415);

    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "null")]
    {
        let body = sign_in_body("ann", PASSWORD, "cookie");
        let reply = kit.post("/auth/sign-in").ours().header(name, value).json(&body).send().await;
        assert!(reply.refused(403, "csrf_rejected").set_cookies().is_empty(), "{name}: {value}");
    }
}

#[tokio::test]
async fn cookie_delivery_without_any_word_on_the_origin_needs_our_header() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    let reply = kit.post("/auth/sign-in").json(&sign_in_body("ann", PASSWORD, "cookie")).send().await;

    reply.refused(403, "csrf_rejected");
}

#[tokio::test]
async fn body_delivery_from_a_foreign_page_is_refused_as_well() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    let call = kit.post("/auth/sign-in").header("origin", "https://evil.example");
    let reply = call.json(&sign_in_body("ann", PASSWORD, "body")).send().await;

    reply.refused(403, "csrf_rejected");
}

/// ASVS 7.2.4: a new session at every sign-in, and the one it replaces ends.
#[tokio::test]
async fn asvs_7_2_4_signing_in_again_replaces_the_session() {
    let (kit, mut browser) = Kit::with_ann().await;
    let before = browser.jar.get("__Host-Http-at").unwrap().value.clone();

    browser.fetch(sign_in(AUTH, "ann", PASSWORD)).await.unwrap();

    let after = browser.jar.get("__Host-Http-at").unwrap().value.clone();
    assert_ne!(before, after);
    kit.get("/auth/whoami").bearer(&before).send().await.refused(401, "token_revoked");
    let sessions = browser.fetch(own(Method::GET, "/auth/sessions")).await.unwrap();
    let sessions: serde_json::Value = serde_json::from_slice(sessions.body()).unwrap();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
}

/// ASVS 6.3.1, NIST SP 800-63B-4 §3.2.2.
#[tokio::test]
async fn asvs_6_3_1_guessing_at_one_account_is_slowed_down() {
    let kit = Kit::with(&[("rate_limits.account_attempts", "3"), ("rate_limits.account_window", "3m")]).await;
    kit.user("ann").await;
    let attempt = async |host: u8, password: &str| {
        let call = kit.post("/auth/sign-in").ours().from(&format!("198.51.100.{host}"));
        call.json(&sign_in_body("ann", password, "cookie")).send().await
    };
    for host in 1..=3 {
        attempt(host, "wrong").await.refused(401, "invalid_credentials");
    }

    // Even the right password: or the refusals would tell which guess was right.
    let reply = attempt(4, PASSWORD).await.refused(429, "rate_limited");

    assert_eq!(reply.header("retry-after"), "60");
    assert_eq!(reply.header("ratelimit"), "\"account\";r=0;t=60");
    assert_eq!(reply.header("ratelimit-policy"), "\"account\";q=3;w=180");
    kit.wait(Duration::from_mins(1));
    attempt(4, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_store_that_is_away_is_503_and_costs_no_attempt() {
    let kit = Kit::with(&[("rate_limits.account_attempts", "1")]).await;
    kit.user("ann").await;
    let attempt =
        async || kit.post("/auth/sign-in").ours().json(&sign_in_body("ann", PASSWORD, "cookie")).send().await;
    kit.store.set_away(true);

    for _ in 0..3 {
        let reply = attempt().await.refused(503, "unavailable");
        assert_eq!(reply.header("retry-after"), "2");
    }

    kit.store.set_away(false);
    attempt().await.expect(200);
}

/// A name and an address of one account are no second set of attempts, and nobody learns that they belong together.
#[tokio::test]
async fn an_account_has_its_attempts_once_whatever_it_is_called() {
    let kit = Kit::with(&[("rate_limits.account_attempts", "3"), ("rate_limits.account_window", "3m")]).await;
    kit.user("ann").await;
    let attempt = async |host: u8, login: &str, password: &str| {
        let call = kit.post("/auth/sign-in").ours().from(&format!("198.51.100.{host}"));
        call.header("x-request-id", "same").json(&sign_in_body(login, password, "cookie")).send().await
    };
    attempt(9, "ann", PASSWORD).await.expect(200);
    for host in 1..=3 {
        attempt(host, "ann", "wrong").await.refused(401, "invalid_credentials");
    }

    let unknown = attempt(4, "nobody@example.org", PASSWORD).await.refused(401, "invalid_credentials");
    let alias = attempt(5, "ann@example.org", PASSWORD).await.refused(401, "invalid_credentials");
    assert_eq!((alias.text(), alias.0.headers()), (unknown.text(), unknown.0.headers()));
    attempt(9, "ann@example.org", PASSWORD).await.expect(200);

    kit.wait(Duration::from_mins(1));
    attempt(5, "ann@example.org", PASSWORD).await.expect(200);
}

/// Whoever copied a refresh token long ago must not be able to end its session by signing in themselves beside it.
#[tokio::test]
async fn a_refresh_cookie_that_was_replaced_long_ago_is_not_the_session_to_replace() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    kit.user("mallory").await;
    let (mut access, old) = kit.tokens("ann").await;
    let mut newest = old.clone();
    for _ in 0..3 {
        kit.wait(Duration::from_mins(9));
        kit.get("/auth/whoami").bearer(&access).send().await.expect(200);
        let body = serde_json::json!({ "refresh_token": newest });
        let reply = kit.post("/auth/refresh").json(&body).send().await.expect(200).json();
        access = reply["access_token"].as_str().unwrap().to_owned();
        newest = reply["refresh_token"].as_str().unwrap().to_owned();
    }
    kit.wait(Duration::from_mins(5));

    let call = kit.post("/auth/sign-in").ours().cookies(&format!("__Secure-rt={old}"));
    call.json(&sign_in_body("mallory", PASSWORD, "cookie")).send().await.expect(200);

    kit.get("/auth/whoami").bearer(&access).send().await.expect(200);
}
