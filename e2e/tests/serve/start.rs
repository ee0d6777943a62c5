use handstamp_e2e::program::{Running, run, run_with};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{PASSWORD, Served, add_user, free_port};

#[tokio::test]
async fn the_first_start_offers_one_way_to_the_first_administrator() {
    let folder = TempDir::new().expect("a folder");
    let served = Served::start(folder.path());
    let told = served.running.stderr_with("hss_");
    assert!(told.contains(&format!("{}/auth/setup", served.base)), "{told}");
    let secret = told.split_whitespace().find(|word| word.starts_with("hss_")).expect("a secret");
    let request = |name: &str| json!({ "setup_secret": secret, "username": name, "password": PASSWORD });

    assert_eq!(served.post("/auth/setup", &request("root")).await.status, 201);

    assert_ne!(served.post("/auth/setup", &request("eve")).await.status, 201, "good for one");
    let tokens = served.sign_in("root").await;
    let whoami = served.whoami(tokens.body["access_token"].as_str().expect("a token")).await;
    assert_eq!(whoami.body["roles"], json!(["admin"]));
}

#[test]
fn a_start_with_users_offers_nothing() {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();

    let served = Served::start(folder.path());

    assert!(!served.running.stderr().contains("hss_"), "{}", served.running.stderr());
}

#[test]
fn it_stops_in_good_order_when_asked() {
    let folder = TempDir::new().expect("a folder");
    let served = Served::start(folder.path());

    assert_eq!(served.running.stop().code(), Some(0));
}

#[test]
fn a_taken_address_is_one_sentence() {
    let folder = TempDir::new().expect("a folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();

    let run = run(folder.path(), ["serve", "--data", "data", "--listen", &address]);

    assert_eq!(run.code, Some(1));
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    assert!(run.stderr.contains(&format!("{address} is taken")), "{run:?}");
}

#[test]
fn variables_override_the_file_and_flags_override_both() {
    let folder = TempDir::new().expect("a folder");
    let (file, variable, flag) = (free_port(), free_port(), free_port());
    let config = format!("[server]\nlisten = \"127.0.0.1:{file}\"\n");
    std::fs::write(folder.path().join("handstamp.toml"), config).expect("a file");
    let listen = format!("127.0.0.1:{variable}");
    let variables = [("HANDSTAMP_SERVER_LISTEN", listen.as_str())];

    let mut by_variable = Running::start_with(folder.path(), ["serve"], &variables);
    assert_eq!(by_variable.address(), format!("http://127.0.0.1:{variable}"));
    by_variable.stop();

    let listen = format!("127.0.0.1:{flag}");
    let mut by_flag = Running::start_with(folder.path(), ["serve", "--listen", &listen], &variables);
    assert_eq!(by_flag.address(), format!("http://127.0.0.1:{flag}"));
}

#[test]
fn a_mistyped_setting_is_told_its_likely_name() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("handstamp.toml"), "[tokens]\nlifetme = \"5m\"\n").expect("a file");

    let run = run(folder.path(), ["serve"]);

    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("did you mean tokens.lifetime?") && run.stderr.contains("handstamp.toml line 2"),
        "{run:?}"
    );
}

#[test]
fn plain_http_beyond_this_machine_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let config = "[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"http://auth.example.org\"\n";
    std::fs::write(folder.path().join("handstamp.toml"), config).expect("a file");

    let run = run(folder.path(), ["serve"]);

    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("unencrypted"), "{run:?}");
}

#[test]
fn postgres_that_is_not_there_is_one_sentence_without_the_password() {
    let folder = TempDir::new().expect("a folder");
    let url = format!("postgres://handstamp:hunter2@127.0.0.1:{}/handstamp", free_port());
    let key = format!("hsroot_{}", "5f".repeat(32));
    let variables = [("HANDSTAMP_ROOT_KEY", key.as_str()), ("HANDSTAMP_STORAGE_DATABASE_URL", url.as_str())];

    let run = run_with(folder.path(), ["serve", "--listen", "127.0.0.1:0"], &variables, b"");

    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    assert!(run.stderr.contains("cannot open the database") && !run.stderr.contains("hunter2"), "{run:?}");
}

#[test]
fn postgres_without_a_root_key_is_told_how_to_make_one() {
    let folder = TempDir::new().expect("a folder");
    let variables = [("HANDSTAMP_STORAGE_DATABASE_URL", "postgres://localhost/handstamp")];

    let run = run_with(folder.path(), ["serve", "--listen", "127.0.0.1:0"], &variables, b"");

    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("no root key") && run.stderr.contains("key generate-root"), "{run:?}");
}
