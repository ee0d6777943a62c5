//! What services are told, and what they are not.

use axum::Router;
use axum::extract::Request;
use axum::response::AppendHeaders;
use axum::routing::{get, post};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{House, echo, route, serve};

#[tokio::test]
async fn the_cookie_becomes_a_bearer_token() {
    let house = House::before(echo().await).await;
    let token = house.token(house.ada());

    let reply = house.client().get("/").header("cookie", &house.cookies(&token)).send().await;

    assert_eq!(reply.seen("authorization"), Some(format!("Bearer {token}")));
}

#[tokio::test]
async fn no_service_sees_a_cookie_of_the_auth_service() {
    let service = echo().await;
    let house =
        House::start("", &(route("/*", service, "signed_in") + &route("/open/*", service, "public"))).await;

    for path in ["/", "/open/x"] {
        assert_eq!(
            house.signed_in("GET", path).send().await.seen("cookie").as_deref(),
            Some("theme=dark"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_a_client_says_about_itself_reaches_no_service() {
    let service = echo().await;
    let house =
        House::start("", &(route("/*", service, "signed_in") + &route("/open/*", service, "public"))).await;

    for path in ["/", "/open/x"] {
        let mut request = house.signed_in("GET", path);
        for lie in [
            "x-handstamp-user",
            "x-handstamp-roles",
            "x_handstamp_user",
            "x-handstamp_org",
            "x-forwarded-user",
            "x-original-url",
            "x-rewrite-url",
            "x-real-ip",
            "forwarded",
            "true-client-ip",
        ] {
            request = request.header(lie, "evil");
        }
        let reply =
            request.header("x-forwarded-for", "6.6.6.6").header("x-forwarded-host", "evil").send().await;

        assert_eq!(reply.status, 200);
        assert!(!reply.text().contains("evil"), "{path}: {}", reply.text());
        assert_eq!(reply.seen("x-forwarded-for").as_deref(), Some("127.0.0.1"));
        assert_eq!(reply.seen("x-forwarded-host"), Some(house.address.to_string()));
        assert_eq!(reply.seen("x-forwarded-proto").as_deref(), Some("http"));
        assert_eq!(reply.seen("via").as_deref(), Some("1.1 handstamp"));
    }
}

#[tokio::test]
async fn what_may_not_stand_before_a_body_may_not_stand_behind_it() {
    let trailers = async |request: Request| {
        let body = request.into_body().collect().await.unwrap();
        let names = body.trailers().into_iter().flat_map(|trailers| trailers.keys());
        names.map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    let house =
        House::start("", &route("/*", serve(Router::new().route("/", post(trailers))).await, "public")).await;
    let names = "x-handstamp-user, authorization, cookie, x-checksum";

    let mut stream = house
        .client()
        .request("POST", "/")
        .header("transfer-encoding", "chunked")
        .header("trailer", names)
        .header("connection", "close")
        .open()
        .await;
    let lines = format!("{}: ada\r\n", names.replace(", ", ": ada\r\n"));
    stream.write_all(format!("1\r\nx\r\n0\r\n{lines}\r\n").as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();

    assert!(reply.starts_with("HTTP/1.1 200") && reply.ends_with("\r\n\r\nx-checksum"), "{reply}");
}

/// A search may stand in the body of a `GET`.
#[tokio::test]
async fn a_body_of_unsaid_length_arrives_whatever_the_method() {
    let house = House::start("", &route("/*", echo().await, "public")).await;

    for method in ["GET", "DELETE", "POST"] {
        let request = house.client().request(method, "/").header("transfer-encoding", "chunked");
        let mut stream = request.header("connection", "close").open().await;
        stream.write_all(b"5\r\nhello\r\n0\r\n\r\n").await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();

        assert!(reply.starts_with("HTTP/1.1 200") && reply.contains("\"body\":5"), "{method}: {reply}");
    }
}

#[tokio::test]
async fn a_client_cannot_have_our_own_headers_removed_as_hop_by_hop() {
    let routes = route("/*", echo().await, "signed_in") + "identity_headers = true\n";
    let house = House::start("", &routes).await;

    let reply = house
        .signed_in("GET", "/")
        .header("connection", "close, authorization, x-handstamp-user, x-forwarded-for, cookie2")
        .header("cookie2", "gone")
        .send()
        .await;

    // The token came by cookie: naming the header removes nothing of what is said afterwards.
    assert!(reply.seen("authorization").is_some_and(|token| token.starts_with("Bearer ")));
    assert_eq!(reply.seen("x-handstamp-user").as_deref(), Some("ada"));
    assert_eq!(reply.seen("x-forwarded-for").as_deref(), Some("127.0.0.1"));
    assert_eq!(reply.seen("cookie2"), None);
}

#[tokio::test]
async fn a_service_that_reads_no_tokens_is_told_who_it_is() {
    let service = echo().await;
    let routes = route("/a/*", service, "optional")
        + "identity_headers = true\n"
        + &route("/b/*", service, "signed_in");
    let house = House::start("", &routes).await;

    let known = house.signed_in("GET", "/a/x").send().await;
    assert_eq!(known.seen("x-handstamp-user").as_deref(), Some("ada"));
    assert_eq!(known.seen("x-handstamp-roles").as_deref(), Some("buyer"));
    assert_eq!(known.seen("x-handstamp-org").as_deref(), Some("acme"));
    // Nobody is somebody with an empty name, and not whom the client says.
    let nobody = house.client().get("/a/x").header("x-handstamp-user", "evil").send().await;
    assert_eq!(nobody.seen("x-handstamp-user").as_deref(), Some(""));
    assert_eq!(house.signed_in("GET", "/b/x").send().await.seen("x-handstamp-user"), None);
}

#[tokio::test]
async fn a_trusted_proxy_is_believed_about_where_a_request_comes_from() {
    let house = House::start("trusted_proxies = [\"127.0.0.1\"]", &route("/*", echo().await, "public")).await;

    let reply = house.client().header("x-forwarded-for", "6.6.6.6, 192.0.2.7").send().await;

    assert_eq!(reply.seen("x-forwarded-for").as_deref(), Some("192.0.2.7, 127.0.0.1"));
}

#[tokio::test]
async fn the_request_keeps_its_id_on_the_whole_way() {
    let house = House::start("", &route("/*", echo().await, "public")).await;

    let given = house.client().header("x-request-id", "abc-1").send().await;
    assert_eq!(
        (given.seen("x-request-id").as_deref(), given.header("x-request-id")),
        (Some("abc-1"), Some("abc-1"))
    );
    let drawn = house.client().header("x-request-id", "evil\tline").send().await;
    assert_eq!(drawn.seen("x-request-id").as_deref(), drawn.header("x-request-id"));
    assert_eq!(drawn.header("x-request-id").map(str::len), Some(16));
}

#[tokio::test]
async fn a_service_cannot_sign_anybody_in_or_out() {
    let planted = async || {
        AppendHeaders([
            ("set-cookie", "__Host-Http-at=evil; Path=/; Secure"),
            ("set-cookie", "cart=7; Path=/"),
            ("set-cookie", "__host-http-rt=evil; Path=/"),
            ("set-cookie", "__Secure-rt=evil; Path=/auth"),
            ("clear-site-data", "\"cache\", \"cookies\""),
        ])
    };
    let service = serve(Router::new().route("/", get(planted))).await;
    let settings = "public_url = \"https://app.example\"\nissuer = \"https://auth.example\"\n";
    let house = House::start(settings, &route("/*", service, "public")).await;

    let reply = house.client().send().await;

    assert_eq!(reply.all("set-cookie"), ["cart=7; Path=/"]);
    assert_eq!(reply.all("clear-site-data"), ["\"cache\""]);
}

/// RFC 6797 §7.2: what is said by plain http, anybody on the way can say.
#[tokio::test]
async fn browsers_are_told_of_https_where_it_is_spoken() {
    let settings = "public_url = \"https://app.example\"\nissuer = \"https://auth.example\"\n";
    let routes = route("/*", echo().await, "public");
    let behind_a_proxy = House::start(&format!("{settings}trusted_proxies = [\"127.0.0.1\"]"), &routes).await;
    let plain = House::start(settings, &routes).await;
    let told = async |house: &House, proto: &str| {
        let reply = house.client().header("x-forwarded-proto", proto).send().await;
        reply.header("strict-transport-security").map(str::to_owned)
    };

    let promise = Some("max-age=63072000; includeSubDomains".to_owned());
    assert_eq!(told(&behind_a_proxy, "https").await, promise);
    assert_eq!(told(&behind_a_proxy, "http").await, None);
    assert_eq!(told(&plain, "https").await, None, "whoever says so must be a proxy of ours");
}

#[tokio::test]
async fn a_reply_to_somebody_is_not_for_shared_caches() {
    let said = async || [("cache-control", "public, max-age=60")];
    let service =
        serve(Router::new().route("/said", get(said)).route("/silent", get(async || "hello"))).await;
    let house = House::start("", &(route("/*", service, "optional"))).await;

    assert_eq!(house.signed_in("GET", "/silent").send().await.header("cache-control"), Some("private"));
    assert_eq!(
        house.signed_in("GET", "/said").send().await.header("cache-control"),
        Some("public, max-age=60")
    );
    assert_eq!(house.client().get("/silent").send().await.header("cache-control"), None);
}

#[tokio::test]
async fn the_auth_service_gets_its_cookies_under_its_own_names_and_ours_come_back() {
    let house = House::before(echo().await).await;
    let (here, there) = (house.address.port(), house.auth.url.rsplit(':').next().unwrap().to_owned());

    let reply = house
        .signed_in("POST", "/auth/echo")
        .header("cookie", &format!("__Host-Http-at-{there}=planted; __Secure-rt-{there}=planted"))
        .header("x-handstamp", "1")
        .header("x-forwarded-for", "6.6.6.6")
        .send()
        .await;

    let seen = reply.seen("cookie").unwrap();
    assert!(seen.starts_with(&format!("__Host-Http-at-{there}=ey")), "{seen}");
    assert!(
        seen.ends_with(&format!("; theme=dark; __Secure-rt-{there}=hsr_1; auth_hint-{there}=1.7.x.in")),
        "{seen}"
    );
    assert_eq!(reply.seen("x-handstamp").as_deref(), Some("1"));
    assert_eq!(reply.seen("x-forwarded-for").as_deref(), Some("127.0.0.1"));
    let set = format!("__Host-Http-rt-{here}=new; Path=/; Secure; HttpOnly; SameSite=Strict");
    assert_eq!(reply.all("set-cookie"), [set.as_str()]);
}
