use tempfile::TempDir;

use crate::support::{Served, add_user, free_port};

#[tokio::test]
async fn sessions_outlive_a_power_cut() {
    let folder = TempDir::new().expect("a folder");
    let port = free_port();
    add_user(folder.path(), "ann").ok();
    let first = Served::start_at(folder.path(), port);
    let tokens = first.sign_in("ann").await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    first.running.kill();

    let second = Served::start_at(folder.path(), port);

    let access = tokens.body["access_token"].as_str().expect("a token");
    assert_eq!(second.whoami(access).await.body["preferred_username"], "ann");
    assert_eq!(second.refresh(&tokens.body["refresh_token"]).await.status, 200);
}

#[tokio::test]
async fn a_rotation_that_the_power_cut_may_have_lost_signs_nobody_out() {
    let folder = TempDir::new().expect("a folder");
    let port = free_port();
    add_user(folder.path(), "ann").ok();
    let first = Served::start_at(folder.path(), port);
    let tokens = first.sign_in("ann").await;
    let rotated = first.refresh(&tokens.body["refresh_token"]).await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    let newest = if rotated.body["refresh_token"].is_string() { &rotated } else { &tokens };
    first.running.kill();

    let second = Served::start_at(folder.path(), port);

    assert_eq!(second.refresh(&newest.body["refresh_token"]).await.status, 200);
}
