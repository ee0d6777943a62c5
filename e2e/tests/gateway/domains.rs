//! Two host names, each with a gateway of its own before one auth service, and one sign-in on both.

use std::fs;
use std::net::SocketAddr;

use bytes::Bytes;
use handstamp_e2e::browser::{Browser, Fetch, Transport};
use handstamp_e2e::program::Running;
use http::{Method, Request, Response};
use tempfile::TempDir;
use tokio::time::{Duration, Instant, sleep};
use url::Url;

use super::service;
use crate::support::{PASSWORD, PATIENCE, Served, add_user, free_port, now};

/// Knows where the two names are.
struct Names(reqwest::Client);

impl Transport for Names {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let request = reqwest::Request::try_from(request).expect("an absolute URL");
        let reply = self.0.execute(request).await.expect("a reply");
        let mut answer = Response::builder().status(reply.status());
        answer.headers_mut().expect("a status").clone_from(reply.headers());
        answer.body(reply.bytes().await.expect("a body")).expect("they came from a reply")
    }
}

/// Everything that runs. It ends with the test.
struct Domains {
    home: String,
    shop: String,
    _running: (Served, Running, Running, TempDir),
}

impl Domains {
    async fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let (home_port, shop_port) = (free_port(), free_port());
        let (home, shop) =
            (format!("http://app.localhost:{home_port}"), format!("http://shop.localhost:{shop_port}"));
        let config = format!(
            "[server]\npublic_url = \"{home}\"\ntrusted_proxies = [\"127.0.0.0/8\"]\n\
             [revocation]\nsubscribers = \"open\"\n[sites.shop]\nurl = \"{shop}\"\n"
        );
        fs::write(folder.path().join("handstamp.toml"), config).expect("a file");
        add_user(folder.path(), "ann").ok();
        let served = Served::start(folder.path());
        let service = service::start().await;
        let gateway = |name: &str, url: &str, port: u16| {
            let config = format!(
                "[gateway]\npublic_url = \"{url}\"\nauth = \"{}\"\nissuer = \"{home}\"\n\
                 [[gateway.routes]]\npath = \"/api/*\"\nto = [\"http://{service}\"]\naccess = \"signed_in\"\n\
                 [[gateway.routes]]\npath = \"/*\"\nto = [\"http://{service}\"]\naccess = \"public\"\n",
                served.base
            );
            let file = format!("{name}.toml");
            fs::write(folder.path().join(&file), config).expect("a file");
            let listen = format!("127.0.0.1:{port}");
            let arguments =
                ["gateway", "--config", &file, "--listen", &listen, "--admin-listen", "127.0.0.1:0"];
            let mut gateway = Running::start(folder.path(), arguments);
            gateway.address();
            gateway
        };
        let gateways = (gateway("home", &home, home_port), gateway("shop", &shop, shop_port));
        Self { home, shop, _running: (served, gateways.0, gateways.1, folder) }
    }

    fn browser() -> Browser<Names> {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let client = client.resolve("app.localhost", here).resolve("shop.localhost", here);
        Browser::new(Names(client.build().expect("a client")), now())
    }
}

/// Goes to an address, and on wherever it leads below `/auth/`. Returns where that ended.
async fn follow(browser: &mut Browser<Names>, at: &str, mut fetch: Fetch) -> String {
    let mut at = Url::parse(at).expect("an address");
    for _ in 0..10 {
        let reply = browser.fetch(fetch.header("accept", "text/html")).await.expect("nothing blocks it");
        let body = String::from_utf8_lossy(reply.body()).into_owned();
        let next = match reply.status().as_u16() {
            303 => at.join(reply.headers()["location"].to_str().expect("text")).expect("an address"),
            200 if body.contains("http-equiv=\"refresh\"") => at.clone(),
            200 => return at.into(),
            other => panic!("{at}: {other}: {body}"),
        };
        if !next.path().starts_with("/auth/") {
            return next.into();
        }
        fetch = Fetch::navigation(at.as_str(), Method::GET, next.as_str());
        at = next;
    }
    panic!("the browser is sent around for ever");
}

async fn status(browser: &mut Browser<Names>, domain: &str, path: &str) -> u16 {
    let fetch = Fetch::script(domain, Method::GET, &format!("{domain}{path}"));
    browser.fetch(fetch).await.expect("nothing blocks it").status().as_u16()
}

/// A gateway hears of a sign-out a moment later.
async fn until(browser: &mut Browser<Names>, domain: &str, wanted: u16) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = status(browser, domain, "/api/echo").await;
        if status == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{domain}: {status}, not {wanted}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn one_sign_in_and_one_sign_out_for_two_names_behind_two_gateways() {
    let domains = Domains::start().await;
    let Domains { home, shop, .. } = &domains;
    let mut browser = Domains::browser();
    until(&mut browser, shop, 401).await;
    until(&mut browser, home, 401).await;

    // The shop sends her home, to the form.
    let ask = format!("{shop}/auth/sign-in?return_to=%2Fcart");
    let form = follow(&mut browser, &ask, Fetch::typed(&ask)).await;
    assert!(form.starts_with(&format!("{home}/auth/sign-in?")), "{form}");
    let form = Url::parse(&form).expect("an address");
    let return_to = form.query_pairs().find(|(name, _)| name == "return_to").expect("a way back").1;
    let fields = [("login", "ann"), ("password", PASSWORD), ("return_to", &return_to)];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let submit = format!("{home}/auth/sign-in");

    let sent = Fetch::navigation(home, Method::POST, &submit).form(body);
    let at = follow(&mut browser, &submit, sent).await;

    assert_eq!(at, format!("{shop}/cart"));
    for domain in [home, shop] {
        until(&mut browser, domain, 200).await;
    }
    assert!(browser.dropped.is_empty(), "{:?}", browser.dropped);

    let out = format!("{shop}/auth/sign-out");
    let sent = Fetch::navigation(shop, Method::POST, &out).form("scope=session");
    let at = follow(&mut browser, &out, sent).await;
    assert!(at.starts_with(&format!("{shop}/auth/sign-in?done=signed_out")), "{at}");
    for domain in [home, shop] {
        until(&mut browser, domain, 401).await;
    }
}
