use std::time::{Duration, Instant};

use handstamp_e2e::browser::{Blocked, Fetch};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Demo, PATIENCE, Reply, Tab};

/// Pulls a lever of the page.
async fn pull(tab: &mut Tab<'_>, lever: &str, body: Option<&Value>) -> Reply {
    let url = format!("{}control/{lever}", tab.page);
    tab.send(Method::POST, &url, body).await
}

#[tokio::test]
async fn an_expired_token_is_refused_and_renewed() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;

    assert_eq!(pull(&mut ben, "expire-token", None).await.status, 204);

    assert_eq!(ben.browser.dropped, [], "the browser took the cookie");
    assert_eq!(ben.orders(Method::GET, "/orders", None).await.code(), (401, "token_expired"));
    assert_eq!(ben.auth(Method::POST, "/auth/refresh", None).await.status, 200);
    assert_eq!(ben.orders(Method::GET, "/orders", None).await.status, 200);
}

#[tokio::test]
async fn a_session_that_is_ended_is_over_everywhere_and_no_other_is() {
    let demo = Demo::start();
    let (mut here, mut there) = (demo.tab_of("ben").await, demo.tab_of("ben").await);

    assert_eq!(pull(&mut here, "end-session", None).await.status, 204);

    assert_eq!(here.until_refused().await.code(), (401, "token_revoked"));
    assert_eq!(here.auth(Method::POST, "/auth/refresh", None).await.code(), (401, "session_ended"));
    assert_eq!(there.orders(Method::GET, "/orders", None).await.status, 200);
}

#[tokio::test]
async fn new_roles_arrive_with_the_next_token() {
    let demo = Demo::start();
    let mut cleo = demo.tab_of("cleo").await;

    assert_eq!(pull(&mut cleo, "roles", Some(&json!({ "roles": ["buyer"] }))).await.status, 204);

    assert_eq!(cleo.until_refused().await.code(), (401, "token_stale"));
    let refreshed = cleo.auth(Method::POST, "/auth/refresh", None).await;
    assert_eq!(refreshed.body["roles"], json!(["buyer"]));
    let lamp = json!({ "item": "Reading lamp" });
    assert_eq!(cleo.orders(Method::POST, "/orders", Some(&lamp)).await.status, 201);
}

#[tokio::test]
async fn only_roles_of_the_demo_are_given() {
    let demo = Demo::start();
    let mut cleo = demo.tab_of("cleo").await;

    for body in [json!({ "roles": ["operator"] }), json!({ "roles": "buyer" }), json!({ "role": "buyer" })] {
        assert_eq!(pull(&mut cleo, "roles", Some(&body)).await.code(), (422, "validation_failed"), "{body}");
    }
    assert_eq!(pull(&mut cleo, "roles", None).await.code(), (422, "validation_failed"));
}

#[tokio::test]
async fn somebody_disabled_is_out_and_may_come_back_later() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;

    let disabled = pull(&mut ben, "disable", None).await;

    assert!(disabled.body["for_seconds"].as_u64().is_some_and(|seconds| seconds > 0), "{disabled:?}");
    assert_eq!(ben.until_refused().await.code(), (401, "token_revoked"));
    let sign_in = json!({ "login": "ben", "password": demo.person("ben")["password"] });
    let refused = ben.auth(Method::POST, "/auth/sign-in", Some(&sign_in)).await;
    assert_eq!(refused.code(), (403, "account_disabled"));
    let deadline = Instant::now() + PATIENCE;
    while ben.auth(Method::POST, "/auth/sign-in", Some(&sign_in)).await.status != 200 {
        assert!(Instant::now() < deadline, "ben never comes back");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn nobody_stays_disabled_in_data_that_is_kept() {
    let keep = ["--port-base", "0", "--data", "kept"];
    let first = Demo::start_with(&keep, &[]);
    pull(&mut first.tab_of("ben").await, "disable", None).await;
    let Demo { running, folder, .. } = first;
    running.stop();

    let second = Demo::start_in(folder, &keep, &[]);

    second.tab_of("ben").await;
}

#[tokio::test]
async fn while_the_auth_service_is_away_services_go_on_and_it_comes_back() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let is_there = async || client.get(demo.auth("/health/live")).send().await.is_ok();
    assert!(is_there().await);

    pull(&mut ben, "away", None).await;

    let deadline = Instant::now() + PATIENCE;
    while is_there().await {
        assert!(Instant::now() < deadline, "it does not go away");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ben.orders(Method::GET, "/orders", None).await.status, 200);
    while !is_there().await {
        assert!(Instant::now() < deadline, "it does not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ben.auth(Method::POST, "/auth/refresh", None).await.status, 200);
    // The services hear from it as before.
    ben.auth(Method::POST, "/auth/sign-out", Some(&json!({ "scope": "everywhere" }))).await;
    assert_eq!(ben.until_refused().await.status, 401);
}

const LEVERS: [&str; 5] = ["expire-token", "end-session", "roles", "disable", "away"];

#[tokio::test]
async fn who_is_not_signed_in_pulls_nothing() {
    let demo = Demo::start();
    let mut stranger = demo.tab();

    for lever in LEVERS {
        let refused = pull(&mut stranger, lever, Some(&json!({ "roles": [] }))).await;

        assert_eq!(refused.code(), (401, "token_missing"), "{lever}");
    }
}

#[tokio::test]
async fn another_page_pulls_nothing() {
    let demo = Demo::start();
    let mut ada = demo.tab_of("ada").await;
    // Another port of localhost is the same site: the cookies go along, and must not be enough.
    let elsewhere = "http://localhost:9/";

    for lever in LEVERS {
        let url = format!("{}control/{lever}", demo.app());
        let form = Fetch::navigation(elsewhere, Method::POST, &url).form("roles=admin");
        let reply = ada.browser.fetch(form).await.expect("a navigation shows what it got");
        assert_eq!(Reply::of(&reply).code(), (403, "csrf_rejected"), "{lever}");

        let script = Fetch::script(elsewhere, Method::POST, &url).with_credentials();
        assert!(matches!(ada.browser.fetch(script).await, Err(Blocked::Reply(_))), "{lever}");
    }

    let whoami = ada.auth(Method::GET, "/auth/whoami", None).await;
    assert_eq!((whoami.status, &whoami.body["roles"]), (200, &json!(["admin", "buyer"])));
}

#[tokio::test]
async fn a_token_in_the_header_is_no_excuse_for_coming_from_elsewhere() {
    let demo = Demo::start();
    let person = demo.person("ada");
    let sign_in = json!({ "login": "ada", "password": person["password"], "delivery": "body" });
    let reply = demo.tab().auth(Method::POST, "/auth/sign-in", Some(&sign_in)).await;
    let token = reply.body["access_token"].as_str().expect("a token");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}control/end-session", demo.app());

    for origin in ["http://localhost:9", "https://evil.example", "null"] {
        let request = client.post(&url).bearer_auth(token).header("origin", origin);
        let reply = request.send().await.expect("a reply");
        assert_eq!(reply.status().as_u16(), 403, "{origin}");
    }
    // A name that somebody else points at this machine makes them same-origin with themselves alone.
    let rebound = client.post(&url).bearer_auth(token).header("sec-fetch-site", "same-origin");
    let reply = rebound.header("host", "evil.example").send().await.expect("a reply");
    assert_eq!(reply.status().as_u16(), 421);
}

#[tokio::test]
async fn the_page_tells_nothing_under_the_name_of_somebody_else() {
    let demo = Demo::start();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let own = demo.app().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let port = own.rsplit_once(':').expect("a port").1;
    let password = demo.person("ada")["password"].as_str().expect("a password").to_owned();

    for path in ["", "config.json", "main.js", "no-such-file"] {
        let url = format!("{}{path}", demo.app());
        for host in ["evil.example", &format!("evil.example:{port}"), "localhost", "localhost:1"] {
            let reply = client.get(&url).header("host", host).send().await.expect("a reply");
            assert_eq!(reply.status().as_u16(), 421, "/{path} at {host}");
            let text = reply.text().await.expect("a text");
            assert!(text.contains(&own) && !text.contains(&password), "{text}");
        }
    }
    let settings = client.get(format!("{}config.json", demo.app())).send().await.expect("a reply");
    assert!(settings.text().await.expect("a text").contains(&password));
}

#[tokio::test]
async fn the_auth_service_itself_has_no_such_levers() {
    let demo = Demo::start();
    let mut ada = demo.tab_of("ada").await;

    for lever in LEVERS {
        let reply = ada.auth(Method::POST, &format!("/control/{lever}"), None).await;

        assert_eq!(reply.code(), (404, "not_found"), "{lever}");
    }
}
