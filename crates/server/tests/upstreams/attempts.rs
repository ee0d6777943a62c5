use std::time::Duration;

use handstamp_e2e::browser::Browser;

use super::world::{World, ann, attempts_in, who};
use crate::support::{InProcess, Log, visit};

/// What a browser's requests carry of attempts.
fn header_len(browser: &Browser<InProcess>) -> usize {
    let attempts = browser.jar.cookies().iter().filter(|cookie| cookie.name.starts_with("__Host-login-"));
    attempts.map(|cookie| cookie.name.len() + cookie.value.len() + 3).sum()
}

/// Checks that nobody was signed in, and that people can start again.
#[track_caller]
fn is_over(page: &str, to: &str) {
    assert!(page.contains("This sign-in is over"), "{page}");
    assert!(page.contains(&format!("href=\"{to}\"")), "{to}: {page}");
    assert!(!page.contains("http-equiv=\"refresh\""), "no loop begins here: {page}");
}

#[tokio::test]
async fn eight_tabs_of_one_browser_do_not_disturb_each_other() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    let mut tabs = Vec::new();
    for tab in 0..8 {
        tabs.push(world.begin(&mut browser, &format!("?return_to=%2Forders%2F{tab}")).await);
    }
    assert_eq!(attempts_in(&browser).len(), 8);

    // In another order than they were begun.
    for (tab, sent_to) in tabs.iter().enumerate().rev() {
        let back = world.upstream.signs_in(sent_to, ann());
        assert_eq!(world.come_back(&mut browser, &back).await.sent_on(), format!("/orders/{tab}"));
    }
    assert!(attempts_in(&browser).is_empty());
}

#[tokio::test]
async fn any_replica_finishes_what_another_has_begun() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    let sent_to = world.begin(&mut browser, "?return_to=%2Forders").await;

    let replica = World { kit: world.kit.another_replica(), upstream: world.upstream };
    let mut browser = replica.kit.browser_with(browser.jar);
    let back = replica.upstream.signs_in(&sent_to, ann());

    assert_eq!(replica.come_back(&mut browser, &back).await.sent_on(), "/orders");
    assert_eq!(who(&mut browser).await.as_deref(), Some("ann"));
}

#[tokio::test]
async fn what_was_finished_is_over() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    let sent_to = world.begin(&mut browser, "").await;
    let back = world.upstream.signs_in(&sent_to, ann());
    world.come_back(&mut browser, &back).await.sent_on();

    let page = world.come_back(&mut browser, &back).await.page(400);

    is_over(&page, "/auth/login/corp");
    assert_eq!(who(&mut browser).await.as_deref(), Some("ann"), "the session of the first time goes on");
    world.counted("attempt_unknown").await;
}

#[tokio::test]
async fn an_attempt_whose_cookie_was_kept_is_good_once_on_whichever_replica() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    let sent_to = world.begin(&mut browser, "").await;
    let kept = browser.jar.clone();
    let back = world.upstream.signs_in(&sent_to, ann());
    world.come_back(&mut browser, &back).await.sent_on();

    // With a fresh code, as whoever holds the cookie and a session at the upstream could get.
    let again = world.upstream.signs_in(&sent_to, ann());
    let replica = World { kit: world.kit.another_replica(), upstream: world.upstream };
    let mut thief = replica.kit.browser_with(kept);
    let page = replica.come_back(&mut thief, &again).await.page(400);

    is_over(&page, "/auth/login/corp");
    assert_eq!(who(&mut thief).await, None);
    replica.counted("attempt_used").await;
}

#[tokio::test]
async fn an_attempt_that_took_too_long_is_over_and_remembers_where_people_wanted_to_go() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    let sent_to = world.begin(&mut browser, "?return_to=%2Forders").await;
    world.kit.wait(Duration::from_mins(10));

    let back = world.upstream.signs_in(&sent_to, ann());
    let page = world.come_back(&mut browser, &back).await.page(400);

    is_over(&page, "/auth/login/corp?return_to=%2Forders");
    assert_eq!(world.upstream.asked("/token"), 0, "its code is not even shown to the upstream");
    assert!(attempts_in(&browser).is_empty());
    world.counted("attempt_expired").await;
}

/// Login CSRF: somebody makes another browser finish what they have begun.
#[tokio::test]
async fn an_attempt_of_another_browser_signs_nobody_in() {
    let world = World::new().await;
    let mut attacker = world.kit.browser();
    let sent_to = world.begin(&mut attacker, "").await;
    let back = world.upstream.signs_in(&sent_to, ann());

    let mut victim = world.kit.browser();
    let page = world.come_back(&mut victim, &back).await.page(400);

    is_over(&page, "/auth/login/corp");
    assert_eq!(who(&mut victim).await, None);
    assert_eq!(world.upstream.asked("/token"), 0);
}

#[tokio::test]
async fn an_answer_without_one_state_belongs_to_no_attempt() {
    let world = World::new().await;
    for path in
        ["/auth/callback/corp", "/auth/callback/corp?code=x", "/auth/callback/corp?code=x&state=a&state=b"]
    {
        let mut browser = world.kit.browser();
        is_over(&visit(&mut browser, path).await.page(400), "/auth/login/corp");
    }
    assert!(world.figures().await.contains("outcome=\"attempt_unknown\"} 3"));
}

#[tokio::test]
async fn a_garbled_attempt_is_over_and_its_cookie_goes() {
    let world = World::new().await;
    for value in ["", "x", "%%%", "AgAAAA", &"A".repeat(300), &"A".repeat(4000)] {
        let log = Log::listen();
        let mut browser = world.kit.browser();
        let sent_to = world.begin(&mut browser, "").await;
        let name = attempts_in(&browser).remove(0);
        let mut cookie = browser.jar.get(&name).unwrap().clone();
        cookie.value = value.to_owned();
        browser.jar.plant(cookie);

        let back = world.upstream.signs_in(&sent_to, ann());
        let page = world.come_back(&mut browser, &back).await.page(400);

        is_over(&page, "/auth/login/corp");
        assert!(attempts_in(&browser).is_empty(), "{value:?}");
        assert!(log.with("cannot be opened").contains("upstream=\"corp\""), "{value:?}");
    }
    assert_eq!(world.upstream.asked("/token"), 0);
}

#[tokio::test]
async fn a_state_as_long_as_a_novel_is_just_unknown() {
    let world = World::new().await;
    let path = format!("/auth/callback/corp?code=x&state={}", "s".repeat(20_000));

    is_over(&visit(&mut world.kit.browser(), &path).await.page(400), "/auth/login/corp");
}

/// RFC 9700 §4.4.2: one upstream must not be able to hand in what another has answered.
#[tokio::test]
async fn rfc9700_4_4_2_an_attempt_at_one_upstream_is_not_finished_at_another() {
    let world = World::with(
        "create = true\n[upstreams.other]\nissuer = \"https://other.example\"\nclient_id = \"handstamp\"\n",
    )
    .await;
    let mut browser = world.kit.browser();
    let sent_to = world.begin(&mut browser, "").await;
    let back = world.upstream.signs_in(&sent_to, ann());

    let mixed_up = back.replace("/callback/corp", "/callback/other");
    is_over(&world.come_back(&mut browser, &mixed_up).await.page(400), "/auth/login/other");

    assert_eq!(world.upstream.asked("/token"), 0);
    world.come_back(&mut browser, &back).await.sent_on();
}

#[tokio::test]
async fn attempts_that_nobody_finishes_do_not_pile_up() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    let mut sent = Vec::new();
    for _ in 0..40 {
        sent.push(world.begin(&mut browser, "?return_to=%2Forders").await);
        world.kit.wait(Duration::from_secs(1));
        assert!(header_len(&browser) <= 3 * 1024, "{}", header_len(&browser));
    }
    assert!(attempts_in(&browser).len() >= 8, "{}", attempts_in(&browser).len());

    let newest = world.upstream.signs_in(sent.last().unwrap(), ann());
    let oldest = world.upstream.signs_in(&sent[0], ann());
    is_over(&world.come_back(&mut browser, &oldest).await.page(400), "/auth/login/corp");
    assert_eq!(world.come_back(&mut browser, &newest).await.sent_on(), "/orders");
}

#[tokio::test]
async fn the_longest_way_back_still_comes_back() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    let long = format!("/{}", "x".repeat(2047));

    let sent_to = world.begin(&mut browser, &format!("?return_to={long}")).await;
    let back = world.upstream.signs_in(&sent_to, ann());

    assert_eq!(world.come_back(&mut browser, &back).await.sent_on(), long);
    assert!(browser.dropped.is_empty(), "{:?}", browser.dropped);
}
