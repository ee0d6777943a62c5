//! What a page in a browser cannot do, whoever wrote it.

use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

use super::{client, get, served};

async fn refusal(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    (status, response.json::<Value>().await.unwrap()["code"].clone())
}

const REFUSED: (StatusCode, &str) = (StatusCode::FORBIDDEN, "csrf_rejected");

#[tokio::test]
async fn a_name_that_was_made_to_lead_here_reads_no_key() {
    let issuer = served().await;
    for path in ["/dev/keys/private", "/dev/invalid-tokens", "/.well-known/jwks.json"] {
        for host in ["page.example", "127.0.0.1.page.example", "localhost.page.example:8650"] {
            let asked = client().get(format!("{}{path}", issuer.url())).header("host", host);

            let (status, code) = refusal(asked).await;

            assert_eq!((status, code.as_str().unwrap()), REFUSED, "{path} {host}");
        }
    }
}

#[tokio::test]
async fn a_page_of_another_site_rotates_no_key_and_makes_no_token() {
    let issuer = served().await;
    let before = issuer.signing_key().key_id().clone();
    for (path, name, value) in [
        ("/dev/keys/rotate", "origin", "https://page.example"),
        ("/dev/keys/rotate", "origin", "null"),
        ("/dev/keys/rotate", "sec-fetch-site", "cross-site"),
        ("/dev/tokens", "sec-fetch-site", "same-site"),
    ] {
        let asked = client().post(format!("{}{path}", issuer.url())).header(name, value);

        let (status, code) = refusal(asked).await;

        assert_eq!((status, code.as_str().unwrap()), REFUSED, "{path} {value}");
    }
    assert_eq!(*issuer.signing_key().key_id(), before);
}

#[tokio::test]
async fn localhost_is_a_name_of_its_own() {
    let issuer = served().await;
    let port = issuer.address().port();
    let asked =
        client().get(format!("{}/dev/clock", issuer.url())).header("host", format!("localhost:{port}"));

    assert_eq!(asked.send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(get(&issuer, "/dev/clock").await.0, StatusCode::OK);
}
