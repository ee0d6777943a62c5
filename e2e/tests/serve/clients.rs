//! Machine clients of the configuration file.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::Served;

const SECRET: &str = "Yq0ZzQ8m1v7l0tqGkq1mXnC4w2r6uJ3s";

fn configure(folder: &Path, configuration: &str) {
    fs::write(folder.join("handstamp.toml"), configuration).expect("a file");
    let secret = folder.join("reports.secret");
    fs::write(&secret, format!("{SECRET}\n")).expect("a file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("it is ours");
    }
}

/// Asks for a token of the client's own.
async fn ask(served: &Served, secret: &str) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let asking = http
        .post(format!("{}/oauth2/token", served.base))
        .basic_auth("reports", Some(secret))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials&scope=orders%3Aread");
    let reply = asking.send().await.expect("a reply");
    (reply.status().as_u16(), reply.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_client_of_the_file_gets_tokens_until_it_is_crossed_out() {
    let folder = TempDir::new().expect("a folder");
    let section = "[clients.reports]\nsecret_file = \"reports.secret\"\nscopes = [\"orders:read\"]\naudiences = [\"orders\"]\n";
    configure(folder.path(), section);
    let served = Served::start(folder.path());

    let (status, token) = ask(&served, SECRET).await;
    assert_eq!((status, &token["scope"]), (200, &"orders:read".into()), "{token}");
    assert_eq!(ask(&served, "another secret").await.0, 401);
    drop(served);

    configure(folder.path(), "");
    let served = Served::start(folder.path());
    assert_eq!(ask(&served, SECRET).await.0, 401);
}
