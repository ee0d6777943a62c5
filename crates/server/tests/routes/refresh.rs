use std::time::Duration;

use handstamp_core::flows::users;
use handstamp_e2e::browser::Cookie;
use http::Method;
use serde_json::json;

use crate::support::{AUTH, InProcess, Kit, own, whoami};

fn cookie(browser: &handstamp_e2e::browser::Browser<InProcess>, name: &str) -> String {
    browser.jar.get(name).expect("the cookie is there").value.clone()
}

fn pair(access: &str, refresh: &str) -> String {
    format!("__Host-Http-at={access}; __Secure-rt={refresh}")
}

#[tokio::test]
async fn cookies_are_exchanged_for_fresh_ones() {
    let (kit, mut browser) = Kit::with_ann().await;
    let before =
        [cookie(&browser, "__Host-Http-at"), cookie(&browser, "__Secure-rt"), cookie(&browser, "auth_hint")];
    kit.wait(Duration::from_mins(9));

    let reply = browser.fetch(own(Method::POST, "/auth/refresh")).await.unwrap();

    assert_eq!(reply.status(), 200);
    let after =
        [cookie(&browser, "__Host-Http-at"), cookie(&browser, "__Secure-rt"), cookie(&browser, "auth_hint")];
    assert!(before.iter().zip(&after).all(|(before, after)| before != after));
    let body: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
    assert_eq!(body["preferred_username"], "ann");
}

#[tokio::test]
async fn a_token_in_the_body_is_exchanged_in_the_body() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (_, refresh) = kit.tokens("ann").await;
    kit.wait(Duration::from_mins(9));

    let reply = kit.post("/auth/refresh").json(&json!({ "refresh_token": refresh })).send().await.expect(200);

    let body = reply.json();
    assert_ne!(body["refresh_token"], refresh);
    assert_eq!(body["token_type"], "Bearer");
    assert!(reply.set_cookies().is_empty());
    kit.get("/auth/whoami").bearer(body["access_token"].as_str().unwrap()).send().await.expect(200);
}

#[tokio::test]
async fn a_client_may_say_the_delivery_that_it_gets_anyway() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (access, refresh) = kit.tokens("ann").await;
    let by_cookies = async |body| {
        kit.post("/auth/refresh").ours().cookies(&pair(&access, &refresh)).json(&body).send().await
    };

    let body = json!({ "refresh_token": refresh, "delivery": "body" });
    let reply = kit.post("/auth/refresh").json(&body).send().await.expect(200);

    assert!(reply.json()["access_token"].is_string() && reply.set_cookies().is_empty());
    for body in
        [json!({}), json!({ "delivery": "cookie" }), json!({ "refresh_token": null, "delivery": null })]
    {
        let reply = by_cookies(body).await.expect(200);

        assert!(reply.set_cookies().iter().any(|line| line.starts_with("__Host-Http-at=")));
        assert!(reply.json().get("access_token").is_none());
    }
}

/// A script in the page could otherwise have the tokens of `HttpOnly` cookies handed to it.
#[tokio::test]
async fn a_refresh_never_changes_how_tokens_are_delivered() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (access, refresh) = kit.tokens("ann").await;
    let call = || kit.post("/auth/refresh").ours().cookies(&pair(&access, &refresh));

    for body in [json!({ "delivery": "body" }), json!({ "refresh_token": refresh, "delivery": "cookie" })] {
        let reply = call().json(&body).send().await.refused(422, "validation_failed");

        assert_eq!(reply.pointers(), ["/delivery"], "{body}");
        assert!(reply.set_cookies().is_empty());
    }
}

#[tokio::test]
async fn an_empty_object_is_no_way_around_the_csrf_rules() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (access, refresh) = kit.tokens("ann").await;

    let call = kit.post("/auth/refresh").cookies(&pair(&access, &refresh)).json(&json!({}));

    call.send().await.refused(403, "csrf_rejected");
}

#[tokio::test]
async fn racers_get_the_same_successor() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (_, refresh) = kit.tokens("ann").await;
    kit.wait(Duration::from_mins(9));
    let race = async || {
        let reply =
            kit.post("/auth/refresh").json(&json!({ "refresh_token": refresh })).send().await.expect(200);
        reply.json()["refresh_token"].clone()
    };

    assert_eq!(race().await, race().await);
}

#[tokio::test]
async fn a_refresh_cookie_alone_is_worthless() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (_, refresh) = kit.tokens("ann").await;

    let reply = kit.post("/auth/refresh").ours().cookies(&format!("__Secure-rt={refresh}")).send().await;

    reply.refused(401, "token_missing");
}

/// Cookie tossing: a host that shares our parent domain can plant a refresh cookie of its own session.
#[tokio::test]
async fn a_planted_refresh_cookie_is_refused() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    kit.user("mallory").await;
    let mut browser = kit.signed_in("ann").await;
    let (_, planted) = kit.tokens("mallory").await;
    let mine = browser.jar.get("__Secure-rt").unwrap().clone();
    browser.jar.remove("__Secure-rt");
    browser.jar.plant(Cookie { value: planted, ..mine });

    let reply = browser.fetch(own(Method::POST, "/auth/refresh")).await.unwrap();

    assert_eq!(reply.status(), 401);
    assert_eq!(whoami(&mut browser).await.json()["preferred_username"], "ann");
}

#[tokio::test]
async fn an_access_cookie_with_a_broken_signature_is_no_company() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (access, refresh) = kit.tokens("ann").await;
    let mut forged = access.clone();
    let last = if forged.pop() == Some('A') { 'Q' } else { 'A' };
    forged.push(last);

    kit.post("/auth/refresh")
        .ours()
        .cookies(&pair(&forged, &refresh))
        .send()
        .await
        .refused(401, "token_invalid");
    kit.post("/auth/refresh")
        .ours()
        .cookies(&pair("nonsense", &refresh))
        .send()
        .await
        .refused(401, "token_invalid");
    kit.post("/auth/refresh").ours().cookies(&pair(&access, &refresh)).send().await.expect(200);
}

#[tokio::test]
async fn a_forged_refresh_token_is_refused_without_asking_the_store() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (_, refresh) = kit.tokens("ann").await;
    let mut forged = refresh.clone();
    forged.replace_range(20..21, if &refresh[20..21] == "A" { "B" } else { "A" });
    kit.store.asked();

    for token in [forged.as_str(), "", "hsr_", "x"] {
        let reply = kit.post("/auth/refresh").json(&json!({ "refresh_token": token })).send().await;
        reply.refused(401, "token_invalid");
    }

    assert_eq!(kit.store.asked(), 0);
}

#[tokio::test]
async fn a_failed_refresh_touches_no_cookie() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let mut browser = kit.signed_in("ann").await;
    users::disable(kit.core(), ann.id, None, kit.rules.clock.now()).await.unwrap();
    let before = browser.jar.cookies().to_vec();

    let reply = browser.fetch(own(Method::POST, "/auth/refresh")).await.unwrap();

    assert_eq!(reply.status(), 401);
    assert!(reply.headers().get("set-cookie").is_none());
    assert!(reply.headers().get("clear-site-data").is_none());
    assert_eq!(browser.jar.cookies(), before);
}

/// RFC 9700 §4.14.2: a refresh token that comes back ends the family.
#[tokio::test]
async fn rfc9700_a_reused_refresh_token_ends_the_session() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (_, first) = kit.tokens("ann").await;
    let refresh =
        async |token: &str| kit.post("/auth/refresh").json(&json!({ "refresh_token": token })).send().await;
    kit.rules.wait_until_settled();
    let second = refresh(&first).await.expect(200).json()["refresh_token"].as_str().unwrap().to_owned();
    kit.rules.wait_until_settled();
    let third = refresh(&second).await.expect(200).json();
    kit.rules.wait_until_settled();

    let reply = refresh(&first).await.refused(401, "session_ended");

    assert!(!reply.text().contains("theft"), "a thief must not learn that it was noticed");
    refresh(third["refresh_token"].as_str().unwrap()).await.refused(401, "session_ended");
}

#[tokio::test]
async fn roles_are_read_afresh_and_the_sign_in_stays_what_it_was() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let (_, refresh) = kit.tokens("ann").await;
    let signed_in_at = kit.rules.clock.now().as_second();
    kit.wait(Duration::from_mins(9));
    let roles = ["auditor".parse().unwrap()].into();
    users::set_roles(kit.core(), ann.id, roles, None, kit.rules.clock.now()).await.unwrap();

    let body =
        kit.post("/auth/refresh").json(&json!({ "refresh_token": refresh })).send().await.expect(200).json();

    let token = body["access_token"].as_str().unwrap();
    let whoami = kit.get("/auth/whoami").bearer(token).send().await.expect(200).json();
    assert_eq!(whoami["roles"], json!(["auditor"]));
    assert_eq!(whoami["auth_time"], signed_in_at);
    assert_eq!(whoami["amr"], json!(["pwd"]));
}

#[tokio::test]
async fn cookies_keep_the_end_of_the_session_in_sight() {
    let (kit, mut browser) = Kit::with_ann().await;
    kit.wait(Duration::from_hours(24));
    browser.now = kit.rules.clock.now().as_second();

    let reply = browser.fetch(own(Method::POST, "/auth/refresh")).await.unwrap();

    let lines: Vec<_> =
        reply.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.contains("Max-Age=2505600;")), "29 days are left: {lines:?}");
}

#[tokio::test]
async fn two_refresh_cookies_are_refused() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (access, refresh) = kit.tokens("ann").await;

    let cookies = format!("{}; __Secure-rt={refresh}", pair(&access, &refresh));

    kit.post("/auth/refresh").ours().cookies(&cookies).send().await.refused(401, "token_malformed");
}

#[tokio::test]
async fn a_store_that_is_away_is_503_and_the_client_keeps_its_session() {
    let (kit, mut browser) = Kit::with_ann().await;
    let before = browser.jar.cookies().to_vec();
    kit.store.set_away(true);

    let reply = browser.fetch(own(Method::POST, "/auth/refresh")).await.unwrap();

    assert_eq!(reply.status(), 503);
    assert_eq!(reply.headers()["retry-after"], "2");
    assert_eq!(browser.jar.cookies(), before);
    kit.store.set_away(false);
    assert_eq!(browser.fetch(own(Method::POST, "/auth/refresh")).await.unwrap().status(), 200);
}

/// ASVS 7.3.1 and 7.3.2: idle and absolute expiry.
#[tokio::test]
async fn asvs_7_3_a_session_ends_when_idle_and_at_its_last_day() {
    for (waits, ends) in [(vec![8], true), (vec![6; 4], false), (vec![6; 5], true)] {
        let kit =
            Kit::with(&[("sessions.idle_lifetime", "7 days"), ("sessions.absolute_lifetime", "30 days")])
                .await;
        kit.user("ann").await;
        let (_, mut refresh) = kit.tokens("ann").await;
        let mut status = 200;
        for days in waits {
            kit.wait(Duration::from_hours(days * 24));
            let reply = kit.post("/auth/refresh").json(&json!({ "refresh_token": refresh })).send().await;
            status = reply.0.status().as_u16();
            if status == 200 {
                refresh = reply.json()["refresh_token"].as_str().unwrap().to_owned();
            } else {
                reply.refused(401, "session_ended");
            }
        }
        assert_eq!(status == 401, ends);
    }
}

/// OWASP CSRF, Fetch Metadata: refresh is covered like everything else that changes something.
#[tokio::test]
async fn asvs_3_5_1_csrf_rules_hold_for_refresh_by_cookie() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (access, refresh) = kit.tokens("ann").await;
    let attempt = async |headers: &[(&str, &str)]| {
        let call = kit.post("/auth/refresh").cookies(&pair(&access, &refresh));
        headers
            .iter()
            .fold(call, |call, (name, value)| call.header(name, *value))
            .send()
            .await
            .0
            .status()
            .as_u16()
    };

    for (headers, status) in [
        (&[("sec-fetch-site", "same-origin")][..], 200),
        (&[("sec-fetch-site", "none")], 200),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "cross-site"), ("x-handstamp", "1")], 403),
        (&[("sec-fetch-site", "cross-site"), ("origin", "https://app.example.net")], 200),
        (&[("sec-fetch-site", "same-site"), ("origin", "https://app.example.net")], 200),
        (&[("origin", "https://app.example.net")], 200),
        (&[("origin", AUTH)], 200),
        (&[("origin", "https://app.example.net.evil.example")], 403),
        (&[("origin", "http://app.example.net")], 403),
        (&[("origin", "null")], 403),
        (&[("origin", "https://evil.example"), ("x-handstamp", "1")], 403),
        (&[("x-handstamp", "1")], 200),
        (&[("x-handstamp", "0")], 403),
        (&[], 403),
    ] {
        assert_eq!(attempt(headers).await, status, "{headers:?}");
    }
}
