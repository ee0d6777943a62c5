//! Services that fail, and clients that mean harm.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{any, get};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Client, House, PATIENCE, broken, echo, eventually, route, serve};

/// An address at which nobody listens.
async fn nobody() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

fn two(one: std::net::SocketAddr, other: std::net::SocketAddr) -> String {
    format!(
        "[[gateway.routes]]\npath = \"/*\"\nto = [\"http://{one}\", \"http://{other}\"]\naccess = \"public\"\n"
    )
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable_and_nothing_was_done() {
    let house = House::start("", &route("/*", nobody().await, "public")).await;

    let reply = house.client().request("POST", "/").body("x").send().await;

    assert_eq!(reply.code(), (503, "unavailable".to_owned()));
    assert!(reply.header("retry-after").is_some());
    assert!(reply.json()["detail"].as_str().unwrap().contains("did not reach it"));
}

#[tokio::test]
async fn a_service_that_breaks_off_before_its_reply_may_have_done_what_was_asked() {
    for says in ["", "HTTP/1.1 200 OK\r\ncontent-le", "not http at all\r\n\r\n"] {
        let house = House::start("", &route("/*", broken(says.as_bytes()).await, "public")).await;

        let reply = house.client().request("POST", "/").body("x").send().await;

        assert_eq!(reply.code(), (502, "service_failed".to_owned()), "{says:?}");
    }
}

#[tokio::test]
async fn a_reply_that_is_cut_off_does_not_look_whole() {
    for says in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nonly this\r\n",
    ] {
        let house = House::start("", &route("/*", broken(says.as_bytes()).await, "public")).await;

        let reply = house.client().send().await;

        assert_eq!(
            (reply.status, reply.text().as_str(), reply.is_whole),
            (200, "only this", false),
            "{says:?}"
        );
    }
}

#[tokio::test]
async fn a_service_that_takes_too_long_is_given_up_on() {
    let slow = serve(Router::new().fallback(async || sleep(PATIENCE).await)).await;
    let house = House::start("", &(route("/*", slow, "public") + "timeout = \"200ms\"\n")).await;

    assert_eq!(house.client().send().await.code(), (504, "service_timeout".to_owned()));
}

#[tokio::test]
async fn a_long_upload_is_not_a_service_that_takes_long() {
    let house = House::start("", &(route("/*", echo().await, "public") + "timeout = \"300ms\"\n")).await;
    let mut stream = house
        .client()
        .request("POST", "/")
        .header("content-length", "5")
        .header("connection", "close")
        .open()
        .await;

    for byte in *b"hello" {
        sleep(Duration::from_millis(150)).await;
        stream.write_all(&[byte]).await.unwrap();
    }

    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}

/// Otherwise clients could make a service look as if it failed.
#[tokio::test]
async fn a_client_that_pauses_is_no_service_that_takes_long_either() {
    let house = House::start("", &(route("/*", echo().await, "public") + "timeout = \"200ms\"\n")).await;
    let request = house.client().request("POST", "/").header("content-length", "2");
    let mut stream = request.header("connection", "close").open().await;
    stream.write_all(b"a").await.unwrap();

    sleep(Duration::from_millis(700)).await;
    stream.write_all(b"b").await.unwrap();

    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}

#[tokio::test]
async fn a_body_that_stands_still_is_given_up_on_in_both_directions() {
    let stuck = get(async || {
        let chunks = futures_util::stream::unfold(0, |n| async move {
            if n > 0 {
                sleep(PATIENCE).await;
            }
            Some((Ok::<_, std::io::Error>(Bytes::from("begun")), n + 1))
        });
        Body::from_stream(chunks)
    });
    let service = serve(Router::new().route("/down", stuck).fallback(async |body: Bytes| body)).await;
    let house = House::start("idle_timeout = \"200ms\"", &route("/*", service, "public")).await;

    let down = house.client().get("/down").send().await;
    assert_eq!((down.text().as_str(), down.is_whole), ("begun", false));

    let mut up = house.client().request("POST", "/up").header("content-length", "10").open().await;
    up.write_all(b"half").await.unwrap();
    let mut reply = String::new();
    timeout(PATIENCE, up.read_to_string(&mut reply)).await.expect("an end").unwrap();
    assert!(reply.starts_with("HTTP/1.1 400") && reply.contains("body_malformed"), "{reply}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_said_or_unsaid() {
    let house = House::start("max_body = 1000", &route("/*", echo().await, "public")).await;

    let said = house.client().request("POST", "/").body(vec![b'x'; 1001]).send().await;
    assert_eq!(said.code(), (413, "body_too_large".to_owned()));
    let chunked = house
        .client()
        .request("POST", "/")
        .header("transfer-encoding", "chunked")
        .header("connection", "close");
    let mut stream = chunked.open().await;
    stream.write_all(format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001)).as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
    assert_eq!(house.client().request("POST", "/").body(vec![b'x'; 1000]).send().await.json()["body"], 1000);
}

#[tokio::test]
async fn a_refused_upload_is_read_so_that_the_refusal_is_heard() {
    let house = House::before(echo().await).await;

    let reply = house
        .client()
        .request("POST", "/")
        .header("x-handstamp", "1")
        .body(vec![b'x'; 1_000_000])
        .send()
        .await;

    assert_eq!((reply.code(), reply.is_whole), ((401, "token_missing".to_owned()), true));
}

#[tokio::test]
async fn a_request_is_tried_at_another_address_when_the_first_is_not_there() {
    let (gone, there) = (nobody().await, echo().await);
    let house = House::start("", &two(gone, there)).await;

    for method in ["GET", "GET", "POST", "DELETE"] {
        assert_eq!(
            house.client().request(method, "/").header("content-length", "0").send().await.status,
            200,
            "{method}"
        );
    }
}

#[tokio::test]
async fn what_a_service_may_have_seen_is_tried_again_only_if_it_changes_nothing() {
    let (breaks, there) = (broken(b"").await, echo().await);
    let house = House::start("", &two(breaks, there)).await;
    let send =
        async |method: &str, body: &str| house.client().request(method, "/").body(body).send().await.status;

    for _ in 0..2 {
        assert_eq!(send("GET", "").await, 200);
    }
    let mut posted = Vec::new();
    for _ in 0..2 {
        posted.push(send("POST", "").await);
    }
    posted.sort_unstable();
    assert_eq!(posted, [200, 502], "one of them broke off, and was not repeated");
}

#[tokio::test]
async fn a_body_is_never_sent_twice() {
    let (gone, there) = (nobody().await, echo().await);
    let house = House::start("", &two(gone, there)).await;

    let mut sent = Vec::new();
    for _ in 0..2 {
        sent.push(house.client().request("PUT", "/").body("x").send().await.status);
    }

    sent.sort_unstable();
    assert_eq!(sent, [200, 503]);
}

/// A request that is sent while the other side hangs up is lost, and one that changes something is not repeated.
#[tokio::test]
async fn no_connection_is_used_that_a_service_is_about_to_close() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                }
            });
        }
    });
    let house = House::start("", &route("/*", address, "public")).await;
    let post = async || house.client().request("POST", "/").send().await.status;
    assert_eq!(post().await, 200);
    let before = accepted.load(Ordering::SeqCst);

    // Node and uvicorn wait for five seconds.
    sleep(Duration::from_millis(4_500)).await;

    assert_eq!((post().await, accepted.load(Ordering::SeqCst)), (200, before + 1));
}

#[tokio::test]
async fn an_address_that_fails_again_and_again_is_left_alone() {
    let (gone, there) = (nobody().await, echo().await);
    let house = House::start("", &two(gone, there)).await;
    for _ in 0..6 {
        assert_eq!(house.client().send().await.status, 200);
    }

    assert_eq!(
        house.figure(&format!("handstamp_gateway_target_well{{route=\"/*\",target=\"{gone}\"}}")).await,
        0
    );
    assert_eq!(
        house.figure(&format!("handstamp_gateway_target_well{{route=\"/*\",target=\"{there}\"}}")).await,
        1
    );
    // Not even a request that could not be tried again fails now.
    assert_eq!(house.client().request("PUT", "/").body("x").send().await.status, 200);
}

#[tokio::test]
async fn a_service_that_says_it_is_not_well_gets_no_requests() {
    let sick = serve(
        Router::new()
            .route("/health", get(async || axum::http::StatusCode::SERVICE_UNAVAILABLE))
            .fallback(any(async || "hello")),
    )
    .await;
    let routes = route("/*", sick, "public") + "health = \"/health\"\n";
    let house = House::start("", &routes).await;

    eventually("it gets no more requests", async || house.client().send().await.status == 503).await;
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let house = House::start("max_header = 8192", &route("/*", echo().await, "public")).await;

    let reply = house.client().header("x-large", &"x".repeat(20_000)).send().await;

    assert_eq!(reply.status, 431);
}

#[tokio::test]
async fn a_client_that_sends_its_header_byte_by_byte_is_let_go() {
    let house = House::start("header_timeout = \"300ms\"", &route("/*", echo().await, "public")).await;
    let mut slow = TcpStream::connect(house.address).await.unwrap();
    let started = Instant::now();

    let ended = async {
        for byte in b"GET / HTTP/1.1\r\nhost: x\r\nx: ".iter().cycle() {
            if slow.write_all(&[*byte]).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, ended).await.expect("it is let go");

    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(house.client().send().await.status, 200, "nobody else is kept waiting");
}

#[tokio::test]
async fn a_request_in_two_ways_of_saying_its_length_is_refused() {
    let house = House::start("", &route("/*", echo().await, "public")).await;

    let both = house
        .client()
        .request("POST", "/")
        .header("transfer-encoding", "chunked")
        .header("content-length", "5")
        .header("connection", "close");
    let mut stream = both.open().await;
    stream.write_all(b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).await.unwrap();

    // Refused, or taken as RFC 9112 §6.3 says, with the connection closed behind it: never two requests.
    assert!(replies.matches("HTTP/1.1 ").count() == 1 && !replies.contains("smuggled"), "{replies}");
    let twice =
        house.client().request("POST", "/").header("content-length", "5").header("content-length", "6");
    assert_eq!(twice.send().await.status, 400);
}

#[tokio::test]
async fn running_requests_end_in_their_own_time_when_the_gateway_stops() {
    let slow = serve(Router::new().fallback(async || {
        sleep(Duration::from_millis(500)).await;
        "done"
    }))
    .await;
    let mut house = House::start("", &route("/*", slow, "public")).await;
    let running = tokio::spawn(house.client().send());
    sleep(Duration::from_millis(200)).await;

    house.stop();

    assert_eq!(running.await.unwrap().text(), "done");
    eventually("nobody listens any more", async || TcpStream::connect(house.address).await.is_err()).await;
    let _ = Client::of(house.address);
}
