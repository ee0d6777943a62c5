use http::Method;

use super::stage::{Stage, Visitor};
use crate::revocation::house::{Answer, ask, until_answer};

/// Signs out at the provider, whose page asks first.
async fn sign_out_there(stage: &Stage, visitor: &mut Visitor<'_>) {
    visitor.tab.open(&format!("{}/session/end", stage.upstream.issuer())).await;
    confirm(visitor).await;
}

/// Says yes to the provider's question.
async fn confirm(visitor: &mut Visitor<'_>) {
    let page = visitor.tab.page.clone();
    assert!(page.text.contains("Sign out of Acme?"), "{page:?}");
    visitor.tab.submit(&page.form(), &[("xsrf", &page.hidden("xsrf")), ("logout", "yes")]).await;
}

#[tokio::test]
async fn whoever_signs_out_at_the_provider_is_refused_by_every_service_of_ours() {
    let stage = Stage::open();
    let mut visitor = stage.visitor();
    visitor.sign_in("acme", "ann").await;
    let token = visitor.access_token();
    let service = stage.service();
    until_answer(&service, &token, Answer::Accepted).await;

    sign_out_there(&stage, &mut visitor).await;

    assert!(visitor.tab.page.text.contains("Signed out of Acme"), "{:?}", visitor.tab.page);
    until_answer(&service, &token, Answer::Revoked).await;
    assert_eq!(visitor.whoami().await.0, 401);
}

#[tokio::test]
async fn other_sessions_of_the_same_person_and_of_others_go_on() {
    let stage = Stage::open();
    let mut visitor = stage.visitor();
    visitor.sign_in("acme", "ann").await;
    let (mut phone, mut ben) = (stage.visitor(), stage.visitor());
    phone.sign_in("acme", "ann").await;
    ben.sign_in("acme", "ben").await;
    let service = stage.service();
    let tokens = [&visitor, &phone, &ben].map(Visitor::access_token);
    for token in &tokens {
        until_answer(&service, token, Answer::Accepted).await;
    }

    sign_out_there(&stage, &mut visitor).await;

    until_answer(&service, &tokens[0], Answer::Revoked).await;
    assert_eq!((ask(&service, &tokens[1]), ask(&service, &tokens[2])), (Answer::Accepted, Answer::Accepted));
    assert_eq!((phone.whoami().await.0, ben.whoami().await.0), (200, 200));
}

#[tokio::test]
async fn whoever_signs_out_here_is_signed_out_at_the_provider_and_comes_back() {
    let stage = Stage::open();
    let mut visitor = stage.visitor();
    visitor.sign_in("acme", "ann").await;
    let token = visitor.access_token();
    let service = stage.service();
    until_answer(&service, &token, Answer::Accepted).await;

    visitor.tab.open(&stage.url("/auth/sign-out")).await;
    let form = visitor.tab.page.form();
    visitor.tab.submit(&form, &[]).await;
    until_answer(&service, &token, Answer::Revoked).await;
    assert!(visitor.tab.page.text.contains("You are still signed in at Acme."), "{:?}", visitor.tab.page);
    let there = visitor.tab.page.link("Sign out at Acme");
    visitor.tab.follow(&there).await;
    confirm(&mut visitor).await;

    assert_eq!(visitor.tab.page.url.as_str(), stage.url("/auth/sign-in"));
    visitor.begin("acme", "/auth/account").await;
    assert!(
        visitor.tab.page.text.contains("Sign in to Acme"),
        "still signed in there: {:?}",
        visitor.tab.page
    );
}

#[tokio::test]
async fn an_app_that_signs_somebody_out_is_told_where_they_end_their_session_at_the_provider() {
    let stage = Stage::open();
    let mut visitor = stage.visitor();
    visitor.sign_in("acme", "ann").await;

    let (status, told) = visitor.tab.ask(Method::POST, &stage.url("/auth/sign-out")).await;

    let there = told["end_session_url"].as_str().unwrap_or_else(|| panic!("{status} {told}"));
    visitor.tab.open(there).await;
    confirm(&mut visitor).await;
    assert_eq!(visitor.tab.page.url.as_str(), stage.url("/auth/sign-in"));
}
