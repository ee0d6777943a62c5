use handstamp_server::config::{PublicUrl, PublicUrlError};

use crate::support::{AUTH, Kit};

/// RFC 8414 §3.3 and OIDC Discovery §4.3: the issuer is the URL's prefix and the tokens' `iss`; both documents agree.
#[tokio::test]
async fn rfc8414_both_documents_are_one_and_name_the_issuer() {
    let kit = Kit::new().await;

    let oauth = kit.get("/.well-known/oauth-authorization-server").send().await.expect(200);
    let oidc = kit.get("/.well-known/openid-configuration").send().await.expect(200);

    assert_eq!(oauth.json(), oidc.json());
    assert_eq!(oauth.header("content-type"), "application/json");
    let body = oauth.json();
    assert_eq!(body["issuer"], AUTH);
    assert_eq!(body["jwks_uri"], format!("{AUTH}/.well-known/jwks.json"));
}

/// RFC 8414 §3.2.
#[tokio::test]
async fn rfc8414_empty_lists_are_left_out() {
    let kit = Kit::new().await;

    let body = kit.get("/.well-known/oauth-authorization-server").send().await.expect(200).json();

    assert!(
        body.as_object().unwrap().values().all(|value| value.as_array().is_none_or(|list| !list.is_empty())),
        "{body}"
    );
}

/// docs/decisions/005-metadata-before-the-code-flow.md
#[tokio::test]
async fn decision_005_nothing_is_promised_that_comes_with_the_code_flow() {
    let kit = Kit::new().await;

    for path in ["oauth-authorization-server", "openid-configuration"] {
        let body = kit.get(&format!("/.well-known/{path}")).send().await.expect(200).json();

        for member in
            ["authorization_endpoint", "response_types_supported", "id_token_signing_alg_values_supported"]
        {
            assert!(body.get(member).is_none(), "{path}: {member}");
        }
    }
}

/// RFC 8414 §2.
#[tokio::test]
async fn grants_and_ways_to_authenticate_are_named() {
    let kit = Kit::new().await;

    let body = kit.get("/.well-known/oauth-authorization-server").send().await.expect(200).json();

    let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    assert_eq!(
        body["grant_types_supported"],
        serde_json::json!(["refresh_token", "client_credentials", exchange])
    );
    let confidential = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
    assert_eq!(body["introspection_endpoint_auth_methods_supported"], serde_json::json!(confidential));
    for endpoint in ["token", "revocation", "introspection"] {
        let member = |what: &str| body[format!("{endpoint}_endpoint_auth_{what}_supported")].clone();
        for method in confidential {
            assert!(member("methods").as_array().unwrap().contains(&method.into()), "{endpoint}: {method}");
        }
        let algorithms = member("signing_alg_values");
        let algorithms = algorithms.as_array().unwrap();
        assert!(algorithms.contains(&"ES256".into()) && !algorithms.contains(&"HS256".into()), "{endpoint}");
    }
}

/// docs/decisions/005-metadata-before-the-code-flow.md
#[test]
fn decision_005_an_issuer_with_a_path_is_refused() {
    for issuer in ["https://example.org/auth", "https://example.org/auth/", "http://localhost:8800/x"] {
        let refused = PublicUrl::parse(issuer, false);

        assert!(matches!(refused, Err(PublicUrlError::Malformed { .. })), "{refused:?}");
    }
}

/// RFC 7517 §5 and OIDC Discovery §3: public members alone, and every key can be told apart.
#[tokio::test]
async fn rfc7517_no_private_key_is_ever_published() {
    for algorithm in ["ES256", "RS256", "Ed25519"] {
        let kit = Kit::with(&[("tokens.algorithm", algorithm)]).await;

        let reply = kit.get("/.well-known/jwks.json").send().await.expect(200);

        let keys = reply.json()["keys"].as_array().unwrap().clone();
        assert!(!keys.is_empty());
        for key in &keys {
            for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
                assert!(key.get(private).is_none(), "{algorithm}: {private}");
            }
            assert!(key["kid"].is_string() && key["use"] == "sig", "{key}");
            assert_eq!(key["alg"], algorithm);
        }
        assert_eq!(reply.header("cache-control"), "public, max-age=300");
    }
}

/// OIDC Core §10.1.1: the next key is published before it signs.
#[tokio::test]
async fn the_next_key_is_published_ahead() {
    let kit = Kit::new().await;

    let keys = kit.get("/.well-known/jwks.json").send().await.expect(200).json();

    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
}
