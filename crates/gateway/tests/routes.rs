//! Which request goes where, and whose is refused.

use crate::support::{Client, House, echo, route};

#[tokio::test]
async fn the_closest_route_takes_a_request() {
    let (wide, close) = (echo().await, echo().await);
    let routes =
        route("/*", wide, "public") + &route("/api/orders/*", close, "public") + "strip_prefix = \"/api\"\n";
    let house = House::start("", &routes).await;

    let reply = house.client().get("/api/orders/17?x=1").send().await;

    assert_eq!(reply.json()["uri"], "/orders/17?x=1");
    assert_eq!(reply.seen("host"), Some(close.to_string()));
    let elsewhere = house.client().get("/api/ordersx").send().await;
    assert_eq!(
        (elsewhere.json()["uri"].as_str(), elsewhere.seen("host")),
        (Some("/api/ordersx"), Some(wide.to_string()))
    );
}

#[tokio::test]
async fn a_path_that_no_route_takes_is_nobodys() {
    let house = House::start("", &route("/api/*", echo().await, "public")).await;

    assert_eq!(house.client().get("/other").send().await.code(), (404, "not_found".to_owned()));
    assert_eq!(house.client().get("/").send().await.code(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_closed_route_is_not_reached_by_another_spelling_of_an_open_one() {
    let service = echo().await;
    let routes =
        route("/*", service, "public") + &route("/admin/*", service, "signed_in") + "roles = [\"admin\"]\n";
    let house = House::start("", &routes).await;

    for path in [
        "/x/../admin/users",
        "/x/%2e%2e/admin/users",
        "/x/%252e%252e/admin/users",
        "/x%2f..%2fadmin/users",
        "/%2561dmin/users",
        "//admin/users",
        "/./admin/users",
        "/ADMIN/users",
        "/admin;x/users",
        "/admin%3bx/users",
        "/admin%5cusers",
        "/x\\..\\admin",
        "/admin./users",
        "/admin%20/users",
        "/admin%00/users",
    ] {
        let reply = house.client().get(path).send().await;
        assert!(matches!(reply.status, 400 | 404), "{path}: {reply:?}");
    }
    // These are the closed route, and are told so.
    for path in ["/admin", "/admin/", "/%61dmin/users", "/admin/users"] {
        assert_eq!(house.client().get(path).send().await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn a_closed_route_in_upper_case_is_not_reached_in_lower_case_through_an_open_one() {
    let service = echo().await;
    let routes = route("/*", service, "public") + &route("/Admin/*", service, "signed_in");
    let house = House::start("", &routes).await;

    for path in ["/admin/users", "/admin", "/ADMIN/users"] {
        assert_eq!(house.client().get(path).send().await.status, 404, "{path}");
    }
    assert_eq!(house.client().get("/Admin/users").send().await.status, 401);
    assert_eq!(house.client().get("/other").send().await.status, 200);
}

#[tokio::test]
async fn the_service_sees_the_path_that_was_judged() {
    let house = House::start("", &route("/*", echo().await, "public")).await;

    let reply = house.client().get("/%61pi/caf%c3%a9?q=%61").send().await;

    assert_eq!(reply.json()["uri"], "/api/caf%C3%A9?q=%61");
}

#[tokio::test]
async fn another_host_is_not_answered_for() {
    let house = House::start("", &route("/*", echo().await, "public")).await;

    let other = house.client().host("evil.example").send().await;
    let second = house.client().header("host", "evil.example").send().await;

    for reply in [other, second] {
        assert_eq!(reply.code(), (421, "misdirected".to_owned()));
    }
}

#[tokio::test]
async fn nothing_is_tunnelled_or_echoed() {
    let house = House::start("", &route("/*", echo().await, "public")).await;

    let trace = house.client().request("TRACE", "/").send().await;

    assert_eq!(trace.code(), (405, "method_not_allowed".to_owned()));
}

#[tokio::test]
async fn a_role_is_asked_for_where_the_route_says_so() {
    let service = echo().await;
    let routes = route("/a/*", service, "signed_in")
        + "roles = [\"admin\", \"buyer\"]\n"
        + &route("/b/*", service, "signed_in")
        + "roles = [\"admin\"]\n";
    let house = House::start("", &routes).await;

    assert_eq!(house.signed_in("GET", "/a/x").send().await.status, 200);
    assert_eq!(house.signed_in("GET", "/b/x").send().await.code(), (403, "role_required".to_owned()));
    assert_eq!(house.client().get("/a/x").send().await.code(), (401, "token_missing".to_owned()));
}

#[tokio::test]
async fn the_organisation_in_the_path_must_be_the_callers() {
    let house = House::start("", &route("/api/{org}/*", echo().await, "signed_in")).await;

    assert_eq!(house.signed_in("GET", "/api/acme/orders").send().await.status, 200);
    for foreign in ["/api/globex/orders", "/api/ACME/orders", "/api/acme2/orders"] {
        assert_eq!(
            house.signed_in("GET", foreign).send().await.code(),
            (403, "org_mismatch".to_owned()),
            "{foreign}"
        );
    }
    let nobodys = house.cookies(&house.token(house.somebody("bob", "web")));
    let reply = house.client().get("/api/acme/orders").header("cookie", &nobodys).send().await;
    assert_eq!(reply.code(), (403, "org_mismatch".to_owned()));
}

#[tokio::test]
async fn a_route_can_be_for_members_of_some_organisations() {
    let service = echo().await;
    let routes = route("/a/*", service, "signed_in")
        + "orgs = [\"acme\", \"globex\"]\n"
        + &route("/b/*", service, "signed_in")
        + "orgs = [\"globex\"]\n"
        + &route("/c/*", service, "signed_in")
        + "orgs = [\"*\"]\n";
    let house = House::start("", &routes).await;

    assert_eq!(house.signed_in("GET", "/a/x").send().await.status, 200);
    assert_eq!(house.signed_in("GET", "/b/x").send().await.code(), (403, "org_mismatch".to_owned()));
    assert_eq!(house.signed_in("GET", "/c/x").send().await.status, 200);
}

#[tokio::test]
async fn a_machine_client_comes_where_machines_come_and_nowhere_else() {
    let service = echo().await;
    let house =
        House::start("", &(route("/m/*", service, "client") + &route("/p/*", service, "signed_in"))).await;
    let bearer = format!("Bearer {}", house.token(house.somebody("importer", "importer")));

    let get = |path: &str| house.client().get(path).header("authorization", &bearer).send();

    assert_eq!(get("/m/x").await.status, 200);
    assert_eq!(get("/p/x").await.code(), (403, "caller_mismatch".to_owned()));
    assert_eq!(house.signed_in("GET", "/m/x").send().await.code(), (403, "caller_mismatch".to_owned()));
}

#[tokio::test]
async fn on_an_optional_route_the_service_learns_who_it_is_if_anybody() {
    let house = House::start("", &route("/*", echo().await, "optional")).await;

    assert_eq!(house.client().get("/").send().await.seen("authorization"), None);
    let known = house.signed_in("GET", "/").send().await.seen("authorization");
    assert!(known.is_some_and(|known| known.starts_with("Bearer ey")));
}

#[tokio::test]
async fn on_an_optional_route_the_service_gets_no_token_that_was_refused_or_not_looked_at() {
    let house = House::start("", &route("/*", echo().await, "optional")).await;
    let expired = house.token(house.ada());
    house.clock.advance(11 * 60);

    for credentials in
        [format!("Bearer {expired}"), "Bearer made.up.token".to_owned(), "Basic eDp5".to_owned()]
    {
        let visitor = house.client().header("authorization", &credentials);
        let reply = visitor.header("sec-fetch-mode", "navigate").send().await;
        assert_eq!((reply.status, reply.seen("authorization")), (200, None), "{credentials}");
    }
}

#[tokio::test]
async fn an_unsafe_request_of_a_foreign_page_does_not_pass_with_our_cookie() {
    let house = House::before(echo().await).await;
    let cookies = house.cookies(&house.token(house.ada()));
    let post = |name: &str, value: &str| {
        house.client().request("POST", "/").header("cookie", &cookies).header(name, value).send()
    };

    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("x", "y"),
    ] {
        assert_eq!(post(name, value).await.code(), (403, "csrf_rejected".to_owned()), "{name}: {value}");
    }
    assert_eq!(post("sec-fetch-site", "same-origin").await.status, 200);
    assert_eq!(post("origin", &format!("http://{}", house.address)).await.status, 200);
    assert_eq!(post("x-handstamp", "1").await.status, 200);
}

#[tokio::test]
async fn people_on_their_way_to_a_page_are_sent_to_sign_in_and_programs_are_not() {
    let house = House::before(echo().await).await;

    let person = house.client().get("/orders?open=1").header("sec-fetch-mode", "navigate").send().await;
    assert_eq!(person.status, 303);
    assert_eq!(person.header("location"), Some("/auth/sign-in?return_to=%2Forders%3Fopen%3D1"));
    assert_eq!(person.header("cache-control"), Some("no-store"));

    let script = house
        .client()
        .get("/orders")
        .header("sec-fetch-mode", "cors")
        .header("accept", "text/html")
        .send()
        .await;
    assert_eq!(script.status, 401);
    let form = house.client().request("POST", "/orders").header("accept", "text/html").send().await;
    assert_eq!(form.status, 401);
}

#[tokio::test]
async fn forward_auth_is_answered_on_the_spot() {
    let house = House::before(echo().await).await;

    let passed =
        house.signed_in("GET", "/auth/check?role=buyer").header("x-original-method", "GET").send().await;

    assert_eq!((passed.status, passed.header("x-handstamp-user")), (200, Some("ada")));
    assert_eq!(house.client().get("/auth/check").send().await.status, 401);
}

/// A script that got into a page can send whatever a proxy sends. Its browser hides the cookie from it, and so do we.
#[tokio::test]
async fn nobody_but_a_proxy_that_is_known_to_ask_reads_the_token_of_a_cookie() {
    for (settings, is_told) in [
        ("", false),
        // It passes on what a script asks.
        ("trusted_proxies = [\"127.0.0.1\"]\n", false),
        ("forward_auth_proxies = [\"127.0.0.1\"]\n", true),
    ] {
        let house = House::start(settings, &route("/*", echo().await, "signed_in")).await;

        for path in ["/auth/check", "/auth/check/envoy/orders"] {
            let passed = house.signed_in("GET", path).header("x-original-method", "GET").send().await;

            assert_eq!((passed.status, passed.header("x-handstamp-user")), (200, Some("ada")));
            let told = passed.header("authorization").unwrap_or_default();
            assert_eq!(told.starts_with("Bearer ey"), is_told, "{path} {settings:?}");
        }
    }
}

/// Passed on to the auth service, what the route demands would be lost with the headers that a client could make up.
#[tokio::test]
async fn envoy_is_answered_on_the_spot_as_well() {
    let house = House::before(echo().await).await;
    let ask = async |method: &str, target: &str, require: &str| {
        let call = house.signed_in(method, &format!("/auth/check/envoy{target}"));
        call.header("x-handstamp-require", require).send().await.status
    };

    assert_eq!(ask("GET", "/orders", "role=buyer").await, 200);
    assert_eq!(ask("GET", "/", "role=buyer").await, 200);
    assert_eq!(ask("GET", "/orders", "role=admin").await, 403);
    assert_eq!(house.client().request("OPTIONS", "/auth/check/envoy/orders").send().await.status, 401);
}

#[tokio::test]
async fn health_and_figures_are_not_for_the_world() {
    let house = House::before(echo().await).await;

    for path in ["/health/live", "/health/ready", "/metrics"] {
        assert_eq!(house.client().get(path).send().await.status, 401, "{path}");
        assert_eq!(Client::of(house.admin).get(path).send().await.status, 200, "{path}");
    }
    assert_eq!(Client::of(house.admin).get("/other").send().await.code(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_gateway_without_news_of_revocations_is_not_ready_and_lets_nobody_in() {
    let house = House::start("when_silent = \"refuse\"", &route("/*", echo().await, "signed_in")).await;

    assert_eq!(
        Client::of(house.admin).get("/health/ready").send().await.code(),
        (503, "unavailable".to_owned())
    );
    assert_eq!(house.signed_in("GET", "/").send().await.code(), (503, "unavailable".to_owned()));
}
