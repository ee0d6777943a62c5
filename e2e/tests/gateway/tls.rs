//! TLS on both sides of the gateway: to browsers with its own certificate, to an auth service with one of its own.

use std::fs;
use std::time::{Duration, Instant};

use handstamp_e2e::program::{Running, run};
use reqwest::header::{COOKIE, SET_COOKIE, STRICT_TRANSPORT_SECURITY};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use super::service;
use crate::support::{PASSWORD, PATIENCE, add_user};

#[tokio::test]
async fn somebody_signs_in_and_calls_a_service_over_tls_alone() {
    let folder = TempDir::new().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    run(folder.path(), ["cert", "dev", "--out", "certificates"]).ok();
    add_user(folder.path(), "ann").ok();
    let tls = "certificate_file = \"certificates/server.pem\"\nkey_file = \"certificates/server.key\"\n";
    let settings = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[server.tls]\n{tls}[revocation]\nsubscribers = \"open\"\n"
    );
    fs::write(file("handstamp.toml"), settings).expect("settings");
    let mut auth = Running::start(folder.path(), ["serve", "--data", "data"]);
    let issuer = auth.address();
    let service = service::start().await;
    let settings = format!(
        "[gateway]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\nauth = \"{issuer}\"\n[gateway.tls]\n{tls}\
         [[gateway.routes]]\npath = \"/api/*\"\nto = [\"http://{service}\"]\naccess = \"signed_in\"\n"
    );
    fs::write(file("gateway.toml"), settings).expect("settings");
    let authority = file("certificates/authority.pem");
    let trusted = [("SSL_CERT_FILE", authority.to_str().expect("a path"))];
    let arguments = ["gateway", "--config", "gateway.toml"];
    let mut gateway = Running::start_with(folder.path(), arguments, &trusted);
    let base = gateway.address();
    assert!(issuer.starts_with("https://") && base.starts_with("https://"), "{issuer} {base}");
    let certificate = fs::read(&authority).expect("an authority");
    let certificate = reqwest::Certificate::from_pem(&certificate).expect("a certificate");
    let client =
        reqwest::Client::builder().no_proxy().tls_certs_only([certificate]).build().expect("a client");

    let credentials = json!({ "login": "ann", "password": PASSWORD });
    let sign_in = client.post(format!("{base}/auth/sign-in")).header("sec-fetch-site", "same-origin");
    let signed_in = sign_in.json(&credentials).send().await.expect("a reply");

    assert_eq!(signed_in.status(), 200);
    assert!(signed_in.headers().contains_key(STRICT_TRANSPORT_SECURITY), "{:?}", signed_in.headers());
    let cookies: Vec<_> =
        signed_in.headers().get_all(SET_COOKIE).iter().filter_map(|line| line.to_str().ok()).collect();
    assert!(cookies.iter().all(|cookie| cookie.contains("; Secure")), "{cookies:?}");
    let pairs: Vec<_> = cookies.iter().filter_map(|cookie| cookie.split(';').next()).collect();
    let cookies = pairs.join("; ");
    // Until the gateway has keys and news, it lets nobody in.
    let deadline = Instant::now() + PATIENCE;
    let ask = || client.get(format!("{base}/api/orders")).header(COOKIE, &cookies).send();
    while ask().await.expect("a reply").status() != 200 {
        assert!(Instant::now() < deadline, "nobody ever gets in: {}", gateway.stderr());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Browsers prefer HTTP/2.
    let curl = Command::new("curl")
        .args(["--silent", "--show-error", "--http2", "--noproxy", "*", "--include", "--cacert"])
        .arg(&authority)
        .args(["--cookie", &cookies, &format!("{base}/api/orders")])
        .output()
        .await;
    let curl = String::from_utf8_lossy(&curl.expect("curl runs").stdout).into_owned();
    assert!(curl.starts_with("HTTP/2 200"), "{curl}");
}
