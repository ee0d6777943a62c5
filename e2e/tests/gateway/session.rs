//! A session's life behind the gateway.

use std::time::Duration;

use futures_util::future::join_all;
use handstamp_e2e::browser::{Browser, Fetch};
use handstamp_e2e::program::run;
use handstamp_e2e::socket::Socket;
use http::Method;
use serde_json::json;
use tokio::time::sleep;

use super::front::{Front, Wishes};
use crate::support::{PASSWORD, now};

/// Tokens that live for seconds, so that a test sees them expire.
const SHORT: &str = "[tokens]\nlifetime = \"3s\"\nleeway = \"0s\"\n";
const EXPIRED: Duration = Duration::from_millis(3_100);

#[tokio::test]
async fn a_browser_keeps_the_cookies_and_the_service_gets_a_bearer_token() {
    let front = Front::ready(Wishes::default()).await;
    let mut browser = Browser::new(Socket::new(), now());
    let page = format!("{}/", front.base);
    let sign_in = Fetch::script(&page, Method::POST, &format!("{}/auth/sign-in", front.base))
        .json(json!({ "login": "ann", "password": PASSWORD }).to_string());

    let signed_in = browser.fetch(sign_in).await.expect("the page may read the reply");
    let reply = browser
        .fetch(Fetch::script(&page, Method::GET, &format!("{}/api/orders", front.base)))
        .await
        .expect("the page may read the reply");

    assert_eq!(
        (signed_in.status(), reply.status()),
        (200.try_into().expect("a status"), 200.try_into().expect("a status"))
    );
    assert!(browser.dropped.is_empty(), "the browser refused cookies: {:?}", browser.dropped);
    let seen = String::from_utf8_lossy(reply.body()).into_owned();
    assert!(seen.contains("authorization: Bearer ey") && !seen.contains("cookie"), "{seen}");
    assert!(!browser.document_cookie(&page).contains("-rt"), "scripts see no token");
}

#[tokio::test]
async fn an_expired_session_goes_on_and_is_refreshed_once_for_all_its_requests() {
    let front = Front::ready(Wishes { auth: SHORT, ..Wishes::default() }).await;
    let mut session = front.signed_in().await;
    sleep(EXPIRED).await;

    let replies = join_all((0..20).map(|_| front.request(&session, "GET", "/api/orders", None))).await;

    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    assert_eq!(front.refreshes().await, 1);
    sleep(EXPIRED).await;
    // A browser would have kept the new cookies of any of them.
    front.send(&mut session, "GET", "/api/orders", None).await;
    sleep(EXPIRED).await;
    assert_eq!(front.send(&mut session, "GET", "/api/orders", None).await.status, 200);
}

#[tokio::test]
async fn a_new_role_counts_with_the_next_request_and_nobody_has_to_sign_in_again() {
    let front = Front::ready(Wishes::default()).await;
    let mut session = front.signed_in().await;
    let refused = front.send(&mut session, "GET", "/api/admin/users", None).await;
    assert_eq!(refused.code(), (403, "role_required"));

    front.beside(&["user", "set-roles", "ann", "admin"]);

    front
        .eventually("the role counts", async || {
            front.request(&session, "GET", "/api/admin/users", None).await.status == 200
        })
        .await;
}

#[tokio::test]
async fn a_signed_out_session_does_not_pass_with_any_cookie() {
    let front = Front::ready(Wishes::default()).await;
    let mut session = front.signed_in().await;
    let copied = session.clone();

    let out = front.send(&mut session, "POST", "/auth/sign-out", Some(&json!({ "scope": "session" }))).await;

    assert_eq!(out.status, 200);
    front
        .eventually("the copied cookies are worth nothing", async || {
            front.request(&copied, "GET", "/api/orders", None).await.code() == (401, "session_ended")
        })
        .await;
    assert_eq!(front.request(&session, "GET", "/api/orders", None).await.code(), (401, "token_missing"));
}

#[tokio::test]
async fn the_sign_in_page_sends_people_back_to_where_they_were_going() {
    let front = Front::ready(Wishes::default()).await;
    let mut browser = Browser::new(Socket::new(), now());
    let wanted = format!("{}/api/report?month=5", front.base);

    let sent = browser.fetch(Fetch::typed(&wanted)).await.expect("a reply");
    assert_eq!(sent.status(), 303);
    let sign_in = format!("{}{}", front.base, sent.headers()["location"].to_str().expect("an address"));
    let page = browser.fetch(Fetch::typed(&sign_in)).await.expect("a page");
    assert!(String::from_utf8_lossy(page.body()).contains("name=\"return_to\""), "{page:?}");
    let form =
        format!("login=ann&password={}&return_to=%2Fapi%2Freport%3Fmonth%3D5", PASSWORD.replace(' ', "+"));
    let form = Fetch::navigation(&sign_in, Method::POST, &format!("{}/auth/sign-in", front.base)).form(form);
    let back = browser.fetch(form).await.expect("a reply");

    assert_eq!(
        (back.status().as_u16(), back.headers()["location"].to_str().expect("an address")),
        (303, "/api/report?month=5")
    );
    assert_eq!(browser.fetch(Fetch::typed(&wanted)).await.expect("a reply").status(), 200);
}

#[tokio::test]
async fn one_file_serves_both_programs() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = "[server]\npublic_url = \"https://auth.example\"\n[gateway]\nauth = \"https://auth.example\"\n\
                [[gateway.routes]]\npath = \"/*\"\nto = [\"http://127.0.0.1:9000\"]\nacess = \"public\"\n";
    let check = |text: &str| {
        std::fs::write(folder.path().join("handstamp.toml"), text).expect("a file");
        run(folder.path(), ["config", "check"])
    };

    let wrong = check(file);
    let told = "gateway.routes[0].acess: there is no such setting: did you mean gateway.routes[0].access? (handstamp.toml line 8)";
    assert_eq!((wrong.code, wrong.stdout.trim()), (Some(1), told));
    check(&file.replace("acess", "access")).ok();
    let shown = run(folder.path(), ["config", "show", "--json"]).ok().json();
    assert_eq!(shown["gateway"]["routes"][0]["access"], "public");
    assert_eq!(shown["server"]["public_url"], "https://auth.example");
}
