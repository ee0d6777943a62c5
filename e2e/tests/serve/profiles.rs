use std::path::Path;

use handstamp_e2e::program::{Finished, run_with_stdin};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Served, add_user, beside};

fn set_profile(folder: &Path, json: &str) -> Finished {
    run_with_stdin(folder, ["user", "set-profile", "ann", "--data", "data", "--json"], json.as_bytes())
}

async fn ask(client: reqwest::RequestBuilder) -> (u16, Value) {
    let reply = client.send().await.expect("a reply");
    (reply.status().as_u16(), reply.json().await.unwrap_or(Value::Null))
}

/// The example of the guide, with the real binary and nothing of ours in between.
#[tokio::test]
async fn a_service_reads_what_the_operator_has_set() {
    let folder = TempDir::new().expect("a folder");
    let served = Served::start(folder.path());
    let ann = add_user(folder.path(), "ann").json();
    let audience = format!("{}/profiles", served.base);
    let add = ["client", "add", "orders", "--scope", "profiles.read", "--audience", &audience, "--json"];
    let orders = beside(folder.path(), &add).json();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");

    let told = set_profile(folder.path(), r#"{ "name": "Ann Onymous", "desk": { "floor": 4 } }"#).json();
    assert_eq!(told["profile"], json!({ "name": "Ann Onymous", "desk": { "floor": 4 } }));

    let form = "grant_type=client_credentials";
    let token = http
        .post(format!("{}/oauth2/token", served.base))
        .basic_auth("orders", orders["client_secret"].as_str())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let (status, token) = ask(token).await;
    assert_eq!(status, 200, "{token}");
    let token = token["access_token"].as_str().expect("a token");
    let url = format!("{audience}/{}", ann["sub"].as_str().expect("an id"));
    let (status, profile) = ask(http.get(&url).bearer_auth(token)).await;
    assert_eq!((status, &profile["profile"]), (200, &told["profile"]), "{profile}");
    assert_eq!(profile["preferred_username"], "ann");
    assert_eq!(ask(http.get(&url)).await.0, 401);
}

#[test]
fn the_operator_sees_what_was_set_and_takes_it_away() {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();
    set_profile(folder.path(), r#"{"name":"Ann Onymous"}"#).ok();

    let shown = beside(folder.path(), &["user", "show", "ann", "--json"]).json();
    assert_eq!(shown["profile"], json!({ "name": "Ann Onymous" }));
    let for_people = beside(folder.path(), &["user", "show", "ann"]).ok();
    assert!(for_people.stdout.contains("\"name\": \"Ann Onymous\""), "{for_people:?}");

    set_profile(folder.path(), "{}").ok();
    let shown = beside(folder.path(), &["user", "show", "ann", "--json"]).json();
    assert_eq!(shown["profile"], json!({}));
}

#[test]
fn what_is_no_profile_is_one_sentence_and_changes_nothing() {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();
    set_profile(folder.path(), r#"{"name":"Ann"}"#).ok();
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(16 * 1024));

    for (wrong, why) in [
        ("", "ends too early"),
        ("[]", "not a JSON object"),
        (r#"{"a":1,"a":2}"#, "stands twice"),
        (large.as_str(), "16384"),
    ] {
        let refused = set_profile(folder.path(), wrong);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains(why), "{why}: {refused:?}");
    }

    let shown = beside(folder.path(), &["user", "show", "ann", "--json"]).json();
    assert_eq!(shown["profile"], json!({ "name": "Ann" }));
}
