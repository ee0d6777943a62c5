use std::time::Duration;

use crate::support::{Kit, PASSWORD, sign_in_body, submit, submit_from, visit, whoami};

const FORM: &str = "/auth/account/change-password";
const NEW: &str = "a wet sheet and a flowing sea";

fn fields<'a>(current: &'a str, new: &'a str) -> [(&'a str, &'a str); 3] {
    [("username", "ann"), ("current_password", current), ("new_password", new)]
}

/// ASVS 7.4.3: other sessions end when the password changes.
#[tokio::test]
async fn asvs_7_4_3_the_form_changes_the_password_and_ends_every_other_session() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (elsewhere, _) = kit.tokens("ann").await;
    let mut browser = kit.signed_in("ann").await;

    let reply = submit(&mut browser, FORM, &fields(PASSWORD, NEW)).await;

    assert_eq!(reply.sent_on(), "/auth/account?done=password_changed");
    kit.get("/auth/whoami").bearer(&elsewhere).send().await.refused(401, "token_revoked");
    // This one goes on.
    whoami(&mut browser).await.expect(200);
    let sign_in =
        async |password| kit.post("/auth/sign-in").json(&sign_in_body("ann", password, "body")).send().await;
    sign_in(PASSWORD).await.refused(401, "invalid_credentials");
    sign_in(NEW).await.expect(200);
}

#[tokio::test]
async fn a_page_left_open_for_hours_still_works_and_sets_each_cookie_once() {
    let (kit, mut browser) = Kit::with_ann().await;
    kit.wait(Duration::from_hours(1));
    browser.now += 3600;

    let reply = submit(&mut browser, FORM, &fields(PASSWORD, NEW)).await;

    let mut names: Vec<_> =
        reply.set_cookies().iter().map(|line| line.split('=').next().unwrap().to_owned()).collect();
    names.sort_unstable();
    assert_eq!(names, ["__Host-Http-at", "__Secure-rt", "auth_hint"]);
    reply.sent_on();
    visit(&mut browser, "/auth/account").await.page(200);
}

/// ASVS 6.2.3: a stolen session is not enough.
#[tokio::test]
async fn asvs_6_2_3_the_current_password_is_needed() {
    let (_, mut browser) = Kit::with_ann().await;

    let page = submit(&mut browser, FORM, &fields("guess", NEW)).await.page(422);

    assert!(page.contains("autofocus>This is not your current password.</div>"), "{page}");
    let current = page.split("<input").find(|input| input.contains("name=\"current_password\"")).unwrap();
    assert!(current.contains("aria-invalid=\"true\" aria-describedby=\"problem\""), "{current}");
    assert!(page.contains("data-at=\"/auth/account\""), "loading again sends nothing: {page}");
    assert!(!page.contains("guess") && !page.contains(NEW), "{page}");
}

/// NIST SP 800-63B-4 §3.1.1.2: a refused password comes with the reason, in the language of the page.
#[tokio::test]
async fn nist_800_63b_a_weak_password_is_refused_with_a_reason() {
    let (kit, mut browser) = Kit::with_ann().await;
    let too_long = "x".repeat(2000);

    for (weak, reason) in [
        ("short", "The password has 5 characters; at least 15 are needed."),
        (too_long.as_str(), "The password is too long: at most 1024 bytes."),
        ("ann ann ann ann ann", "The password is little more than your name"),
        ("passwordpassword", "The password is among those that attackers try first."),
    ] {
        let page = submit(&mut browser, FORM, &fields(PASSWORD, weak)).await.page(422);
        assert!(page.contains(reason), "{page}");
    }
    let cookies = browser.jar.cookies().iter().map(|c| format!("{}={}", c.name, c.value)).collect::<Vec<_>>();
    let call = kit.post(FORM).cookies(&cookies.join("; ")).header("sec-fetch-site", "same-origin");
    let form = format!("current_password={}&new_password=kurz", PASSWORD.replace(' ', "+"));
    let page = call.header("accept-language", "de").form(&form).send().await.page(422);
    assert!(page.contains("Das Passwort hat 4 Zeichen; mindestens 15 sind nötig."), "{page}");
}

#[tokio::test]
async fn guessing_the_current_password_is_slowed_down() {
    let kit =
        Kit::with(&[("rate_limits.account_attempts", "1"), ("rate_limits.account_window", "30s")]).await;
    kit.user("ann").await;
    let mut browser = kit.signed_in("ann").await;
    submit(&mut browser, FORM, &fields("guess", NEW)).await.page(422);

    let reply = submit(&mut browser, FORM, &fields(PASSWORD, NEW)).await;

    assert_eq!(reply.header("retry-after"), "30");
    assert!(reply.page(429).contains("Too many attempts. Try again in 30 seconds."));
}

#[tokio::test]
async fn a_form_with_a_field_missing_is_refused() {
    let (_, mut browser) = Kit::with_ann().await;

    submit(&mut browser, FORM, &[("new_password", NEW)]).await.page(422);
    submit(&mut browser, FORM, &[("current_password", PASSWORD)]).await.page(422);
}

#[tokio::test]
async fn a_foreign_form_changes_nothing() {
    let (kit, mut browser) = Kit::with_ann().await;

    submit_from(&mut browser, "https://sibling.auth.example", FORM, &fields(PASSWORD, NEW)).await.page(403);

    kit.tokens("ann").await;
}

#[tokio::test]
async fn nobody_signed_in_is_asked_to_sign_in() {
    let kit = Kit::new().await;

    let reply = submit(&mut kit.browser(), FORM, &fields(PASSWORD, NEW)).await;

    assert_eq!(reply.sent_on(), "/auth/sign-in?return_to=%2Fauth%2Faccount");
}
