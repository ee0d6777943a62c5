use std::time::Duration;

use http::Method;

use crate::support::{APP, Kit, own, visit, visit_from, whoami};

const PAGE: &str = "/auth/account";

#[tokio::test]
async fn the_page_shows_the_visitors_own_devices() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    kit.user("bob").await;
    kit.tokens("bob").await;
    kit.tokens("ann").await;
    kit.wait(Duration::from_mins(5));
    let mut browser = kit.signed_in("ann").await;

    let page = visit(&mut browser, PAGE).await.page(200);

    assert!(page.contains("You are signed in as ann."), "{page}");
    assert_eq!(page.matches("<li>").count(), 2, "{page}");
    assert_eq!(page.matches("This device").count(), 1, "{page}");
    assert_eq!(
        page.matches("action=\"/auth/account/end-session\"").count(),
        1,
        "this one ends by signing out"
    );
    assert!(page.contains("Last seen: 5 minutes ago"), "{page}");
    assert_eq!(page.matches("action=\"/auth/account/end-others\"").count(), 1, "{page}");
}

#[tokio::test]
async fn one_device_alone_has_no_others_to_end() {
    let (_, mut browser) = Kit::with_ann().await;

    let page = visit(&mut browser, PAGE).await.page(200);

    assert!(
        !page.contains("/auth/account/end-others") && !page.contains("/auth/account/end-session"),
        "{page}"
    );
}

/// A password manager has to know whose new password it keeps.
#[tokio::test]
async fn the_password_form_names_the_user() {
    let (_, mut browser) = Kit::with_ann().await;

    let page = visit(&mut browser, PAGE).await.page(200);

    assert!(page.contains("value=\"ann\" autocomplete=\"username\" readonly hidden>"), "{page}");
    assert!(page.contains("autocomplete=\"current-password\""), "{page}");
    assert!(page.contains("autocomplete=\"new-password\""), "{page}");
    assert!(page.contains("At least 15 characters."), "{page}");
}

#[tokio::test]
async fn nobody_signed_in_is_asked_to_sign_in_and_comes_back() {
    let kit = Kit::new().await;

    let reply = visit(&mut kit.browser(), "/auth/account?done=renamed").await;

    assert_eq!(reply.sent_on(), "/auth/sign-in?return_to=%2Fauth%2Faccount");
}

#[tokio::test]
async fn a_session_that_was_ended_elsewhere_shows_nothing() {
    let (kit, mut browser) = Kit::with_ann().await;
    let mut other = kit.signed_in("ann").await;
    other.fetch(own(Method::POST, "/auth/sessions/end-others")).await.unwrap();

    let reply = visit(&mut browser, PAGE).await;

    assert_eq!(reply.sent_on(), "/auth/sign-in?return_to=%2Fauth%2Faccount");
}

#[tokio::test]
async fn an_expired_token_is_renewed_on_the_way() {
    let (kit, mut browser) = Kit::with_ann().await;
    kit.wait(Duration::from_hours(1));
    browser.now += 3600;

    let reply = visit(&mut browser, PAGE).await;

    assert_eq!(reply.set_cookies().len(), 3);
    reply.page(200);
    whoami(&mut browser).await.expect(200);
}

#[tokio::test]
async fn an_expired_token_alone_shows_nothing() {
    let (kit, mut browser) = Kit::with_ann().await;
    browser.jar.remove("__Secure-rt");
    kit.wait(Duration::from_hours(1));
    browser.now += 3600;

    visit(&mut browser, PAGE).await.sent_on();
}

#[tokio::test]
async fn whoever_follows_a_link_of_an_app_after_lunch_is_let_in_at_the_second_try() {
    let (kit, mut browser) = Kit::with_ann().await;
    kit.wait(Duration::from_hours(1));
    browser.now += 3600;

    let page = visit_from(&mut browser, APP, PAGE).await.page(200);
    assert!(page.contains("http-equiv=\"refresh\"") && !page.contains("ann"), "{page}");

    visit_from(&mut browser, crate::support::AUTH, PAGE).await.page(200);
}

/// To a page of a sibling host ours is same-site: what it loads from us brings the `SameSite=Strict` cookie along.
#[tokio::test]
async fn a_picture_in_a_page_of_a_sibling_keeps_no_session_alive() {
    let (kit, browser) = Kit::with_ann().await;
    let cookies = browser.jar.cookies().iter().map(|c| format!("{}={}", c.name, c.value)).collect::<Vec<_>>();
    kit.wait(Duration::from_hours(1));
    let look = async |site: &str, mode: &str, dest: &str| {
        let call = kit.get(PAGE).cookies(&cookies.join("; ")).header("sec-fetch-site", site);
        call.header("sec-fetch-mode", mode).header("sec-fetch-dest", dest).send().await
    };

    for (mode, dest) in
        [("no-cors", "image"), ("no-cors", "empty"), ("cors", "empty"), ("navigate", "iframe")]
    {
        for site in ["same-site", "cross-site"] {
            let reply = look(site, mode, dest).await;
            assert!(reply.set_cookies().is_empty(), "{site} {mode} {dest}");
        }
    }

    // A link that somebody follows, and a service worker of our own host that passes it on.
    for (site, mode, dest) in [("same-site", "navigate", "document"), ("same-origin", "same-origin", "empty")]
    {
        let reply = look(site, mode, dest).await;
        assert!(!reply.set_cookies().is_empty(), "{site} {mode} {dest}");
        reply.page(200);
    }
}

#[tokio::test]
async fn what_was_done_is_said_only_in_our_own_words() {
    let (_, mut browser) = Kit::with_ann().await;

    let page = visit(&mut browser, "/auth/account?done=renamed").await.page(200);
    assert!(page.contains("role=\"status\">The device has its new name."), "{page}");
    for made_up in ["Call%20555-0100", "%3Cscript%3E", "RENAMED", ""] {
        let page = visit(&mut browser, &format!("/auth/account?done={made_up}")).await.page(200);
        assert!(!page.contains("role=\"status\""), "{page}");
    }
}

#[tokio::test]
async fn the_name_of_a_device_is_text_and_nothing_else() {
    let (_, mut browser) = Kit::with_ann().await;
    let list = browser.fetch(own(Method::GET, "/auth/sessions")).await.unwrap();
    let list: serde_json::Value = serde_json::from_slice(list.body()).unwrap();
    let sid = list["sessions"][0]["sid"].as_str().unwrap();
    let rename = own(Method::PATCH, &format!("/auth/sessions/{sid}"));
    let body = serde_json::json!({ "device": "\"><script>alert(1)</script>" }).to_string();
    assert_eq!(browser.fetch(rename.json(body)).await.unwrap().status(), 204);

    let page = visit(&mut browser, PAGE).await.page(200);

    assert!(!page.contains("<script>") && page.contains("&quot;&gt;&lt;script&gt;alert(1)"), "{page}");
}

#[tokio::test]
async fn a_store_that_is_away_is_a_calm_page() {
    let (kit, mut browser) = Kit::with_ann().await;
    kit.store.set_away(true);

    let reply = visit(&mut browser, PAGE).await;

    assert_eq!(reply.header("retry-after"), "2");
    assert!(reply.page(503).contains("nothing is lost"));
}
