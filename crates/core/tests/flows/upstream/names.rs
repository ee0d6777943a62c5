use handstamp_core::{flows::upstream::UpstreamIdentity, test_support::Kit};

use super::{enter, open_kit, person};

async fn name_of(kit: &Kit, sub: &str, called: &str) -> String {
    let identity = UpstreamIdentity { username: Some(called.to_owned()), ..person(sub) };
    enter(kit, &identity).await.expect("an account is made").subject.user.username.to_string()
}

#[tokio::test]
async fn a_taken_name_gets_a_number() {
    let kit = open_kit().await;
    kit.user("ann").await;
    assert_eq!(name_of(&kit, "1", "ann").await, "ann-2");
    assert_eq!(name_of(&kit, "2", "Ann").await, "ann-3");
    assert_eq!(name_of(&kit, "3", "ann@corp.example").await, "ann-4");
}

#[tokio::test]
async fn a_name_that_everybody_has_gets_a_mark_that_nobody_has() {
    let kit = open_kit().await;
    kit.user("ann").await;
    for number in 2..=9 {
        kit.user(&format!("ann-{number}")).await;
    }
    let (one, other) = (name_of(&kit, "1", "ann").await, name_of(&kit, "2", "ann").await);
    assert!(one.starts_with("ann-") && one.len() == 14, "{one}");
    assert_ne!(one, other);
}

#[tokio::test]
async fn a_later_name_of_the_upstream_changes_nothing_here() {
    let kit = open_kit().await;
    assert_eq!(name_of(&kit, "1", "ann").await, "ann");
    assert_eq!(name_of(&kit, "1", "admin").await, "ann");
}
