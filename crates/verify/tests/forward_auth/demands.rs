use super::{ask, ask_as_ada, code, detail};

#[tokio::test]
async fn one_of_several_roles_is_enough_where_the_route_says_so() {
    assert!(ask_as_ada("?role=admin,buyer", &[]).await.is_ok());
    assert_eq!(code(ask_as_ada("?role=admin,owner", &[]).await), (403, "role_required".to_owned()));
    assert_eq!(code(ask_as_ada("?role=buyer,admin&role=owner", &[]).await).0, 403);
    assert_eq!(code(ask_as_ada("?role=,", &[]).await).0, 403);
}

#[tokio::test]
async fn demands_in_the_header_and_in_the_query_both_count() {
    const REQUIRE: &str = "x-handstamp-require";

    assert!(ask_as_ada("?role=buyer", &[(REQUIRE, "org=acme")]).await.is_ok());
    assert_eq!(code(ask_as_ada("?role=buyer", &[(REQUIRE, "org=globex")]).await).1, "org_mismatch");
    assert_eq!(code(ask_as_ada("?role=admin", &[(REQUIRE, "role=buyer")]).await).1, "role_required");
    let two = [(REQUIRE, "role=buyer"), (REQUIRE, "role=admin")];
    assert_eq!(code(ask_as_ada("", &two).await).1, "role_required");
}

#[tokio::test]
async fn a_demand_that_cannot_be_read_lets_nobody_in() {
    for require in ["rol=admin", "admin", "role=buyer; org=acme&x", "preflight=yes", "org_path=/orgs"] {
        let answer = ask_as_ada("", &[("x-handstamp-require", require)]).await;

        assert_eq!(code(answer), (422, "validation_failed".to_owned()), "{require:?}");
    }
}

#[tokio::test]
async fn the_path_can_name_the_organisation() {
    let at =
        async |target: &str| ask_as_ada("?org_path=/orgs/%7Borg%7D", &[("x-forwarded-uri", target)]).await;

    assert!(at("/orgs/acme/orders?org=globex").await.is_ok());
    assert_eq!(code(at("/orgs/globex/orders").await), (403, "org_mismatch".to_owned()));
    assert_eq!(code(at("/orgs/acme/../globex").await), (403, "org_mismatch".to_owned()));
    assert_eq!(code(at("/elsewhere").await), (403, "org_mismatch".to_owned()));
}

/// Otherwise the client would choose which path is judged.
#[tokio::test]
async fn a_path_that_the_proxy_does_not_say_names_no_organisation() {
    let query = "?org_path=/orgs/{org}";
    let twice = [("x-original-url", "https://app.example/orgs/globex"), ("x-forwarded-uri", "/orgs/acme")];

    assert_eq!(code(ask_as_ada(query, &[]).await), (403, "org_mismatch".to_owned()));
    assert!(detail(ask_as_ada(query, &[]).await).contains("X-Original-URL"));
    assert_eq!(code(ask_as_ada(query, &twice).await), (403, "org_mismatch".to_owned()));
    let same = [("x-original-url", "https://app.example/orgs/acme"), ("x-forwarded-uri", "/orgs/acme")];
    assert!(ask_as_ada(query, &same).await.is_ok());
}

/// Browsers ask first, without credentials, whether a script of another origin may send a request.
#[tokio::test]
async fn a_preflight_passes_as_nobody_where_the_route_says_so() {
    let preflight = [
        ("x-forwarded-method", "OPTIONS"),
        ("origin", "https://shop.example"),
        ("access-control-request-method", "POST"),
        ("authorization", "Bearer made-up"),
        ("x-handstamp-user", "made-up"),
    ];

    let headers = ask("?preflight=pass", &preflight).await.unwrap().headers();

    let empty = [
        "authorization",
        "x-handstamp-user",
        "x-handstamp-username",
        "x-handstamp-email",
        "x-handstamp-roles",
        "x-handstamp-org",
        "x-handstamp-session",
    ];
    assert_eq!(headers.len(), empty.len());
    assert!(empty.iter().all(|name| headers[*name].is_empty()), "{headers:?}");
}

#[tokio::test]
async fn what_is_no_preflight_of_an_allowed_origin_passes_as_nobody_nowhere() {
    const ASKS: (&str, &str) = ("access-control-request-method", "POST");
    const ALLOWED: (&str, &str) = ("origin", "https://shop.example");
    let options = ("x-forwarded-method", "OPTIONS");
    for (query, headers) in [
        ("", &[options, ALLOWED, ASKS][..]),
        ("?preflight=pass", &[options, ("origin", "https://evil.example"), ASKS]),
        ("?preflight=pass", &[options, ("origin", "null"), ASKS]),
        ("?preflight=pass", &[options, ALLOWED, ("origin", "https://evil.example"), ASKS]),
        ("?preflight=pass", &[options, ASKS]),
        ("?preflight=pass", &[options, ALLOWED]),
        ("?preflight=pass", &[("x-forwarded-method", "GET"), ALLOWED, ASKS]),
        ("?preflight=pass", &[options, ("x-original-method", "DELETE"), ALLOWED, ASKS]),
        ("?preflight=pass", &[ALLOWED, ASKS]),
    ] {
        assert_eq!(code(ask(query, headers).await), (401, "token_missing".to_owned()), "{query} {headers:?}");
    }
}

/// The client can send the header too, and would pass as nobody wherever it liked.
#[tokio::test]
async fn a_header_lets_no_preflight_pass() {
    let preflight = [
        ("x-forwarded-method", "OPTIONS"),
        ("origin", "https://shop.example"),
        ("access-control-request-method", "POST"),
        ("x-handstamp-require", "preflight=pass"),
    ];

    assert_eq!(code(ask("", &preflight).await).0, 401);
    assert_eq!(code(ask("?role=buyer", &preflight).await).0, 401);
    let told = ask_as_ada("", &[("x-handstamp-require", "preflight=pass")]).await;
    assert_eq!(code(told).0, 422);
}

/// Some servers pass a `#` on as a part of the path, and tidy up what follows it.
#[tokio::test]
async fn a_path_does_not_end_where_only_some_readers_see_a_fragment() {
    for header in ["x-original-url", "x-forwarded-uri"] {
        let refused =
            ask_as_ada("?org_path=/orgs/{org}", &[(header, "/orgs/acme#/../evil")]).await.unwrap_err();

        assert_eq!(refused.status(), 403, "{header}");
    }
}
