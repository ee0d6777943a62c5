use crate::support::{Kit, submit, submit_from, whoami};

const FORM: &str = "/auth/account/end-others";

#[tokio::test]
async fn the_form_ends_every_other_device_and_keeps_this_one() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (first, _) = kit.tokens("ann").await;
    let (second, _) = kit.tokens("ann").await;
    let mut browser = kit.signed_in("ann").await;

    let reply = submit(&mut browser, FORM, &[]).await;

    assert_eq!(reply.sent_on(), "/auth/account?done=others_ended");
    for lost in [first, second] {
        kit.get("/auth/whoami").bearer(&lost).send().await.refused(401, "token_revoked");
    }
    whoami(&mut browser).await.expect(200);
}

#[tokio::test]
async fn a_foreign_form_ends_nothing() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (other, _) = kit.tokens("ann").await;
    let mut browser = kit.signed_in("ann").await;

    submit_from(&mut browser, "https://sibling.auth.example", FORM, &[]).await.page(403);

    kit.get("/auth/whoami").bearer(&other).send().await.expect(200);
}

#[tokio::test]
async fn nobody_signed_in_is_asked_to_sign_in() {
    let kit = Kit::new().await;

    let reply = submit(&mut kit.browser(), FORM, &[]).await;

    assert_eq!(reply.sent_on(), "/auth/sign-in?return_to=%2Fauth%2Faccount");
}
