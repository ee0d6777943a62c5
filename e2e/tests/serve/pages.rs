use std::path::Path;

use bytes::Bytes;
use handstamp_e2e::browser::{Browser, Fetch};
use handstamp_e2e::program::run;
use handstamp_e2e::socket::Socket;
use http::{Method, Response};
use tempfile::TempDir;

use crate::support::{PASSWORD, Served, add_user, now};

const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";

fn configure(folder: &Path, pages: &str) {
    std::fs::write(folder.join("handstamp.toml"), format!("[pages]\n{pages}\n")).expect("a file");
}

async fn visit(browser: &mut Browser<Socket>, url: &str) -> Response<Bytes> {
    browser.fetch(Fetch::typed(url).header("accept", "text/html")).await.expect("nothing blocks it")
}

fn text(reply: &Response<Bytes>) -> String {
    String::from_utf8_lossy(reply.body()).into_owned()
}

#[tokio::test]
async fn somebody_signs_in_by_the_page_and_sees_their_account() {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();
    let served = Served::start(folder.path());
    let mut browser = Browser::new(Socket::new(), now());
    let page = format!("{}/auth/sign-in", served.base);

    assert!(text(&visit(&mut browser, &page).await).contains("action=\"/auth/sign-in\""));
    let form = format!("login=ann&password={}", PASSWORD.replace(' ', "+"));
    let sent = Fetch::navigation(&page, Method::POST, &page).header("accept", "text/html").form(form);
    let reply = browser.fetch(sent).await.expect("nothing blocks it");

    assert_eq!(reply.status(), 303);
    assert_eq!(reply.headers()["location"], "/auth/account");
    let account = visit(&mut browser, &format!("{}/auth/account", served.base)).await;
    assert!(text(&account).contains("You are signed in as ann."), "{account:?}");
}

#[tokio::test]
async fn the_operators_logo_stands_above_the_form() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("acme.svg"), LOGO).expect("a file");
    configure(folder.path(), "title = \"Acme\"\nlogo_file = \"acme.svg\"");
    let served = Served::start(folder.path());
    let mut browser = Browser::new(Socket::new(), now());

    let page = text(&visit(&mut browser, &format!("{}/auth/sign-in", served.base)).await);

    let image = page.split("<img class=\"logo\" src=\"").nth(1).and_then(|rest| rest.split('"').next());
    let image = visit(&mut browser, &format!("{}{}", served.base, image.expect("a logo"))).await;
    assert_eq!(text(&image), LOGO);
    assert_eq!(image.headers()["content-type"], "image/svg+xml");
    assert!(page.contains("alt=\"Acme\""), "{page}");
}

#[test]
fn a_logo_that_is_no_image_is_refused_at_the_start() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("acme.svg"), "<html>").expect("a file");
    configure(folder.path(), "logo_file = \"acme.svg\"");

    for command in [&["serve"][..], &["config", "check"]] {
        let run = run(folder.path(), command);
        assert_eq!(run.code, Some(1), "{run:?}");
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("the logo acme.svg cannot be used"), "{run:?}");
    }
}
