use crate::support::{AUTH, Kit};

#[tokio::test]
async fn the_document_names_this_deployment() {
    let kit = Kit::with(&[("server.public_url", "http://localhost:8600")]).await;

    let body = kit.get("/openapi.json").send().await.expect(200).json();

    assert_eq!(body["openapi"], "3.1.0");
    assert_eq!(body["servers"][0]["url"], "http://localhost:8600");
    assert_eq!(body["components"]["securitySchemes"]["accessCookie"]["name"], "__Host-Http-at-8600");
}

/// Whatever the document says is protected, is.
#[tokio::test]
async fn every_operation_with_security_refuses_a_stranger() {
    let kit = Kit::new().await;
    let body = kit.get("/openapi.json").send().await.expect(200).json();
    assert_eq!(body["servers"][0]["url"], AUTH);
    let mut checked = 0;

    for (path, operations) in body["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if operation["security"].as_array().is_none_or(Vec::is_empty) {
                continue;
            }
            let path = path.replace("{sid}", "00000000000000000000000000000000");
            let path =
                if path == "/revocations" { "/revocations?nonce=0123456789abcdef".to_owned() } else { path };
            let call = kit.call(method.to_uppercase().parse().unwrap(), &path).ours();
            if path.starts_with("/oauth2/") {
                // OAuth's own form of a refusal, and of a request.
                let reply = call.form("token=x").send().await.expect(401);
                assert_eq!(reply.json()["error"], "invalid_client", "{path}");
            } else {
                call.send().await.refused(401, "token_missing");
            }
            checked += 1;
        }
    }

    assert!(checked >= 10, "{checked}");
}
