use handstamp_e2e::browser::Fetch;
use http::Method;

use crate::support::{
    APP, AUTH, Reply,
    sites::{NEWS, SHOP, answered, ask, at_three_domains, follow, go, signs_in_at_home, value, who_at},
};

#[tokio::test]
async fn whoever_is_signed_in_at_home_is_signed_in_on_a_site_without_typing() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    assert_eq!(who_at(&mut browser, SHOP).await, None);

    let (at, _) = follow(&mut browser, &format!("{SHOP}/auth/sign-in?return_to=%2Fcart%3Fx%3D1")).await;

    assert_eq!(at, format!("{SHOP}/cart?x=1"));
    for domain in [AUTH, SHOP] {
        assert_eq!(who_at(&mut browser, domain).await.as_deref(), Some("ann"), "{domain}");
    }
    assert_eq!(who_at(&mut browser, NEWS).await, None, "each site is asked for");
    assert!(browser.dropped.is_empty(), "{:?}", browser.dropped);
}

#[tokio::test]
async fn whoever_is_not_signs_in_at_home_first_and_nowhere_else() {
    let kit = at_three_domains().await;
    let mut browser = kit.browser();

    let (at, reply) = follow(&mut browser, &format!("{SHOP}/auth/sign-in?return_to=%2Fcart")).await;
    assert!(at.starts_with(&format!("{AUTH}/auth/sign-in?return_to=%2Fauth%2Fcarry")), "{at}");
    let policy = reply.header("content-security-policy").to_owned();
    assert!(policy.contains(&format!("form-action 'self' {SHOP}")), "{policy}");
    assert!(reply.page(200).contains("name=\"password\""));

    let next = signs_in_at_home(&mut browser, &value(&at, "return_to")).await.sent_on();
    let (at, _) = follow(&mut browser, &format!("{AUTH}{next}")).await;
    assert_eq!(at, format!("{SHOP}/cart"));
    assert_eq!(who_at(&mut browser, SHOP).await.as_deref(), Some("ann"));
}

#[tokio::test]
async fn whoever_signs_in_at_home_on_the_way_to_a_site_is_carried_there() {
    let kit = at_three_domains().await;
    let mut browser = kit.browser();
    let next = signs_in_at_home(&mut browser, &format!("{SHOP}/cart")).await.sent_on();
    assert!(next.starts_with(&format!("{SHOP}/auth/sign-in?")), "{next}");

    let (at, _) = follow(&mut browser, &next).await;
    assert_eq!(at, format!("{SHOP}/cart"));
    assert_eq!(who_at(&mut browser, SHOP).await.as_deref(), Some("ann"));
}

#[tokio::test]
async fn nobody_is_sent_anywhere_but_to_a_site_of_the_configuration() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    let question = ask(&mut browser, SHOP, "/").await;

    for (site, status) in [("evil", 404), ("", 404), (SHOP, 404), ("shop&site=news", 404)] {
        let question = question.replace("site=shop", &format!("site={site}"));
        let reply = go(&mut browser, SHOP, &question).await.expect(status);
        assert_eq!(reply.header("location"), "", "{site}");
    }
}

#[tokio::test]
async fn a_question_that_is_none_gets_no_code() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    let question = ask(&mut browser, SHOP, "/").await;
    for name in ["challenge", "state"] {
        for wrong in ["", "x", "%26code%3Dy"] {
            let question = question.replace(&value(&question, name), wrong);
            assert_eq!(go(&mut browser, SHOP, &question).await.expect(422).header("location"), "", "{name}");
        }
    }
}

/// Access tokens go to services: whoever has copied one must not make a session of it that outlives it.
#[tokio::test]
async fn a_token_without_its_session_is_carried_nowhere() {
    let kit = at_three_domains().await;
    let question = ask(&mut kit.browser(), SHOP, "/").await;
    let path = question.strip_prefix(AUTH).unwrap();
    let (token, refresh) = kit.tokens("ann").await;
    let (_, refresh_of_another) = kit.tokens("ann").await;
    let names = kit.app.cookie_names().clone();
    let beside = |refresh: &str| format!("{}={token}; {}={refresh}", names.access, names.refresh);

    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        ("cookie", format!("{}={token}", names.access)),
        ("cookie", beside("hsr_made_up")),
        ("cookie", beside(&refresh_of_another)),
    ] {
        for from in [None, Some("none"), Some("same-origin"), Some("cross-site")] {
            let call = kit.get(path).header(name, value.as_str());
            let call = from.into_iter().fold(call, |call, from| call.header("sec-fetch-site", from));
            let page = call.send().await.page(200);
            assert!(page.contains("name=\"password\"") || page.contains("http-equiv=\"refresh\""), "{page}");
        }
    }
    let to = kit.get(path).cookies(&beside(&refresh)).send().await.sent_on();
    assert!(to.starts_with(&format!("{SHOP}/auth/carried?code=")), "{to}");
}

/// Of a visit that began with a typed address Firefox says `none`, and keeps the refresh cookie back after a redirect from site to site.
#[tokio::test]
async fn a_visit_that_began_with_a_typed_address_comes_again_with_its_session() {
    let kit = at_three_domains().await;
    let question = ask(&mut kit.browser(), SHOP, "/").await;
    let path = question.strip_prefix(AUTH).unwrap();
    let (token, refresh) = kit.tokens("ann").await;
    let names = kit.app.cookie_names().clone();
    let access = format!("{}={token}", names.access);
    let come =
        |cookies: &str, from| kit.get(path).header("cookie", cookies).header("sec-fetch-site", from).send();

    let first = come(&access, "none").await.page(200);

    assert!(first.contains("http-equiv=\"refresh\"") && !first.contains("name=\"password\""), "{first}");
    let to = come(&format!("{access}; {}={refresh}", names.refresh), "same-origin").await.sent_on();
    assert!(to.starts_with(&format!("{SHOP}/auth/carried?code=")), "{to}");
    assert!(come(&access, "same-origin").await.page(200).contains("name=\"password\""), "once is enough");
}

/// The sign-in page would send on whoever has a token, and home would send them back there.
#[tokio::test]
async fn a_browser_that_has_lost_its_session_types_the_password_and_goes_on() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    browser.jar.remove(&kit.app.cookie_names().refresh);

    let (at, reply) = follow(&mut browser, &format!("{SHOP}/auth/sign-in?return_to=%2Fcart")).await;
    assert!(at.starts_with(&format!("{AUTH}/auth/carry?")), "{at}");
    let policy = reply.header("content-security-policy").to_owned();
    assert!(policy.contains(&format!("form-action 'self' {SHOP}")), "{policy}");
    assert!(reply.page(200).contains("name=\"password\""));

    let next = signs_in_at_home(&mut browser, at.strip_prefix(AUTH).unwrap()).await.sent_on();
    let (at, _) = follow(&mut browser, &format!("{AUTH}{next}")).await;
    assert_eq!(at, format!("{SHOP}/cart"));
}

/// Somewhere else it would lead to pages that home's form must not lead to.
#[tokio::test]
async fn nobody_is_carried_to_a_site_on_the_way_to_somewhere_else() {
    let kit = at_three_domains().await;
    for elsewhere in ["https%3A%2F%2Fevil.example%2F", "%2F%2Fevil.example", &format!("{APP}%2Fx"), AUTH] {
        let mut browser = kit.signed_in("ann").await;
        let (at, _) = follow(&mut browser, &format!("{SHOP}/auth/sign-in?return_to={elsewhere}")).await;
        assert!(at.starts_with(&format!("{SHOP}/")), "{elsewhere}: {at}");
    }
}

#[tokio::test]
async fn nothing_is_carried_within_a_page_of_somebody_else() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    let question = ask(&mut browser, SHOP, "/").await;
    let tokens = kit.tokens("ann").await.0;
    let path = question.strip_prefix(AUTH).unwrap();

    let framed = kit.get(path).bearer(&tokens).header("sec-fetch-mode", "navigate");
    let reply = framed.header("sec-fetch-dest", "iframe").send().await.expect(422);
    assert_eq!(reply.header("location"), "");
    let fetched = Fetch::script(SHOP, Method::GET, &question).with_credentials();
    if let Ok(reply) = browser.fetch(fetched).await {
        assert_eq!(Reply(reply).header("location"), "");
    }
}

#[tokio::test]
async fn a_site_carries_nothing_on_and_home_takes_nothing() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    let question = ask(&mut browser, SHOP, "/").await;
    go(&mut browser, SHOP, &question.replace(AUTH, SHOP)).await.expect(404);

    let answer = answered(&mut browser, &question).await;
    go(&mut browser, AUTH, &answer.replace(SHOP, AUTH)).await.expect(404);
}

#[tokio::test]
async fn a_code_is_in_no_cache_no_referrer_and_no_log() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    let question = ask(&mut browser, SHOP, "/").await;
    let log = crate::support::Log::listen();

    go(&mut browser, SHOP, &question).await.expect(200);
    let reply = go(&mut browser, &question, &question).await.expect(303);
    assert_eq!((reply.header("cache-control"), reply.header("referrer-policy")), ("no-store", "no-referrer"));
    let code = value(reply.header("location"), "code");
    go(&mut browser, AUTH, reply.header("location")).await.expect(303);

    let lines = log.with("/auth/carried");
    assert!(!lines.contains(&code), "{lines}");
}

#[tokio::test]
async fn links_to_upstreams_on_a_site_begin_at_home() {
    use handstamp_core::test_support::FixedClock;
    let text = format!(
        "[sites.shop]\nurl = \"{SHOP}\"\n[upstreams.corp]\nissuer = \"https://id.example\"\nclient_id = \"x\"\n"
    );
    let kit = crate::support::Kit::configured(&text, crate::support::SECRET, FixedClock::new()).await;
    let mut browser = kit.browser();

    let to = go(&mut browser, SHOP, &format!("{SHOP}/auth/login/corp")).await.sent_on();
    assert!(to.starts_with(&format!("{AUTH}/auth/carry?site=shop")), "{to}");
    let to = go(&mut browser, SHOP, &format!("{SHOP}/auth/login/corp?link=1")).await.sent_on();
    assert_eq!(to, format!("{AUTH}/auth/account"));
}
