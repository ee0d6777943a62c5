use std::time::Duration;

use handstamp_e2e::browser::{Browser, Fetch};
use http::Method;

use crate::support::{
    AUTH, InProcess, Log, Reply,
    sites::{NEWS, SHOP, answered, ask, at_three_domains, follow, go, sign_out_at, value, who_at},
};

/// Checks that nobody was signed in, that the page says so, and that nothing on it goes on by itself.
#[track_caller]
fn is_over(page: &str) {
    assert!(page.contains("This sign-in is over"), "{page}");
    assert!(page.contains("href=\"/auth/sign-in"), "{page}");
    assert!(!page.contains("http-equiv=\"refresh\""), "no loop begins here: {page}");
}

/// Signs in on a site, all the way there and back.
async fn carried(browser: &mut Browser<InProcess>, site: &str) {
    let (at, _) = follow(browser, &format!("{site}/auth/sign-in?return_to=%2Fx")).await;
    assert_eq!(at, format!("{site}/x"));
}

fn attempts_in(browser: &Browser<InProcess>) -> usize {
    browser.jar.cookies().iter().filter(|cookie| cookie.name.starts_with("__Host-login-")).count()
}

#[tokio::test]
async fn one_sign_out_ends_every_domain_whether_at_home_or_on_a_site() {
    for from in [AUTH, SHOP] {
        let kit = at_three_domains().await;
        let mut browser = kit.signed_in("ann").await;
        carried(&mut browser, SHOP).await;
        carried(&mut browser, NEWS).await;
        let mut elsewhere = kit.signed_in("ann").await;

        let next = sign_out_at(&mut browser, from).await;

        for domain in [AUTH, SHOP, NEWS] {
            assert_eq!(who_at(&mut browser, domain).await, None, "{domain}, signed out at {from}");
        }
        let page = follow(&mut browser, &next).await.1.page(200);
        assert!(page.contains("You are signed out"), "{page}");
        let (at, _) = follow(&mut browser, &format!("{NEWS}/auth/sign-in")).await;
        assert!(at.starts_with(&format!("{AUTH}/auth/sign-in")), "nobody is let in again by itself: {at}");
        assert_eq!(who_at(&mut elsewhere, AUTH).await.as_deref(), Some("ann"), "other devices go on");
    }
}

#[tokio::test]
async fn each_domain_refreshes_for_itself() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    carried(&mut browser, SHOP).await;
    for _ in 0..3 {
        kit.wait(Duration::from_mins(20));
        browser.now = kit.rules.clock.now().as_second();
        for domain in [SHOP, AUTH] {
            let fetch = Fetch::script(domain, Method::POST, &format!("{domain}/auth/refresh"));
            Reply(browser.fetch(fetch).await.unwrap()).expect(200);
            assert_eq!(who_at(&mut browser, domain).await.as_deref(), Some("ann"), "{domain}");
        }
    }
}

#[tokio::test]
async fn a_replayed_code_signs_nobody_in() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    let question = ask(&mut browser, SHOP, "/").await;
    let kept = browser.jar.clone();
    let answer = answered(&mut browser, &question).await;
    go(&mut browser, AUTH, &answer).await.expect(303);

    is_over(&go(&mut browser, AUTH, &answer).await.page(400));
    assert_eq!(who_at(&mut browser, SHOP).await.as_deref(), Some("ann"), "the first time goes on");

    // With the cookie of the attempt as well, and at another replica.
    let log = Log::listen();
    let replica = kit.another_replica();
    let mut thief = replica.browser_with(kept);
    is_over(&go(&mut thief, AUTH, &answer).await.page(400));
    assert_eq!(who_at(&mut thief, SHOP).await, None);
    assert!(log.with("nobody was signed in on a site").contains("the code was used before"));
}

#[tokio::test]
async fn an_expired_code_signs_nobody_in() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    let question = ask(&mut browser, SHOP, "%2Fcart").await;
    let answer = answered(&mut browser, &question).await;
    kit.wait(Duration::from_mins(1));
    let log = Log::listen();

    let page = go(&mut browser, AUTH, &answer).await.page(400);

    is_over(&page);
    assert!(page.contains("href=\"/auth/sign-in?return_to=%2Fcart\""), "{page}");
    assert_eq!(attempts_in(&browser), 0);
    assert!(log.with("nobody was signed in on a site").contains("the code is too old"));
}

#[tokio::test]
async fn an_expired_attempt_is_over() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    let question = ask(&mut browser, SHOP, "%2Fcart").await;
    kit.wait(Duration::from_mins(10));
    // The browser's clock stands still: it still has the cookie.
    let answer = answered(&mut browser, &question).await;
    let log = Log::listen();

    let page = go(&mut browser, AUTH, &answer).await.page(400);

    is_over(&page);
    assert!(page.contains("href=\"/auth/sign-in?return_to=%2Fcart\""), "{page}");
    assert!(log.with("nobody was signed in on a site").contains("the attempt is too old"));
}

/// Login CSRF: somebody plants their own code in another browser.
#[tokio::test]
async fn a_code_of_another_browser_signs_nobody_in() {
    let kit = at_three_domains().await;
    let mut attacker = kit.signed_in("ann").await;
    let question = ask(&mut attacker, SHOP, "/").await;
    let answer = answered(&mut attacker, &question).await;

    let mut victim = kit.browser();
    is_over(&go(&mut victim, "https://evil.example", &answer).await.page(400));
    assert_eq!(who_at(&mut victim, SHOP).await, None);

    // Even under the name of an attempt that the victim has begun.
    let own = ask(&mut victim, SHOP, "/").await;
    let swapped = answer.replace(&value(&answer, "state"), &value(&own, "state"));
    let log = Log::listen();
    is_over(&go(&mut victim, "https://evil.example", &swapped).await.page(400));
    assert_eq!(who_at(&mut victim, SHOP).await, None);
    assert!(log.with("nobody was signed in on a site").contains("asked for by another attempt"));
}

#[tokio::test]
async fn a_code_for_one_site_is_not_taken_by_another() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    let question = ask(&mut browser, SHOP, "/").await;
    let answer = answered(&mut browser, &question).await;
    let own = ask(&mut browser, NEWS, "/").await;
    let log = Log::listen();

    let there = answer.replace(SHOP, NEWS).replace(&value(&answer, "state"), &value(&own, "state"));
    is_over(&go(&mut browser, AUTH, &there).await.page(400));

    assert_eq!(who_at(&mut browser, NEWS).await, None);
    assert!(log.with("nobody was signed in on a site").contains("the code is for the site shop"));
    go(&mut browser, AUTH, &answer).await.expect(303);
}

#[tokio::test]
async fn a_garbled_code_signs_nobody_in() {
    let kit = at_three_domains().await;
    for wrong in ["", "x", "%25%25", &"A".repeat(200)] {
        let mut browser = kit.signed_in("ann").await;
        let question = ask(&mut browser, SHOP, "/").await;
        let answer = answered(&mut browser, &question).await;
        let garbled = answer.replace(&value(&answer, "code"), wrong);
        is_over(&go(&mut browser, AUTH, &garbled).await.page(400));
        assert_eq!(who_at(&mut browser, SHOP).await, None, "{wrong}");
    }
}

#[tokio::test]
async fn a_garbled_attempt_is_over_and_its_cookie_goes() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    let question = ask(&mut browser, SHOP, "/").await;
    let answer = answered(&mut browser, &question).await;
    let name = format!("__Host-login-{}", value(&answer, "state"));
    let mut cookie = browser.jar.get(&name).unwrap().clone();
    cookie.value = "AgAAAA".to_owned();
    browser.jar.plant(cookie);

    is_over(&go(&mut browser, AUTH, &answer).await.page(400));
    assert_eq!(attempts_in(&browser), 0);
}

#[tokio::test]
async fn an_answer_without_one_state_belongs_to_no_attempt() {
    let kit = at_three_domains().await;
    for query in ["", "?code=x", "?code=x&state=a&state=b"] {
        let mut browser = kit.browser();
        is_over(&go(&mut browser, AUTH, &format!("{SHOP}/auth/carried{query}")).await.page(400));
    }
}

#[tokio::test]
async fn whoever_signed_out_at_home_meanwhile_gets_a_page_and_no_loop() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    let question = ask(&mut browser, SHOP, "%2Fcart").await;
    let answer = answered(&mut browser, &question).await;
    sign_out_at(&mut browser, AUTH).await;

    let page = go(&mut browser, AUTH, &answer).await.page(403);

    assert!(page.contains("Your sign-in ended"), "{page}");
    assert!(page.contains("href=\"/auth/sign-in?return_to=%2Fcart\""), "{page}");
    assert_eq!(who_at(&mut browser, SHOP).await, None);
}

#[tokio::test]
async fn a_browser_that_keeps_no_cookies_gets_a_page_and_no_loop() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    let question = ask(&mut browser, SHOP, "/").await;
    let name = format!("__Host-login-{}", value(&question, "state"));
    browser.jar.remove(&name);

    let answer = answered(&mut browser, &question).await;
    is_over(&go(&mut browser, AUTH, &answer).await.page(400));
}

#[tokio::test]
async fn the_page_speaks_german_too() {
    let kit = at_three_domains().await;
    let reply = kit
        .get("/auth/carried?code=x&state=y")
        .header("host", "shop.two.test")
        .header("accept-language", "de")
        .send()
        .await;
    assert!(reply.page(400).contains("Diese Anmeldung ist vorbei"));
}

#[tokio::test]
async fn the_account_page_shows_one_device_with_its_sites() {
    let kit = at_three_domains().await;
    let mut browser = kit.signed_in("ann").await;
    carried(&mut browser, SHOP).await;
    kit.signed_in("ann").await;
    for domain in [AUTH, SHOP] {
        let page = go(&mut browser, domain, &format!("{domain}/auth/account")).await.page(200);
        assert_eq!(page.matches("<div class=\"device\">").count(), 2, "{page}");
        assert_eq!(page.matches("also at shop").count(), 1, "{page}");
        assert_eq!(page.matches("action=\"/auth/account/end-session\"").count(), 1, "{page}");
    }
    let fetch = Fetch::script(SHOP, Method::GET, &format!("{SHOP}/auth/sessions"));
    let list = Reply(browser.fetch(fetch).await.unwrap()).expect(200).json();
    let here =
        list["sessions"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    assert_eq!(here["site"], "shop");
    assert!(here["carried_from"].is_string());
}

#[tokio::test]
async fn without_sites_no_host_is_one() {
    let (kit, mut browser) = crate::support::Kit::with_ann().await;
    kit.get("/auth/carried?code=x&state=y").header("host", "shop.two.test").send().await.expect(404);
    go(&mut browser, SHOP, &format!("{AUTH}/auth/carry?site=shop&challenge=x&state=y")).await.expect(404);
}
