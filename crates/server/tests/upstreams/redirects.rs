use super::world::{World, ann};
use crate::support::visit;

/// RFC 9700 §4.11: the way through an upstream is no open redirector either. Each kind of trick that `ReturnTo` is tested with.
#[tokio::test]
async fn rfc9700_4_11_nobody_is_sent_to_where_nobody_should_be_sent() {
    let world = World::new().await;
    for (kind, bad) in [
        ("nothing", ""),
        ("relative", "orders"),
        ("scheme-relative", "//evil.example"),
        ("scheme-relative", "///evil.example"),
        ("backslash", "/\\evil.example"),
        ("backslash", "\\\\evil.example"),
        ("backslash", "https:\\\\evil.example"),
        ("userinfo", "https://app.example.net@evil.example"),
        ("userinfo", "https://user:x@app.example.net/"),
        ("encoded slash", "/%2Fevil.example"),
        ("encoded slash", "/%252Fevil.example"),
        ("encoded backslash", "/%5Cevil.example"),
        ("encoded", "https%3A%2F%2Fevil.example"),
        ("encoded", "https://%65vil.example/"),
        ("encoded control", "/%09/evil.example"),
        ("encoded control", "/x%0d%0aSet-Cookie:a=b"),
        ("dot segments", "/..//evil.example"),
        ("dot segments", "/%2e%2e//evil.example"),
        ("unicode", "/\u{2044}evil.example"),
        ("unicode", "https://app.example.net\u{3002}evil.example"),
        ("unicode", "https://\u{430}pp.example.net/"),
        ("tab and newline", "/\t/evil.example"),
        ("tab and newline", "/\n/evil.example"),
        ("tab and newline", "ht\ntps://evil.example"),
        ("whitespace", " //evil.example"),
        ("script", "javascript:alert(1)"),
        ("script", "javascript://app.example.net/%0aalert(1)"),
        ("script", "data:text/html,<script>alert(1)</script>"),
        ("other origin", "https://evil.example/"),
        ("other origin", "http://app.example.net/"),
        ("other origin", "https://app.example.net.evil.example/"),
        ("other origin", "https://app.example.net:8443/"),
    ] {
        let mut browser = world.kit.browser();
        let query: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", bad).finish();
        let sent_to = world.begin(&mut browser, &format!("?{query}")).await;
        let back = world.upstream.signs_in(&sent_to, ann());

        assert_eq!(world.come_back(&mut browser, &back).await.sent_on(), "/auth/account", "{kind}: {bad:?}");
    }
}

#[tokio::test]
async fn of_two_ways_back_none_is_taken() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    let sent_to = world.begin(&mut browser, "?return_to=%2Fa&return_to=%2Fb").await;
    let back = world.upstream.signs_in(&sent_to, ann());

    assert_eq!(world.come_back(&mut browser, &back).await.sent_on(), "/auth/account");
}

#[tokio::test]
async fn what_stands_in_the_answer_sends_nobody_anywhere() {
    let world = World::new().await;
    let mut browser = world.kit.browser();
    let sent_to = world.begin(&mut browser, "").await;
    let back = world.upstream.signs_in(&sent_to, ann());

    let back = format!("{back}&return_to=https%3A%2F%2Fevil.example");
    assert_eq!(world.come_back(&mut browser, &back).await.sent_on(), "/auth/account");
    let page =
        visit(&mut browser, "/auth/callback/corp?return_to=https%3A%2F%2Fevil.example").await.page(400);
    assert!(!page.contains("evil.example"), "{page}");
}
