//! Tokens that are refreshed on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use futures_util::future::join_all;

use crate::support::{House, Refreshing, broken, echo, route, serve};

/// Past the token's end, and past what clocks may differ.
const EXPIRED: i64 = 11 * 60;

#[tokio::test]
async fn an_expired_token_is_refreshed_on_the_way() {
    let house = House::before(echo().await).await;
    let request = house.signed_in("GET", "/orders");
    house.clock.advance(EXPIRED);

    let reply = request.send().await;

    assert_eq!((reply.status, house.auth.refreshes()), (200, 1));
    let port = house.address.port();
    let set = reply.all("set-cookie");
    let fresh = set[0].strip_prefix(&format!("__Host-Http-at-{port}=")).unwrap().split(';').next().unwrap();
    assert_eq!(reply.seen("authorization"), Some(format!("Bearer {fresh}")));
    assert_eq!(set[1], format!("__Host-Http-rt-{port}=hsr_2; Path=/; Secure; HttpOnly; SameSite=Strict"));
    assert_eq!(set[2], format!("auth_hint-{port}=1.8.x.in; Path=/; Secure; SameSite=Lax"));
    assert_eq!(reply.header("cache-control"), Some("no-store"), "nobody may keep a reply with tokens");
}

#[tokio::test]
async fn a_reply_with_new_cookies_is_kept_by_no_cdn_whatever_the_service_tells_it() {
    const FOR_CDNS: [&str; 4] =
        ["cdn-cache-control", "vercel-cdn-cache-control", "edge-control", "surrogate-control"];
    let said = async || FOR_CDNS.map(|name| (name, "max-age=60"));
    let house = House::before(serve(Router::new().route("/", get(said))).await).await;
    let request = house.signed_in("GET", "/");
    let known = request.clone().send().await;
    assert!(FOR_CDNS.iter().all(|name| known.header(name) == Some("max-age=60")), "{known:?}");
    house.clock.advance(EXPIRED);

    let reply = request.send().await;

    assert!(FOR_CDNS.iter().all(|name| reply.header(name).is_none()), "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn new_cookies_reach_the_browser_although_the_service_broke_off() {
    let house = House::before(broken(b"").await).await;
    let request = house.signed_in("POST", "/");
    house.clock.advance(EXPIRED);

    let reply = request.send().await;

    assert_eq!((reply.status, reply.all("set-cookie").len()), (502, 3));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn new_cookies_reach_the_browser_with_a_refusal_too() {
    let service = echo().await;
    let switching =
        broken(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n").await;
    let routes = [
        route("/admin", service, "signed_in") + "roles = [\"admin\"]\n",
        route("/small", service, "signed_in") + "max_body = 1\n",
        route("/switching", switching, "signed_in"),
    ];
    let house = House::start("", &routes.concat()).await;
    let requests = [
        (house.signed_in("GET", "/admin"), 403),
        (house.signed_in("POST", "/small").body("too large"), 413),
        (house.signed_in("GET", "/switching"), 502),
    ];
    house.clock.advance(EXPIRED);

    for (request, refused) in requests {
        let reply = request.send().await;

        assert_eq!((reply.status, reply.all("set-cookie").len()), (refused, 3));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn new_cookies_reach_the_browser_although_the_gateway_refuses_the_new_token() {
    let service = echo().await;
    let routes = route("/*", service, "signed_in") + &route("/open/*", service, "optional");
    let house = House::start("", &routes).await;
    let (script, visitor) = (house.signed_in("GET", "/"), house.signed_in("GET", "/open/x"));
    house.clock.advance(EXPIRED);
    house.auth.refreshing(Refreshing::Late);

    let person = script.clone().header("sec-fetch-mode", "navigate").send().await;
    let visitor = visitor.header("sec-fetch-mode", "navigate").send().await;

    for refused in [script.send().await, person] {
        // People are not sent to a sign-in page which would send them right back.
        assert_eq!((refused.code(), refused.all("set-cookie").len()), ((401, "token_expired".to_owned()), 3));
        assert_eq!(refused.header("cache-control"), Some("no-store"));
    }
    assert_eq!(
        (visitor.status, visitor.seen("authorization"), visitor.all("set-cookie").len()),
        (200, None, 3)
    );
}

#[tokio::test]
async fn all_requests_of_a_session_share_one_refresh() {
    let house = House::before(echo().await).await;
    let request = house.signed_in("GET", "/orders");
    house.clock.advance(EXPIRED);
    house.auth.refreshing(Refreshing::After(Duration::from_millis(300)));

    let replies = join_all((0..20).map(|_| request.clone().send())).await;
    let late = request.send().await;

    assert_eq!(house.auth.refreshes(), 1);
    let tokens: Vec<_> = replies.iter().map(|reply| reply.seen("authorization").unwrap()).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    assert!(replies.iter().all(|reply| reply.all("set-cookie").len() == 3));
    assert_eq!(
        late.seen("authorization").as_deref(),
        Some(tokens[0].as_str()),
        "sent before its browser had heard"
    );
    assert_eq!(house.figure("handstamp_gateway_refreshes_total{outcome=\"shared\"}").await, 20);
}

#[tokio::test]
async fn sessions_do_not_share_a_refresh() {
    let house = House::before(echo().await).await;
    let (one, other) = (house.signed_in("GET", "/"), house.signed_in("GET", "/"));
    house.clock.advance(EXPIRED);

    // Two access tokens, so that the pairs differ although the refresh token is the same.
    join_all([one.send(), other.send()]).await;

    assert_eq!(house.auth.refreshes(), 2);
}

#[tokio::test]
async fn whoever_goes_away_while_it_is_refreshed_takes_nothing_from_those_who_wait() {
    let house = House::before(echo().await).await;
    let request = house.signed_in("GET", "/");
    house.clock.advance(EXPIRED);
    house.auth.refreshing(Refreshing::After(Duration::from_millis(300)));

    let first = request.open().await;
    crate::support::eventually("the refresh began", async || house.auth.refreshes() == 1).await;
    drop(first);
    let second = request.send().await;

    assert_eq!((second.status, house.auth.refreshes()), (200, 1));
}

#[tokio::test]
async fn a_body_goes_to_the_service_once_and_after_the_refresh() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let take = move |body: Bytes| async move {
        counted.fetch_add(1, Ordering::SeqCst);
        body.len().to_string()
    };
    let service = serve(Router::new().route("/orders", post(take))).await;
    let house = House::before(service).await;
    let request = house.signed_in("POST", "/orders").body(vec![b'x'; 100_000]);
    house.clock.advance(EXPIRED);

    let reply = request.send().await;

    assert_eq!((reply.status, reply.text().as_str()), (200, "100000"));
    assert_eq!((taken.load(Ordering::SeqCst), house.auth.refreshes()), (1, 1));
}

#[tokio::test]
async fn the_auth_service_is_told_on_whose_behalf() {
    let house = House::before(echo().await).await;
    let request = house.signed_in("GET", "/").header("user-agent", "Firefox").header("x-request-id", "abc-1");
    house.clock.advance(EXPIRED);

    request.send().await;

    let told = house.auth.last_refresh();
    let there = house.auth.url.rsplit(':').next().unwrap();
    let cookies = told["cookie"].to_str().unwrap();
    assert!(cookies.starts_with(&format!("__Host-Http-at-{there}=ey")), "{cookies}");
    assert!(cookies.ends_with(&format!("; __Secure-rt-{there}=hsr_1")), "{cookies}");
    assert_eq!(
        (&told["x-handstamp"], &told["x-forwarded-for"]),
        (&"1".parse().unwrap(), &"127.0.0.1".parse().unwrap())
    );
    assert_eq!(
        (&told["user-agent"], &told["x-request-id"]),
        (&"Firefox".parse().unwrap(), &"abc-1".parse().unwrap())
    );
}

#[tokio::test]
async fn a_token_that_is_about_to_expire_is_refreshed_before_it_does() {
    let house = House::before(echo().await).await;
    let request = house.signed_in("GET", "/");
    house.clock.advance(10 * 60 - 10);

    assert_eq!((request.send().await.status, house.auth.refreshes()), (200, 1));
}

#[tokio::test]
async fn while_the_auth_service_is_away_valid_tokens_go_on_and_expired_ones_wait() {
    let house = House::before(echo().await).await;
    let request = house.signed_in("GET", "/");
    house.auth.refreshing(Refreshing::Down);

    house.clock.advance(10 * 60 - 10);
    assert_eq!(
        request.clone().send().await.status,
        200,
        "it could not be refreshed ahead, and is good all the same"
    );

    house.clock.advance(EXPIRED);
    let reply = request.clone().send().await;
    assert_eq!(reply.code(), (503, "unavailable".to_owned()));
    assert!(reply.header("retry-after").is_some());
    assert!(reply.all("set-cookie").is_empty(), "nobody is signed out");

    house.auth.refreshing(Refreshing::After(Duration::ZERO));
    crate::support::eventually("it goes on", async || request.clone().send().await.status == 200).await;
}

#[tokio::test]
async fn while_the_auth_service_is_away_a_session_does_not_ask_with_every_request() {
    let house = House::before(echo().await).await;
    let request = house.signed_in("GET", "/");
    house.clock.advance(EXPIRED);
    house.auth.refreshing(Refreshing::Down);

    for _ in 0..10 {
        assert_eq!(request.clone().send().await.status, 503);
    }

    assert!(house.auth.refreshes() <= 2, "{}", house.auth.refreshes());
}

#[tokio::test]
async fn a_session_that_has_ended_is_told_what_the_auth_service_says() {
    let house = House::before(echo().await).await;
    let request = house.signed_in("GET", "/");
    house.clock.advance(EXPIRED);
    house.auth.refreshing(Refreshing::Ended);

    let reply = request.clone().send().await;

    assert_eq!(reply.code(), (401, "session_ended".to_owned()));
    let challenge = "Bearer error=\"invalid_token\", error_description=\"session_ended\"";
    assert_eq!(reply.header("www-authenticate"), Some(challenge));
    let person = request.header("sec-fetch-mode", "navigate").send().await;
    assert_eq!((person.status, person.header("location")), (303, Some("/auth/sign-in?return_to=%2F")));
}

#[tokio::test]
async fn on_an_optional_route_a_visitor_whose_session_is_over_is_a_visitor() {
    let house = House::start("", &route("/*", echo().await, "optional")).await;
    let request = house.signed_in("GET", "/");
    house.clock.advance(EXPIRED);
    house.auth.refreshing(Refreshing::Ended);

    let person = request.clone().header("sec-fetch-mode", "navigate").send().await;
    assert_eq!((person.status, person.seen("authorization")), (200, None));
    assert_eq!(request.send().await.status, 401, "a script has to hear of it");
}

#[tokio::test]
async fn nothing_is_refreshed_for_a_foreign_page() {
    let house = House::before(echo().await).await;
    let cookies = house.cookies(&house.token(house.ada()));
    house.clock.advance(EXPIRED);

    let forged =
        house.client().request("POST", "/").header("cookie", &cookies).header("sec-fetch-site", "cross-site");

    assert_eq!(forged.send().await.code(), (403, "csrf_rejected".to_owned()));
    assert_eq!(house.auth.refreshes(), 0);
}

#[tokio::test]
async fn a_programs_own_token_is_the_programs_to_refresh() {
    let house = House::before(echo().await).await;
    let token = house.token(house.ada());
    let cookies = format!("__Host-Http-rt-{}=hsr_1", house.address.port());
    house.clock.advance(EXPIRED);

    let request =
        house.client().header("authorization", &format!("Bearer {token}")).header("cookie", &cookies);

    assert_eq!(request.send().await.code(), (401, "token_expired".to_owned()));
    assert_eq!(house.auth.refreshes(), 0);
}

/// Made-up cookies must not cost the auth service a request each, nor take the room of those who are refreshing.
#[tokio::test]
async fn nobody_is_asked_about_a_cookie_that_cannot_be_a_refresh_token() {
    let house = House::before(echo().await).await;
    let port = house.address.port();
    let cookies =
        format!("__Host-Http-at-{port}={}; __Host-Http-rt-{port}=made-up", house.token(house.ada()));
    house.clock.advance(EXPIRED);

    let reply = house.client().header("cookie", &cookies).send().await;

    assert_eq!(reply.code(), (401, "token_expired".to_owned()));
    assert_eq!(house.auth.refreshes(), 0);
}

#[tokio::test]
async fn nothing_is_kept_of_a_refresh_that_was_refused() {
    let house = House::before(echo().await).await;
    let request = house.signed_in("GET", "/");
    house.clock.advance(EXPIRED);
    house.auth.refreshing(Refreshing::Ended);
    assert_eq!(request.clone().send().await.status, 401);

    house.auth.refreshing(Refreshing::After(Duration::ZERO));

    crate::support::eventually("it is asked again", async || request.clone().send().await.status == 200)
        .await;
    assert_eq!(house.figure("handstamp_gateway_refreshes_total{outcome=\"ended\"}").await, 1);
}

#[tokio::test]
async fn without_a_refresh_cookie_an_expired_token_is_an_expired_token() {
    let house = House::before(echo().await).await;
    let cookie = format!("__Host-Http-at-{}={}", house.address.port(), house.token(house.ada()));
    house.clock.advance(EXPIRED);

    let reply = house.client().header("cookie", &cookie).send().await;

    assert_eq!(reply.code(), (401, "token_expired".to_owned()));
}

#[tokio::test]
async fn two_refresh_cookies_are_refused_rather_than_guessed_about() {
    let house = House::before(echo().await).await;
    let cookies = house.cookies(&house.token(house.ada()));
    let planted = format!("{cookies}; __Host-Http-rt-{}=planted", house.address.port());
    house.clock.advance(EXPIRED);

    assert_eq!(
        house.client().header("cookie", &planted).send().await.code(),
        (401, "token_malformed".to_owned())
    );
    assert_eq!(house.auth.refreshes(), 0);
}

#[tokio::test]
async fn who_does_not_want_it_refreshes_by_itself() {
    let house = House::start("silent_refresh = false", &route("/*", echo().await, "signed_in")).await;
    let port = house.address.port();
    let cookies = format!("__Host-Http-at-{port}={}; __Secure-rt-{port}=hsr_1", house.token(house.ada()));
    house.clock.advance(EXPIRED);

    assert_eq!(
        house.client().header("cookie", &cookies).send().await.code(),
        (401, "token_expired".to_owned())
    );
    let set = house.client().get("/auth/echo").send().await;
    assert!(set.header("set-cookie").unwrap().starts_with(&format!("__Secure-rt-{port}=new; Path=/auth;")));
}
