use std::time::Duration;

use handstamp_e2e::browser::Browser;
use http::Method;
use serde_json::{Value, json};

use super::world::{World, ann};
use crate::support::{Answer, InProcess, Reply, Wrong, own, whoami};

const EVERY_HOUR: &str = "create = true\nrecheck_every = \"1h\"\nrecheck_grace = \"15m\"\n";
const HOUR: Duration = Duration::from_hours(1);

async fn refresh(browser: &mut Browser<InProcess>) -> Reply {
    Reply(browser.fetch(own(Method::POST, "/auth/refresh")).await.expect("nothing blocks it"))
}

/// Somebody who signed in through the upstream an hour ago.
async fn an_hour_later(lines: &str, person: Value) -> (World, Browser<InProcess>) {
    signed_in_an_hour_ago(World::with(lines).await, person).await
}

async fn signed_in_an_hour_ago(world: World, person: Value) -> (World, Browser<InProcess>) {
    let mut browser = world.kit.browser();
    world.sign_in(&mut browser, person).await;
    world.kit.wait(HOUR);
    (world, browser)
}

fn away(path: &'static str) -> Wrong {
    Wrong { answer: Some((path, Answer::Status(503))), ..Wrong::default() }
}

#[tokio::test]
async fn before_it_is_time_the_upstream_is_not_asked() {
    let world = World::with(EVERY_HOUR).await;
    let mut browser = world.kit.browser();
    world.sign_in(&mut browser, ann()).await;
    let asked = world.upstream.asked("/token");

    world.kit.wait(HOUR.saturating_sub(Duration::from_secs(1)));
    refresh(&mut browser).await.expect(200);

    assert_eq!(world.upstream.asked("/token"), asked);
}

#[tokio::test]
async fn a_session_that_goes_on_there_goes_on_here() {
    let (world, mut browser) = an_hour_later(EVERY_HOUR, ann()).await;

    refresh(&mut browser).await.expect(200);

    assert_eq!(world.upstream.last_form()["grant_type"], "refresh_token");
    whoami(&mut browser).await.expect(200);
}

/// Each refresh token of the upstream's is good once: the one that came with the last answer is the next to be shown.
#[tokio::test]
async fn it_is_asked_again_and_again_with_the_newest_token() {
    let (world, mut browser) = an_hour_later(EVERY_HOUR, ann()).await;
    for _ in 0..3 {
        refresh(&mut browser).await.expect(200);
        world.kit.wait(HOUR);
    }
    assert_eq!(world.upstream.asked("/token"), 4);
}

#[tokio::test]
async fn a_session_that_ended_there_ends_here() {
    let (world, mut browser) = an_hour_later(EVERY_HOUR, ann()).await;
    world.upstream.ends_sessions();

    refresh(&mut browser).await.refused(401, "session_ended");

    whoami(&mut browser).await.expect(401);
}

#[tokio::test]
async fn roles_that_are_gone_there_are_gone_here() {
    let lines = format!(
        "{EVERY_HOUR}claims = {{ roles = \"groups\" }}\n[upstreams.corp.roles]\nstaff = [\"buyer\"]\n"
    );
    let mut person = ann();
    person["groups"] = json!(["staff"]);
    let (world, mut browser) = an_hour_later(&lines, person.clone()).await;
    person["groups"] = json!([]);
    world.upstream.says_now(&person);

    refresh(&mut browser).await.expect(200);

    assert_eq!(whoami(&mut browser).await.expect(200).json()["roles"], json!([]));
}

/// Silence about roles is no news: only what the upstream says counts.
#[tokio::test]
async fn roles_of_which_it_says_nothing_stay() {
    let lines = format!(
        "{EVERY_HOUR}claims = {{ roles = \"groups\" }}\n[upstreams.corp.roles]\nstaff = [\"buyer\"]\n"
    );
    let mut person = ann();
    person["groups"] = json!(["staff"]);
    let (world, mut browser) = an_hour_later(&lines, person).await;
    world.upstream.says_now(&ann());

    refresh(&mut browser).await.expect(200);

    assert_eq!(whoami(&mut browser).await.expect(200).json()["roles"], json!(["buyer"]));
}

/// The upstream has taken the token and given the next one: to lose that for want of a second answer would sign people out an hour later.
#[tokio::test]
async fn an_answer_without_a_person_keeps_the_session_and_the_next_token() {
    let (world, mut browser) = an_hour_later(EVERY_HOUR, ann()).await;
    world.upstream.wrong(away("/userinfo"));
    refresh(&mut browser).await.expect(200);

    world.upstream.wrong(Wrong::default());
    world.kit.wait(HOUR);

    refresh(&mut browser).await.expect(200);
}

/// After as long as a request may take, another replica asks with the token that it knows. By then the next one has to be known.
#[tokio::test]
async fn what_is_asked_besides_does_not_take_longer_than_there_is() {
    let world = World::served("request_timeout = \"800ms\"\n", EVERY_HOUR).await;
    let (world, mut browser) = signed_in_an_hour_ago(world, ann()).await;
    let slow = Duration::from_millis(450);
    world.upstream.wrong(Wrong { slow, ..Wrong::default() });

    refresh(&mut browser).await.expect(200);

    assert_eq!(world.upstream.asked("/userinfo"), 2, "who they are was asked at the sign-in, and again");
}

#[tokio::test]
async fn a_token_that_is_somebody_elses_by_now_ends_the_session() {
    let (world, mut browser) = an_hour_later(EVERY_HOUR, ann()).await;
    world.upstream.says_now(&json!({ "sub": "there-bob" }));

    refresh(&mut browser).await.refused(401, "session_ended");
}

#[tokio::test]
async fn an_upstream_that_is_away_signs_nobody_out() {
    let (world, mut browser) = an_hour_later(EVERY_HOUR, ann()).await;
    world.upstream.wrong(away("/token"));

    refresh(&mut browser).await.expect(200);

    whoami(&mut browser).await.expect(200);
}

#[tokio::test]
async fn after_the_grace_there_are_no_new_tokens_until_it_is_back() {
    let (world, mut browser) = an_hour_later(EVERY_HOUR, ann()).await;
    world.upstream.wrong(away("/token"));
    world.kit.wait(Duration::from_mins(15));

    let reply = refresh(&mut browser).await;

    assert_eq!(reply.0.headers()["retry-after"], "10");
    reply.refused(503, "unavailable");
    world.upstream.wrong(Wrong::default());
    world.kit.wait(Duration::from_mins(1));
    refresh(&mut browser).await.expect(200);
}

/// A page asks who is here by another way, which refreshes as well.
#[tokio::test]
async fn a_page_that_starts_hears_it_too() {
    let (world, mut browser) = an_hour_later(EVERY_HOUR, ann()).await;
    world.upstream.ends_sessions();

    let reply = Reply(browser.fetch(own(Method::POST, "/auth/session")).await.unwrap());

    reply.refused(401, "session_ended");
}

#[tokio::test]
async fn a_session_that_began_with_a_password_is_nobody_elses_business() {
    let world = World::with(EVERY_HOUR).await;
    world.kit.user("bob").await;
    let mut browser = world.kit.signed_in("bob").await;
    world.kit.wait(HOUR);
    world.upstream.wrong(away("/token"));

    refresh(&mut browser).await.expect(200);
}

/// However many tabs refresh at once, the upstream's token is shown once.
#[tokio::test]
async fn many_tabs_ask_once() {
    let (world, browser) = an_hour_later(EVERY_HOUR, ann()).await;
    let asked = world.upstream.asked("/token");
    let tabs = (0..8).map(|_| {
        let mut tab = world.kit.browser_with(browser.jar.clone());
        async move { refresh(&mut tab).await.expect(200) }
    });

    futures_util::future::join_all(tabs).await;

    assert_eq!(world.upstream.asked("/token"), asked + 1);
}
