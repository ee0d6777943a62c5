//! Services that do not follow the revocation feed: ours by its own checker, and one in another language by the standard alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use handstamp_verify::revocation::status_list::WhenUnknown;
use handstamp_verify::{AuthError, Verifier};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Served, add_user};

const CONFIG: &str = "[tokens]\naudiences = [\"orders\"]\n\n[status_lists]\nenabled = true\nttl = \"1s\"\n";

/// The list's `ttl`, what the service takes to notice, and a machine that does other things.
const PATIENCE: Duration = Duration::from_secs(10);

fn service(issuer: &str) -> Verifier {
    Verifier::builder(issuer)
        .audience("orders")
        .algorithms(&["ES256".parse().expect("an algorithm")])
        .check_status_lists(format!("{issuer}/status-lists/"), WhenUnknown::Refuse)
        .build_remote()
        .expect("a verifier")
}

/// What a service in JavaScript finds out about a token by the rules of the draft.
fn by_the_draft(issuer: &str, token: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/status_list.mjs");
    node(&[&script.to_string_lossy(), &peers().to_string_lossy(), issuer, "orders", token])
}

/// What a service finds out that was written down from our guide, letter by letter.
fn by_the_guide(issuer: &str, token: &str) -> Value {
    const GUIDE: &str = include_str!("../../../docs/guide/status-lists.md");
    let (_, code) = GUIDE.split_once("```js\n").expect("the guide has code");
    let (code, _) = code.split_once("```").expect("and says where it ends");
    let folder = TempDir::new().expect("a folder");
    std::os::unix::fs::symlink(peers().join("node/node_modules"), folder.path().join("node_modules"))
        .expect("a link");
    fs::write(folder.path().join("service.mjs"), code.replace("https://auth.example.org", issuer))
        .expect("a file");
    let main = "import { verify } from './service.mjs'\n\
                const found = await verify(process.argv[2], 'orders').then((claims) => claims.preferred_username, String)\n\
                console.log(JSON.stringify(found))\n";
    fs::write(folder.path().join("main.mjs"), main).expect("a file");
    node(&[&folder.path().join("main.mjs").to_string_lossy(), token])
}

fn node(arguments: &[&str]) -> Value {
    let output = Command::new("node").args(arguments).output().expect("node starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn peers() -> PathBuf {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers");
    let needed = peers.join("node/node_modules/jose");
    assert!(needed.exists(), "{} is missing: run `cargo xtask install` first", needed.display());
    peers.canonicalize().expect("the folder exists")
}

async fn sign_out(served: &Served, token: &str) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.post(format!("{}/auth/sign-out", served.base)).bearer_auth(token);
    let reply = request.json(&json!({ "scope": "session" })).send().await.expect("a reply");
    assert_eq!(reply.status().as_u16(), 200);
}

#[tokio::test]
async fn a_signed_out_token_is_refused_by_services_that_go_by_status_lists_once_its_ttl_is_over() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("handstamp.toml"), CONFIG).expect("a file");
    add_user(folder.path(), "ann").ok();
    let served = Served::start(folder.path());
    let verifier = service(&served.base);
    let (leaves, stays) = (served.sign_in("ann").await.body, served.sign_in("ann").await.body);
    let token = |tokens: &Value| tokens["access_token"].as_str().expect("a token").to_owned();
    let (leaves, stays) = (token(&leaves), token(&stays));
    assert_eq!(verifier.verify(&leaves).await.expect("a good token").preferred_username(), Some("ann"));
    let found = by_the_draft(&served.base, &leaves);
    assert_eq!(found, json!({ "status": 0, "ttl": 1, "lives": 3, "places": 1024 * 1024 }));
    assert_eq!(by_the_guide(&served.base, &leaves), "ann");

    sign_out(&served, &leaves).await;
    let since = Instant::now();
    let refused = loop {
        match verifier.verify(&leaves).await {
            Ok(_) => assert!(since.elapsed() < PATIENCE, "the token is still good"),
            Err(error) => break error,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };

    println!("refused {:?} after the sign-out, with a ttl of one second", since.elapsed());
    assert!(matches!(refused, AuthError::Revoked), "{refused:?}");
    // Another replica may answer each time: what it shows is no older than the ttl.
    while by_the_draft(&served.base, &leaves)["status"] != 1
        || by_the_guide(&served.base, &leaves) != "Error: the session is over"
    {
        assert!(since.elapsed() < PATIENCE, "the list never says so");
    }
    verifier.verify(&stays).await.expect("the other session goes on");
    assert_eq!(by_the_draft(&served.base, &stays)["status"], 0);
}
