use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use handstamp_e2e::browser::Fetch;
use handstamp_e2e::program::{Running, run};
use http::Method;
use serde_json::json;

use crate::support::{Demo, Reply};

#[tokio::test]
async fn what_it_tells_is_the_contract() {
    let demo = Demo::start();

    let people = demo.told["people"].as_array().expect("people");
    assert!(people.len() >= 4);
    for person in people {
        let keys: Vec<_> = person.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, ["org_id", "password", "roles", "username"]);
    }
    for url in [
        &demo.told["auth"],
        &demo.told["app"],
        &demo.told["services"]["orders"],
        &demo.told["services"]["profiles"],
    ] {
        assert!(url.as_str().is_some_and(|url| url.starts_with("http://localhost:")), "{url}");
    }
}

#[tokio::test]
async fn the_page_is_told_where_everything_is() {
    let demo = Demo::start();
    let mut tab = demo.tab();

    let page = tab.browser.fetch(Fetch::typed(&demo.app())).await.expect("a page");
    let settings =
        tab.browser.fetch(Fetch::typed(&format!("{}config.json", demo.app()))).await.expect("settings");

    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let settings = Reply::of(&settings).body;
    assert_eq!(settings["auth"], demo.told["auth"]);
    assert_eq!(settings["services"], demo.told["services"]);
    // What the page offers as somebody else's order is somebody else's order.
    let foreign = settings["foreign_orders"]["acme"].as_i64().expect("a number");
    assert_eq!(
        demo.tab_of("ada").await.orders(Method::GET, &format!("/orders/{foreign}"), None).await.status,
        404
    );
    assert_eq!(
        demo.tab_of("dora").await.orders(Method::GET, &format!("/orders/{foreign}"), None).await.status,
        200
    );
}

#[tokio::test]
async fn a_taken_port_is_told_and_a_free_one_taken() {
    // Somebody sits on the second of four ports.
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port();

    let demo = Demo::start_with(&["--port-base", &(port - 1).to_string()], &[]);

    demo.running.stderr_with(&format!("Port {port} is taken: the page listens on"));
    assert!(!demo.app().contains(&format!(":{port}/")), "{}", demo.app());
    assert_eq!(demo.tab_of("ada").await.orders(Method::GET, "/orders", None).await.status, 200);
}

#[test]
fn it_stops_when_asked_and_takes_its_data_along() {
    let demo = Demo::start();
    assert_eq!(leftovers(&demo), 1, "the demo keeps its data in one folder");
    let Demo { running, folder, .. } = demo;

    assert_eq!(running.stop().code(), Some(0));

    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

fn leftovers(demo: &Demo) -> usize {
    std::fs::read_dir(demo.folder.path()).expect("the folder").count()
}

#[tokio::test]
async fn data_that_was_to_be_kept_is_there_the_next_time() {
    let keep = ["--port-base", "0", "--data", "kept"];
    let first = Demo::start_with(&keep, &[]);
    let lamp = json!({ "item": "Reading lamp" });
    assert_eq!(first.tab_of("ben").await.orders(Method::POST, "/orders", Some(&lamp)).await.status, 201);
    let Demo { running, folder, .. } = first;
    running.stop();

    let second = Demo::start_in(folder, &keep, &[]);

    let orders = second.tab_of("ada").await.orders(Method::GET, "/orders", None).await;
    let list = orders.body["orders"].as_array().expect("a list");
    assert_eq!(list.len(), 4);
    assert_eq!(list[0]["item"], "Reading lamp");
    assert_eq!(list[0]["buyer_name"], "Ben Lindqvist");
}

#[tokio::test]
async fn an_expired_token_is_refused_and_a_refresh_helps() {
    let short = [("HANDSTAMP_TOKENS_LIFETIME", "1s"), ("HANDSTAMP_TOKENS_LEEWAY", "0s")];
    let demo = Demo::start_with(&["--port-base", "0"], &short);
    let mut ada = demo.tab_of("ada").await;

    tokio::time::sleep(Duration::from_millis(2100)).await;

    let refused = ada.orders(Method::GET, "/orders", None).await;
    assert_eq!(refused.code(), (401, "token_expired"));
    assert_eq!(ada.auth(Method::POST, "/auth/session", None).await.status, 200);
    assert_eq!(ada.orders(Method::GET, "/orders", None).await.status, 200);
}

#[tokio::test]
async fn how_long_a_token_lives_is_a_flag_above_a_variable_above_the_demos_own() {
    let expires_in = async |arguments: &[&str], variables: &[(&str, &str)]| {
        let arguments = [&["--port-base", "0"], arguments].concat();
        let demo = Demo::start_with(&arguments, variables);
        let whoami = demo.tab_of("ada").await.auth(Method::GET, "/auth/whoami", None).await;
        whoami.body["expires_in"].as_i64().expect("seconds")
    };
    let variable = [("HANDSTAMP_TOKENS_LIFETIME", "9m")];

    assert!((240..=300).contains(&expires_in(&[], &[]).await));
    assert!((480..=540).contains(&expires_in(&[], &variable).await));
    assert!((1..=30).contains(&expires_in(&["--token-lifetime", "30s"], &variable).await));
}

#[test]
fn a_token_lifetime_that_cannot_be_meant_is_wrong_usage() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");

    for lifetime in ["30", "1s", "2 days"] {
        let refused = run(folder.path(), ["demo", "--token-lifetime", lifetime]);

        assert_eq!(refused.code, Some(2), "{refused:?}");
    }
}

#[test]
fn what_people_are_told_to_type_works_where_it_is_pasted() {
    let folder = tempfile::TempDir::with_prefix("it's a folder ").expect("a temporary folder");
    let mut running = Running::start(folder.path(), ["demo", "--port-base", "0", "--data", "kept"]);

    let command = std::iter::repeat_with(|| running.line()).find(|line| line.contains("user set-roles"));

    let pasted = Command::new("sh").arg("-c").arg(command.expect("it is told")).output().expect("a shell");
    let shown = String::from_utf8_lossy(&pasted.stdout);
    assert!(pasted.status.success() && shown.contains("cleo"), "{pasted:?}");
}

#[test]
fn people_are_told_what_to_try() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let mut running = Running::start(folder.path(), ["demo", "--port-base", "0"]);

    let mut told = String::new();
    while !told.contains("Ctrl-C stops") {
        told.push_str(&running.line());
        told.push('\n');
    }

    for promised in ["http://localhost:", "ada", "copper-kettle-and-tea", "curl -s", "token explain"] {
        assert!(told.contains(promised), "{promised:?} is missing:\n{told}");
    }
    assert!(!told.contains('\u{1b}'), "no colour in a pipe");
    assert_eq!(running.stop().code(), Some(0));
}
