use crate::support::Kit;

#[tokio::test]
async fn every_reply_has_an_id_and_a_problem_repeats_it() {
    let kit = Kit::new().await;

    let one = kit.get("/auth/whoami").send().await.refused(401, "token_missing");
    let other = kit.get("/auth/whoami").send().await.refused(401, "token_missing");

    assert_eq!(one.header("x-request-id").len(), 16);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[tokio::test]
async fn an_id_from_a_proxy_is_kept_if_it_is_plain() {
    let kit = Kit::new().await;
    let ask = async |id: &str| kit.get("/health/live").header("x-request-id", id).send().await;

    assert_eq!(ask("abc-123_X.y").await.header("x-request-id"), "abc-123_X.y");
    for strange in ["", "two words", "a\"b", "<script>", &"x".repeat(65)] {
        assert_ne!(ask(strange).await.header("x-request-id"), strange);
    }
}
