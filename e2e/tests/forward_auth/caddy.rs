//! Debian's Caddy, `forward_auth`.

use super::front::Front;

fn start(variables: &[(&str, &str)]) -> Front {
    Front::start("caddy", &[], variables)
}

super::rules_hold!(start);

#[tokio::test]
async fn without_an_answer_nobody_comes_in() {
    super::rules::without_an_answer_nobody_comes_in(&start(&[]), 502).await;
}
