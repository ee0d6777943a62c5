use handstamp_verify::forward_auth::{ForwardAuth, Question};

use super::{PAGE, ask, ask_as_ada, code, detail, forwarded, refusal, request, verifier};

const TO_A_PAGE: [(&str, &str); 2] = [("sec-fetch-mode", "navigate"), ("accept", "text/html,*/*;q=0.8")];

fn nginx<'h>(address: &'h str, headers: &[(&'h str, &'h str)]) -> Vec<(&'h str, &'h str)> {
    [&[("x-original-method", "GET"), ("x-original-url", address)], headers].concat()
}

#[tokio::test]
async fn people_on_their_way_to_a_page_are_sent_to_sign_in_and_back() {
    let refused = refusal(ask("", &forwarded("GET", "/orders?page=2&x=%2F", &TO_A_PAGE)).await);

    assert_eq!(refused.status(), 303);
    let way_back = "https%3A%2F%2Fapp.example%2Forders%3Fpage%3D2%26x%3D%252F";
    assert_eq!(refused.headers()["location"], format!("{PAGE}?return_to={way_back}"));
    assert_eq!(refused.headers()["cache-control"], "no-store");
    assert!(refused.body().is_empty());
}

/// nginx turns everything but 401 and 403 into a 500.
#[tokio::test]
async fn a_proxy_that_passes_no_refusal_on_is_told_where_to_send_them() {
    let refused = refusal(ask("", &nginx("https://app.example/orders", &TO_A_PAGE)).await);

    assert_eq!(refused.status(), 401);
    assert_eq!(
        refused.headers()["x-handstamp-sign-in"],
        format!("{PAGE}?return_to=https%3A%2F%2Fapp.example%2Forders")
    );
    let unknown = refusal(ask("", &[&TO_A_PAGE[..], &[("x-original-method", "GET")]].concat()).await);
    assert_eq!(unknown.headers()["x-handstamp-sign-in"], PAGE);
}

#[tokio::test]
async fn an_expired_session_leads_there_as_well() {
    let expired = [("cookie", "__Host-Http-at=made-up"), TO_A_PAGE[0], TO_A_PAGE[1]];

    assert_eq!(refusal(ask("", &forwarded("GET", "/", &expired)).await).status(), 303);
}

#[tokio::test]
async fn scripts_and_programs_are_not_sent_anywhere() {
    for headers in [
        &[("sec-fetch-mode", "cors"), ("accept", "text/html")][..],
        &[("sec-fetch-mode", "no-cors"), ("accept", "image/*")],
        &[("accept", "application/json")],
        &[("accept", "*/*")],
        &[],
    ] {
        let refused = refusal(ask("", &forwarded("GET", "/orders", headers)).await);

        assert_eq!(refused.status(), 401, "{headers:?}");
        assert_eq!(refused.headers().get("location"), None);
        assert_eq!(refused.headers().get("x-handstamp-sign-in"), None);
    }
}

#[tokio::test]
async fn a_browser_that_says_no_mode_says_what_it_takes() {
    let old = [("accept", "text/html,application/xhtml+xml")];

    assert_eq!(refusal(ask("", &forwarded("GET", "/orders", &old)).await).status(), 303);
}

/// A form that was sent cannot be sent again by coming back.
#[tokio::test]
async fn only_what_changes_nothing_is_done_again_after_signing_in() {
    assert_eq!(refusal(ask("", &forwarded("HEAD", "/orders", &TO_A_PAGE)).await).status(), 303);
    for method in ["POST", "DELETE", "OPTIONS"] {
        assert_eq!(
            refusal(ask("", &forwarded(method, "/orders", &TO_A_PAGE)).await).status(),
            401,
            "{method}"
        );
    }
    let unknown = [TO_A_PAGE[0], ("x-forwarded-uri", "/orders")];
    assert_eq!(refusal(ask("", &unknown).await).status(), 401);
}

#[tokio::test]
async fn signing_in_does_not_help_who_lacks_a_role() {
    let refused = refusal(ask_as_ada("?role=admin", &forwarded("GET", "/admin", &TO_A_PAGE)).await);

    assert_eq!(refused.status(), 403);
    assert_eq!(refused.headers().get("location"), None);
}

/// RFC 9700 §4.11: no open redirector.
#[tokio::test]
async fn rfc9700_4_11_nobody_is_sent_on_to_a_foreign_origin() {
    for address in [
        "https://app.example.evil.example/",
        "https://evil.example/",
        "https://evil.example:443/",
        "https://app.example@evil.example/",
        "javascript://app.example/%0aalert(1)",
        "//evil.example/",
        "evil",
    ] {
        let refused = refusal(ask("", &nginx(address, &TO_A_PAGE)).await);

        let offered = refused.headers().get("x-handstamp-sign-in").map(|page| page.to_str().unwrap());
        assert!(!offered.unwrap_or_default().contains("evil"), "{address}: {offered:?}");
    }
}

#[tokio::test]
async fn an_address_that_browsers_read_in_another_way_is_no_way_back() {
    for target in ["/\\evil.example", "/a b", "/caf\u{e9}", "evil"] {
        let refused = refusal(ask("", &forwarded("GET", target, &TO_A_PAGE)).await);

        let location = refused.headers().get("location").map(|location| location.to_str().unwrap());
        assert!(location.is_none_or(|location| location == PAGE), "{target:?}: {location:?}");
    }
    let long = format!("/{}", "x".repeat(2048));
    assert_eq!(refusal(ask("", &forwarded("GET", &long, &TO_A_PAGE)).await).headers()["location"], PAGE);
}

#[tokio::test]
async fn two_addresses_that_differ_are_no_way_back() {
    let both = nginx("https://app.example/orders", &[&TO_A_PAGE[..], &[("x-forwarded-uri", "/x")]].concat());

    assert_eq!(refusal(ask("", &both).await).headers()["x-handstamp-sign-in"], PAGE);
}

/// The proxy may not know that the world comes over TLS.
#[tokio::test]
async fn the_way_back_has_the_scheme_of_the_allowed_origin() {
    let refused = refusal(ask("", &nginx("http://app.example/orders", &TO_A_PAGE)).await);

    let page = refused.headers()["x-handstamp-sign-in"].to_str().unwrap();
    assert!(page.ends_with("?return_to=https%3A%2F%2Fapp.example%2Forders"), "{page}");
}

/// They would come back without a cookie, and be sent again.
#[tokio::test]
async fn nobody_is_sent_in_circles() {
    let elsewhere =
        [("x-forwarded-host", "shop.example"), ("x-forwarded-uri", "/"), ("x-forwarded-method", "GET")];
    let elsewhere = [&elsewhere[..], &TO_A_PAGE].concat();

    assert_eq!(code(ask("", &elsewhere).await), (401, "token_missing".to_owned()));
    let detail = detail(ask("", &elsewhere).await);
    assert!(detail.contains("shop.example") && detail.contains("cookies.domain"), "{detail}");
}

#[tokio::test]
async fn a_cookie_of_the_parent_domain_reaches_every_host_of_it() {
    let forward_auth =
        ForwardAuth::new(verifier()).sign_in_page("https://auth.example/auth/sign-in", Some("example"));
    let ask = async |host: &str| {
        let headers =
            [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/orders"), ("x-forwarded-host", host)];
        let parts = request("GET", "/auth/check", &[&headers[..], &TO_A_PAGE].concat());
        refusal(forward_auth.check(&Question::of_proxy(&parts)).await)
    };

    let shop = ask("shop.example").await;
    assert_eq!(shop.status(), 303);
    assert!(
        shop.headers()["location"]
            .to_str()
            .unwrap()
            .ends_with("return_to=https%3A%2F%2Fshop.example%2Forders")
    );
    // The cookie reaches it, but it is not on the list: no way back.
    assert_eq!(ask("other.example").await.headers()["location"], "https://auth.example/auth/sign-in");
    assert_eq!(ask("evilexample").await.status(), 401);
}

#[tokio::test]
async fn without_a_sign_in_page_people_get_what_programs_get() {
    let parts = request("GET", "/auth/check", &forwarded("GET", "/orders", &TO_A_PAGE));

    let refused = refusal(ForwardAuth::new(verifier()).check(&Question::of_proxy(&parts)).await);

    assert_eq!(refused.status(), 401);
}
