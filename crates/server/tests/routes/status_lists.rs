use std::time::Duration;

use handstamp_core::flows::clean_up::clean_up;

use crate::support::{AUTH, Kit};

const ON: (&str, &str) = ("status_lists.enabled", "true");

async fn listed(kit: &Kit) -> Vec<String> {
    let reply = kit.get("/status-lists").send().await.expect(200);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("cache-control"), "public, max-age=300");
    let lists = reply.json()["status_lists"].as_array().expect("a list").clone();
    lists.iter().map(|uri| uri.as_str().expect("an address").to_owned()).collect()
}

#[tokio::test]
async fn every_list_is_named_by_its_whole_address_until_its_last_token_is_dead() {
    let kit = Kit::with(&[ON]).await;
    assert_eq!(listed(&kit).await, [""; 0]);
    kit.user("ann").await;
    kit.tokens("ann").await;

    let [uri] = &listed(&kit).await[..] else { panic!("one list") };
    kit.get(uri.strip_prefix(AUTH).expect("it is ours")).send().await.expect(200);

    kit.wait(Duration::from_hours(24 * 31) + Duration::from_mins(12));
    while clean_up(kit.core(), kit.rules.clock.now()).await.unwrap().1 {}
    assert_eq!(listed(&kit).await, [""; 0]);
    kit.get(uri.strip_prefix(AUTH).expect("it is ours")).send().await.refused(404, "not_found");
}

/// §9.1 of the draft.
#[tokio::test]
async fn the_metadata_say_where_the_lists_are_if_there_are_any() {
    let metadata =
        async |kit: &Kit| kit.get("/.well-known/oauth-authorization-server").send().await.expect(200).json();
    let (on, off) = (Kit::with(&[ON]).await, Kit::new().await);

    let body = metadata(&on).await;
    assert_eq!(body["status_list_aggregation_endpoint"], format!("{AUTH}/status-lists"));
    assert!(body["claims_supported"].as_array().unwrap().contains(&"status".into()));
    let body = metadata(&off).await;
    assert_eq!(body.get("status_list_aggregation_endpoint"), None);
    assert!(!body["claims_supported"].as_array().unwrap().contains(&"status".into()));
}
