use std::time::{Duration, Instant};

use handstamp_e2e::program::run_with_stdin;
use http::Method;
use serde_json::{Value, json};

use crate::support::{Demo, PATIENCE, Tab};

/// Returns what the profiles service says of somebody in the organisation of the tab's user.
async fn profile_of(tab: &mut Tab<'_>, sub: &Value) -> Value {
    let profiles = tab.demo.told["services"]["profiles"].as_str().expect("a URL").to_owned();
    let url = format!("{profiles}/profiles/{}", sub.as_str().expect("an id"));
    let reply = tab.send(Method::GET, &url, None).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body
}

async fn sub_of(tab: &mut Tab<'_>) -> Value {
    tab.auth(Method::GET, "/auth/whoami", None).await.body["sub"].clone()
}

/// Sets somebody's profile as an operator does.
fn tell(demo: &Demo, name: &str, profile: &Value) {
    let command = ["user", "set-profile", name, "--data", "kept/auth"];
    run_with_stdin(demo.folder.path(), command, profile.to_string().as_bytes()).ok();
}

/// By the feed: the copy in the profiles service would otherwise be good for minutes. And nobody's token is the worse for it.
#[tokio::test]
async fn a_new_name_is_at_the_service_within_moments_and_nobody_has_to_refresh() {
    let demo = Demo::start_with(&["--port-base", "0", "--data", "kept"], &[]);
    let mut ada = demo.tab_of("ada").await;
    let sub = sub_of(&mut ada).await;
    let before = profile_of(&mut ada, &sub).await;
    assert_eq!((&before["name"], &before["title"]), (&json!("Ada Okafor"), &json!("Head of purchasing")));

    tell(&demo, "ada", &json!({ "name": "Ada Okafor-Weiss" }));

    let told = Instant::now();
    let mut now = before;
    while now["name"] != "Ada Okafor-Weiss" {
        assert!(told.elapsed() < Duration::from_secs(5).max(PATIENCE / 4), "{now}");
        tokio::time::sleep(Duration::from_millis(5)).await;
        // Asked with the token of before, each time with success.
        now = profile_of(&mut ada, &sub).await;
    }
    println!("a new profile was at the service after {:?}", told.elapsed());
    assert_eq!(now.get("title"), None, "what was there before is gone");
    let list = ada.orders(Method::GET, "/orders", None).await;
    assert!(
        list.body["orders"]
            .as_array()
            .expect("orders")
            .iter()
            .any(|order| order["buyer_name"] == now["name"]),
        "the orders service hears of it from the profiles service: {list:?}"
    );
}

#[tokio::test]
async fn somebody_of_another_organisation_is_not_there() {
    let demo = Demo::start();
    let mut ada = demo.tab_of("ada").await;
    let doras = sub_of(&mut demo.tab_of("dora").await).await;

    let profiles = demo.told["services"]["profiles"].as_str().expect("a URL");
    let url = format!("{profiles}/profiles/{}", doras.as_str().expect("an id"));
    assert_eq!(ada.send(Method::GET, &url, None).await.code(), (404, "not_found"));
    // Nor at the auth service itself.
    let path = format!("/profiles/{}", doras.as_str().expect("an id"));
    assert_eq!(ada.auth(Method::GET, &path, None).await.code(), (404, "not_found"));
}

/// What was read goes on, and so do names beside orders.
#[tokio::test]
async fn while_the_auth_service_is_away_names_go_on() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;
    let sub = sub_of(&mut ben).await;
    profile_of(&mut ben, &sub).await;
    let url = format!("{}control/away", demo.app());
    assert!(ben.send(Method::POST, &url, None).await.status < 300);
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let asked = Instant::now();
    while client.get(demo.auth("/health/live")).send().await.is_ok() {
        assert!(asked.elapsed() < PATIENCE, "it does not go away");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    assert_eq!(profile_of(&mut ben, &sub).await["name"], "Ben Lindqvist");
}

#[tokio::test]
async fn data_that_is_kept_keeps_what_was_told_whatever_the_ports() {
    let keep = ["--port-base", "0", "--data", "kept"];
    let first = Demo::start_with(&keep, &[]);
    tell(&first, "ben", &json!({ "name": "Benjamin Lindqvist" }));
    let Demo { running, folder, .. } = first;
    running.stop();

    let second = Demo::start_in(folder, &keep, &[]);

    let mut ben = second.tab_of("ben").await;
    let sub = sub_of(&mut ben).await;
    assert_eq!(profile_of(&mut ben, &sub).await["name"], "Benjamin Lindqvist");
}
