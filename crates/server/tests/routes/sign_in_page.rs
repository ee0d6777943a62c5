use std::time::Duration;

use handstamp_core::flows::users;
use http::Method;

use crate::support::{APP, AUTH, Kit, PASSWORD, own, submit, submit_from, visit, visit_from, whoami};

const FORM: &str = "/auth/sign-in";

fn ann<'a>() -> [(&'a str, &'a str); 2] {
    [("login", "ann"), ("password", PASSWORD)]
}

#[tokio::test]
async fn the_page_works_without_javascript() {
    let kit = Kit::new().await;

    let page = visit(&mut kit.browser(), FORM).await.page(200);

    assert!(
        page.contains("<form method=\"post\" action=\"/auth/sign-in\" accept-charset=\"utf-8\">"),
        "{page}"
    );
    assert!(page.contains("<title>Sign in – Handstamp</title>"), "{page}");
    let scripts = page.matches("<script").count();
    assert_eq!(scripts, 1, "one module of ours, which only adds");
    assert!(page.contains("<script type=\"module\" src=\"/auth/assets/page-"), "{page}");
}

/// What browsers and password managers go by.
#[tokio::test]
async fn the_fields_say_what_they_are_for() {
    let kit = Kit::new().await;

    let page = visit(&mut kit.browser(), FORM).await.page(200);

    let login = page.split("<input").find(|input| input.contains("name=\"login\"")).unwrap();
    for attribute in [
        "autocomplete=\"username\"",
        "inputmode=\"email\"",
        "autocapitalize=\"none\"",
        "required",
        "autofocus",
    ] {
        assert!(login.contains(attribute), "{attribute}: {login}");
    }
    let password = page.split("<input").find(|input| input.contains("name=\"password\"")).unwrap();
    assert!(password.contains("autocomplete=\"current-password\" "), "{password}");
    assert!(!password.contains("maxlength"), "a password that is cut off is another one");
    assert!(page.contains("<label for=\"login\">") && page.contains("<label for=\"password\">"), "{page}");
    assert!(
        page.contains("hidden data-shows=\"password\""),
        "shown by the script, without which it does nothing"
    );
}

#[tokio::test]
async fn the_form_signs_in_and_leads_back() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let mut browser = kit.browser();

    let page = visit(&mut browser, "/auth/sign-in?return_to=%2Forders%3Ftab%3D2%26x%23notes").await.page(200);
    assert!(
        page.contains("<input type=\"hidden\" name=\"return_to\" value=\"/orders?tab=2&amp;x#notes\">"),
        "{page}"
    );
    let fields = [("login", "ann"), ("password", PASSWORD), ("return_to", "/orders?tab=2&x#notes")];
    let reply = submit(&mut browser, FORM, &fields).await;

    assert_eq!(reply.sent_on(), "/orders?tab=2&x#notes");
    assert_eq!(browser.dropped, []);
    assert_eq!(browser.jar.cookies().len(), 3);
    whoami(&mut browser).await.expect(200);
}

#[tokio::test]
async fn whoever_came_from_nowhere_goes_to_the_configured_place() {
    let kit = Kit::with(&[("pages.home", "https://app.example.net/start")]).await;
    kit.user("ann").await;

    let reply = submit(&mut kit.browser(), FORM, &ann()).await;

    assert_eq!(reply.sent_on(), "https://app.example.net/start");
}

#[tokio::test]
async fn an_app_at_an_allowed_origin_gets_its_people_back() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let mut browser = kit.browser();
    let back = format!("{APP}/orders?x=1");

    let path = format!("/auth/sign-in?return_to={}", back.replace(':', "%3A").replace('?', "%3F"));
    let reply = visit_from(&mut browser, APP, &path).await;
    // Chromium holds the redirect after a form against `form-action` as well.
    let policy = reply.header("content-security-policy").to_owned();
    assert!(policy.ends_with("form-action 'self' https://app.example.net"), "{policy}");
    reply.page(200);

    let fields = [("login", "ann"), ("password", PASSWORD), ("return_to", &back)];
    assert_eq!(submit(&mut browser, FORM, &fields).await.sent_on(), back);
}

/// RFC 9700 §4.11. The whole table is beside the function that decides; here is that everything asks it.
#[tokio::test]
async fn rfc9700_4_11_nobody_is_sent_anywhere_else() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    for elsewhere in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        let mut browser = kit.browser();
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", elsewhere).finish();
        let page = visit(&mut browser, &format!("/auth/sign-in?{query}")).await.page(200);
        assert!(!page.contains("evil") && !page.contains("alert(1)"), "{page}");

        let fields = [("login", "ann"), ("password", PASSWORD), ("return_to", elsewhere)];
        assert_eq!(submit(&mut browser, FORM, &fields).await.sent_on(), "/auth/account", "{elsewhere}");
        let again = visit(&mut browser, &format!("/auth/sign-in?{query}")).await;
        assert_eq!(again.sent_on(), "/auth/account", "{elsewhere}");
    }
}

#[tokio::test]
async fn two_places_to_return_to_are_none() {
    let kit = Kit::new().await;

    let page = visit(&mut kit.browser(), "/auth/sign-in?return_to=%2Fa&return_to=%2Fb").await.page(200);

    assert!(!page.contains("return_to"), "{page}");
}

/// ASVS 6.3.8: page, status and headers tell nothing about who exists.
#[tokio::test]
async fn asvs_6_3_8_unknown_user_and_wrong_password_get_the_same_page() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let attempt = async |login: &str| {
        let form = format!("login={login}&password=not+hers");
        let call = kit.post(FORM).header("sec-fetch-site", "same-origin").header("x-request-id", "same");
        call.form(&form).send().await
    };

    let wrong = attempt("ann").await;
    let unknown = attempt("bob").await;

    assert_eq!(wrong.header("www-authenticate"), "Bearer");
    assert_eq!(wrong.0.headers(), unknown.0.headers());
    assert_eq!(wrong.page(401), unknown.page(401).replace("\"bob\"", "\"ann\""));
}

#[tokio::test]
async fn a_wrong_password_is_said_first_and_costs_no_typing_of_the_name() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    let fields = [("login", "<ann>\""), ("password", "hunter2"), ("return_to", "/orders")];
    let page = submit(&mut kit.browser(), FORM, &fields).await.page(401);

    let alert = "<div class=\"notice bad\" id=\"problem\" role=\"alert\" tabindex=\"-1\" autofocus>";
    assert!(page.contains(alert), "{page}");
    assert_eq!(page.matches("autofocus").count(), 1, "the message has the focus: {page}");
    assert!(page.contains("value=\"&lt;ann&gt;&quot;\""), "{page}");
    assert!(!page.contains("hunter2"), "{page}");
    assert!(page.contains("name=\"return_to\" value=\"/orders\""), "{page}");
    assert!(
        page.contains("data-at=\"/auth/sign-in?return_to=%2Forders\""),
        "loading again sends nothing: {page}"
    );
    assert_eq!(page.matches("aria-invalid=\"true\" aria-describedby=\"problem\"").count(), 2, "{page}");
}

#[tokio::test]
async fn an_empty_field_costs_no_attempt() {
    let kit = Kit::with(&[("rate_limits.account_attempts", "1")]).await;
    kit.user("ann").await;
    let mut browser = kit.browser();

    for fields in [&[("login", "ann"), ("password", "")][..], &[("login", " "), ("password", "x")], &[]] {
        let page = submit(&mut browser, FORM, fields).await.page(422);
        assert!(page.contains("Enter your user name and your password."), "{page}");
    }

    submit(&mut browser, FORM, &ann()).await.sent_on();
}

#[tokio::test]
async fn too_many_attempts_are_told_when_to_come_back() {
    let kit =
        Kit::with(&[("rate_limits.account_attempts", "1"), ("rate_limits.account_window", "42s")]).await;
    kit.user("ann").await;
    let mut browser = kit.browser();
    submit(&mut browser, FORM, &[("login", "ann"), ("password", "wrong")]).await.page(401);

    let reply = submit(&mut browser, FORM, &ann()).await;

    assert_eq!(reply.header("retry-after"), "42");
    assert_eq!(reply.header("ratelimit"), "\"account\";r=0;t=42");
    let page = reply.page(429);
    assert!(page.contains("Too many attempts. Try again in 42 seconds."), "{page}");
    kit.wait(Duration::from_secs(42));
    submit(&mut browser, FORM, &ann()).await.sent_on();
}

#[tokio::test]
async fn a_disabled_account_says_so_only_after_the_right_password() {
    let kit = Kit::new().await;
    let user = kit.user("ann").await;
    users::disable(kit.core(), user.id, None, kit.rules.clock.now()).await.unwrap();
    let mut browser = kit.browser();

    let wrong = submit(&mut browser, FORM, &[("login", "ann"), ("password", "x")]).await.page(401);
    let right = submit(&mut browser, FORM, &ann()).await.page(403);

    assert!(!wrong.contains("disabled") && right.contains("This account is disabled."), "{right}");
    assert!(browser.jar.cookies().is_empty());
}

#[tokio::test]
async fn a_store_that_is_away_keeps_the_form_and_says_when_to_come_back() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    kit.store.set_away(true);

    let reply = submit(&mut kit.browser(), FORM, &ann()).await;

    assert_eq!(reply.header("retry-after"), "2");
    let page = reply.page(503);
    assert!(page.contains("The service cannot answer just now. Try again in 2 seconds."), "{page}");
    assert!(page.contains("name=\"login\"") && page.contains("value=\"ann\""), "{page}");
}

/// OWASP, login CSRF: a foreign form would sign the victim in as the attacker.
#[tokio::test]
async fn a_foreign_form_signs_nobody_in() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    for page in ["https://evil.example", "https://sibling.auth.example"] {
        let mut browser = kit.browser();
        let shown = submit_from(&mut browser, page, FORM, &ann()).await.page(403);
        assert!(shown.contains("did not come from a page of ours"), "{shown}");
        assert!(browser.jar.cookies().is_empty(), "{page}");
    }
}

/// Browsers without `Sec-Fetch-Site`, and all of them on plain http, send `Origin` alone.
#[tokio::test]
async fn our_own_origin_is_word_enough() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let form = format!("login=ann&password={}", PASSWORD.replace(' ', "+"));
    let submit = async |origin: &str| kit.post(FORM).header("origin", origin).form(&form).send().await;

    submit(AUTH).await.expect(303);
    submit("null").await.refused(403, "csrf_rejected");
}

#[tokio::test]
async fn a_form_that_says_nothing_of_its_origin_signs_nobody_in() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    let reply = kit.post(FORM).form("login=ann&password=x").send().await;

    assert!(reply.refused(403, "csrf_rejected").set_cookies().is_empty());
}

/// Two readers could see two different people.
#[tokio::test]
async fn a_field_that_stands_there_twice_is_refused() {
    let kit = Kit::new().await;

    let reply =
        submit(&mut kit.browser(), FORM, &[("login", "ann"), ("login", "bob"), ("password", "x")]).await;

    reply.page(422);
}

#[tokio::test]
async fn whoever_is_signed_in_already_is_sent_on() {
    let (_, mut browser) = Kit::with_ann().await;

    assert_eq!(visit(&mut browser, "/auth/sign-in?return_to=%2Forders").await.sent_on(), "/orders");
    assert_eq!(visit(&mut browser, FORM).await.sent_on(), "/auth/account");
}

#[tokio::test]
async fn an_expired_token_is_renewed_on_the_way() {
    let (kit, mut browser) = Kit::with_ann().await;
    kit.wait(Duration::from_hours(1));
    browser.now += 3600;

    assert_eq!(visit(&mut browser, "/auth/sign-in?return_to=%2Forders").await.sent_on(), "/orders");

    whoami(&mut browser).await.expect(200);
}

#[tokio::test]
async fn a_session_that_is_over_sends_nobody_on() {
    let (_, mut browser) = Kit::with_ann().await;
    let kept = browser.jar.clone();
    browser.fetch(own(Method::POST, "/auth/sign-out")).await.unwrap();
    browser.jar = kept;

    visit(&mut browser, "/auth/sign-in?return_to=%2Forders").await.page(200);
}

/// The refresh cookie is `SameSite=Strict`: what another site causes comes without it.
#[tokio::test]
async fn whoever_comes_from_an_app_elsewhere_after_lunch_is_still_signed_in() {
    let (kit, mut browser) = Kit::with_ann().await;
    kit.wait(Duration::from_hours(1));
    browser.now += 3600;
    let path = "/auth/sign-in?return_to=%2Forders";

    let page = visit_from(&mut browser, APP, path).await.page(200);
    assert!(page.contains("<meta http-equiv=\"refresh\" content=\"0\">"), "{page}");

    // The page loads itself again.
    assert_eq!(visit_from(&mut browser, AUTH, path).await.sent_on(), "/orders");
}

#[tokio::test]
async fn an_access_cookie_that_is_held_back_as_well_is_waited_for() {
    let kit = Kit::with(&[("cookies.access_same_site", "strict")]).await;
    kit.user("ann").await;
    let mut browser = kit.signed_in("ann").await;

    let page = visit_from(&mut browser, APP, FORM).await.page(200);
    assert!(page.contains("http-equiv=\"refresh\""), "{page}");
    assert_eq!(visit_from(&mut browser, AUTH, FORM).await.sent_on(), "/auth/account");
}

#[tokio::test]
async fn a_page_never_loads_itself_again_twice() {
    let (kit, mut browser) = Kit::with_ann().await;
    browser.jar.remove("__Secure-rt");
    kit.wait(Duration::from_hours(1));
    browser.now += 3600;

    let page = visit_from(&mut browser, APP, FORM).await.page(200);
    assert!(page.contains("http-equiv=\"refresh\""), "{page}");

    let page = visit_from(&mut browser, AUTH, FORM).await.page(200);
    assert!(!page.contains("http-equiv=\"refresh\"") && page.contains("name=\"password\""), "{page}");
}

/// ASVS 7.2.4: a new session at every sign-in, and the one it replaces ends.
#[tokio::test]
async fn asvs_7_2_4_signing_in_by_the_form_replaces_the_session() {
    let (kit, mut browser) = Kit::with_ann().await;
    let before = browser.jar.get("__Host-Http-at").unwrap().value.clone();

    submit(&mut browser, FORM, &ann()).await.sent_on();

    kit.get("/auth/whoami").bearer(&before).send().await.refused(401, "token_revoked");
}

#[tokio::test]
async fn the_page_speaks_the_language_of_the_browser() {
    let kit = Kit::new().await;
    let page = async |wish: &str| kit.get(FORM).header("accept-language", wish).send().await;

    let german = page("de-AT,de;q=0.9,en;q=0.8").await;
    assert_eq!(german.header("content-language"), "de");
    let german = german.page(200);
    assert!(german.contains("<html lang=\"de\">") && german.contains("<h1>Anmelden</h1>"), "{german}");
    let english = page("de;q=0.8,en;q=0.9").await.page(200);
    assert!(english.contains("<html lang=\"en\">") && english.contains("<h1>Sign in</h1>"), "{english}");
}

#[tokio::test]
async fn the_operator_chooses_title_and_languages() {
    let kit = Kit::with(&[("pages.title", "Acme & Sons"), ("pages.languages", "de")]).await;

    let page = kit.get(FORM).header("accept-language", "en").send().await.page(200);

    assert!(page.contains("<title>Anmelden – Acme &amp; Sons</title>"), "{page}");
    assert!(page.contains("Acme &amp; Sons</span>"), "{page}");
}

#[tokio::test]
async fn somebody_who_has_signed_out_is_told_so() {
    let kit = Kit::new().await;

    let page = visit(&mut kit.browser(), "/auth/sign-in?done=signed_out").await.page(200);
    assert!(page.contains("role=\"status\">You are signed out.<"), "{page}");

    let page = visit(&mut kit.browser(), "/auth/sign-in?done=%3Cb%3EYou%20have%20won").await.page(200);
    assert!(!page.contains("won") && !page.contains("role=\"status\""), "{page}");
}

#[tokio::test]
async fn a_service_that_hears_of_no_revocations_sends_nobody_on() {
    let (kit, mut browser) = Kit::with_ann().await;
    kit.store.set_away(true);
    kit.wait(Duration::from_mins(2));

    let page = visit(&mut browser, FORM).await.page(503);

    assert!(page.contains("You are not signed out"), "{page}");
}
