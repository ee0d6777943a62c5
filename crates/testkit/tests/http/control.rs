//! What a test in any language does below `/dev/`.

use handstamp_testkit::recipe::Recipe;
use handstamp_verify::Verifier;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{client, get, post, served};

fn code(verifier: &Verifier, token: &Value) -> &'static str {
    let verdict = verifier.try_verify(token.as_str().unwrap());
    verdict.map_or_else(|refused| refused.code().as_str(), |_| "accepted")
}

#[tokio::test]
async fn tokens_are_made_by_request() {
    let issuer = served().await;
    let asked = json!({
        "sub": "ann", "roles": ["admin"], "org_id": "acme", "sid": "s1", "claims": { "plan": "gold" }, "expires_in": 60
    });

    let (status, reply) = post(&issuer, "/dev/tokens", &asked).await;

    assert_eq!(status, StatusCode::OK);
    assert_eq!(reply["token_type"], "Bearer");
    assert_eq!((&reply["claims"]["plan"], &reply["claims"]["aud"]), (&json!("gold"), &json!(["orders"])));
    let caller = issuer.verifier().try_verify(reply["access_token"].as_str().unwrap()).unwrap();
    assert_eq!((caller.sub(), caller.org_id(), caller.sid()), ("ann", Some("acme"), Some("s1")));
}

#[tokio::test]
async fn an_empty_request_makes_a_good_token() {
    let issuer = served().await;

    let (_, reply) = post(&issuer, "/dev/tokens", &json!({})).await;

    assert_eq!(code(&issuer.verifier(), &reply["access_token"]), "accepted");
}

#[tokio::test]
async fn no_body_at_all_makes_a_good_token_and_bad_ones() {
    let issuer = served().await;
    let ask = async |path| {
        let reply = client().post(format!("{}{path}", issuer.url())).send().await.unwrap();
        reply.json::<Value>().await.unwrap()
    };

    let (minted, invalid) = (ask("/dev/tokens").await, ask("/dev/invalid-tokens").await);

    assert_eq!(code(&issuer.verifier(), &minted["access_token"]), "accepted");
    assert!(invalid["invalid"].as_array().unwrap().len() > 200);
}

#[tokio::test]
async fn a_form_is_refused_with_how_to_send_json() {
    let issuer = served().await;
    for path in ["/dev/tokens", "/dev/revocations"] {
        let request = client().post(format!("{}{path}", issuer.url()));
        let request = request.header("content-type", "application/x-www-form-urlencoded");

        let reply = request.body("{\"sub\":\"ann\"}").send().await.unwrap();

        assert_eq!(reply.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let problem: Value = reply.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains("--json"), "{problem}");
    }
}

#[tokio::test]
async fn bad_tokens_are_made_of_a_token_of_this_issuer_alone() {
    let (issuer, other) = (served().await, served().await);

    let asked = json!({ "token": other.token().mint() });
    let (status, problem) = post(&issuer, "/dev/invalid-tokens", &asked).await;

    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("validation_failed")));
    assert!(problem["detail"].as_str().unwrap().contains("no key has the id"), "{problem}");
}

#[tokio::test]
async fn the_issuer_says_whom_a_token_is_about_for_as_long_as_it_holds() {
    let issuer = served().await;
    let whoami = async |token: &str| {
        let asked = client().get(format!("{}/auth/whoami", issuer.url())).bearer_auth(token);
        let reply = asked.send().await.unwrap();
        (reply.status(), reply.json::<Value>().await.unwrap())
    };
    let token = issuer.token().sub("ann").sid("s1").role("admin").org("acme").mint();
    let stale = issuer.token().sub("ben").mint();

    let (status, told) = whoami(&token).await;
    issuer.end_session("s1");
    issuer.change_claims("ben");

    assert_eq!(status, StatusCode::OK);
    assert_eq!((&told["sub"], &told["sid"], &told["org_id"]), (&json!("ann"), &json!("s1"), &json!("acme")));
    assert_eq!((&told["roles"], &told["amr"]), (&json!(["admin"]), &json!(["pwd"])));
    for (token, code) in
        [(&token, "token_revoked"), (&stale, "token_stale"), (&"a.b.c".to_owned(), "token_malformed")]
    {
        let (status, refused) = whoami(token).await;
        assert_eq!((status, &refused["code"]), (StatusCode::UNAUTHORIZED, &json!(code)));
    }
}

#[tokio::test]
async fn a_lifetime_of_any_number_is_answered() {
    let issuer = served().await;

    for seconds in [i64::MIN, i64::MIN + 1, i64::MAX] {
        let (status, reply) = post(&issuer, "/dev/tokens", &json!({ "expires_in": seconds })).await;

        assert_eq!(status, StatusCode::OK, "{reply}");
        assert_ne!(code(&issuer.verifier(), &reply["access_token"]), "accepted", "{seconds}");
    }
}

#[tokio::test]
async fn a_mode_that_nobody_knows_is_refused_as_everything_is() {
    let issuer = served().await;

    let (status, problem) = get(&issuer, "/dev/invalid-tokens?mode=header").await;

    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("validation_failed")));
    assert!(problem["detail"].as_str().unwrap().contains("`bearer` or `cookie`"), "{problem}");
}

#[tokio::test]
async fn a_negative_lifetime_makes_a_token_that_has_expired() {
    let issuer = served().await;

    let (_, reply) = post(&issuer, "/dev/tokens", &json!({ "expires_in": -60 })).await;

    assert_eq!(code(&issuer.verifier(), &reply["access_token"]), "token_expired");
}

#[tokio::test]
async fn a_member_that_nobody_knows_is_refused_by_its_name() {
    let issuer = served().await;

    let (status, problem) = post(&issuer, "/dev/tokens", &json!({ "role": "admin" })).await;

    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("validation_failed")));
    assert!(problem["detail"].as_str().unwrap().contains("role"), "{problem}");
}

#[tokio::test]
async fn bad_tokens_come_with_what_to_send_and_what_to_expect() {
    let issuer = served().await;
    let (_, minted) = post(&issuer, "/dev/tokens", &json!({ "sub": "ann", "roles": ["buyer"] })).await;
    let asked = json!({ "token": minted["access_token"], "mode": "cookie", "cookie": "at" });

    let (status, reply) = post(&issuer, "/dev/invalid-tokens", &asked).await;

    assert_eq!(status, StatusCode::OK);
    assert_eq!(reply["good"], minted["access_token"]);
    let cookie = format!("at={}", minted["access_token"].as_str().unwrap());
    assert_eq!(reply["good_headers"], json!([["cookie", cookie], ["sec-fetch-site", "same-origin"]]));
    let all = reply["invalid"].as_array().unwrap();
    assert!(all.len() > 200, "{}", all.len());
    let stripped = all.iter().find(|bad| bad["name"] == "signature/stripped").unwrap();
    assert_eq!((&stripped["status"], &stripped["code"]), (&json!(401), &json!("token_invalid")));
    let cookie = format!("at={}", stripped["token"].as_str().unwrap());
    assert_eq!(stripped["headers"], json!([["cookie", cookie], ["sec-fetch-site", "same-origin"]]));
    assert!(all.iter().all(|bad| !bad["name"].as_str().unwrap().starts_with("credentials/bearer")));
}

#[tokio::test]
async fn what_is_left_out_is_said_with_the_reason() {
    let issuer = served().await;

    let (_, reply) = get(&issuer, "/dev/invalid-tokens?mode=bearer").await;

    let left_out = reply["left_out"].as_array().unwrap();
    let rsa = left_out.iter().find(|left_out| left_out["name"] == "confusion/hs256/pkcs1-der").unwrap();
    assert_eq!(rsa["because"], "the issuer's public key has no form pkcs1-der");
}

#[tokio::test]
async fn tokens_are_taken_back_by_request() {
    let issuer = served().await;
    let verifier = issuer.verifier();
    let (_, one) = post(&issuer, "/dev/tokens", &json!({ "sid": "s1" })).await;
    let (_, two) = post(&issuer, "/dev/tokens", &json!({})).await;

    let (status, reply) = post(&issuer, "/dev/revocations", &json!({ "level": "sid", "value": "s1" })).await;
    post(&issuer, "/dev/revocations", &json!({ "token": two["access_token"] })).await;

    assert_eq!((status, &reply["rev"]), (StatusCode::OK, &json!("1.1")));
    assert_eq!(code(&verifier, &one["access_token"]), "token_revoked");
    assert_eq!(code(&verifier, &two["access_token"]), "token_revoked");
}

#[tokio::test]
async fn what_says_nobody_in_particular_takes_nothing_back() {
    let issuer = served().await;

    for asked in [
        json!({}),
        json!({ "level": "sid" }),
        json!({ "level": "all", "value": "x" }),
        json!({ "token": "a.b" }),
        json!({ "token": "a.b.c", "level": "all" }),
    ] {
        let (status, _) = post(&issuer, "/dev/revocations", &asked).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{asked}");
    }
}

#[tokio::test]
async fn the_clock_moves_there_and_back() {
    let issuer = served().await;
    let now = |reply: &Value| reply["now"].as_i64().unwrap();
    let (_, before) = get(&issuer, "/dev/clock").await;

    let (_, ahead) = post(&issuer, "/dev/clock", &json!({ "advance": 3600 })).await;
    let (_, minted) = post(&issuer, "/dev/tokens", &json!({})).await;
    let (_, back) = post(&issuer, "/dev/clock", &json!({ "advance": -3600 })).await;

    assert!((3600..3630).contains(&(now(&ahead) - now(&before))), "{ahead} {before}");
    assert!((0..30).contains(&(now(&back) - now(&before))), "{back} {before}");
    assert_eq!(
        code(&issuer.verifier(), &minted["access_token"]),
        "token_invalid",
        "it was issued in an hour"
    );
}

#[tokio::test]
async fn keys_rotate_by_request_and_the_private_one_is_there_for_tools() {
    let issuer = served().await;
    let (_, before) = get(&issuer, "/dev/keys/private").await;

    let (_, rotated) = post(&issuer, "/dev/keys/rotate", &json!({})).await;

    let (_, after) = get(&issuer, "/dev/keys/private").await;
    assert_ne!(before["kid"], after["kid"]);
    assert_eq!(rotated["kid"], after["kid"]);
    let pem = after["pem"].as_str().unwrap();
    let key = handstamp_token::SigningKey::from_pem(issuer.algorithm(), pem).unwrap();
    assert_eq!(after["kid"], key.key_id().as_str());
    let (_, jwks) = get(&issuer, "/.well-known/jwks.json").await;
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn requests_are_counted_by_path() {
    let issuer = served().await;

    get(&issuer, "/.well-known/jwks.json").await;
    get(&issuer, "/.well-known/jwks.json?again").await;

    let (_, counts) = get(&issuer, "/dev/requests").await;
    assert_eq!(counts["/.well-known/jwks.json"], 2);
}

#[tokio::test]
async fn the_recipe_is_served_as_it_is() {
    let issuer = served().await;

    let response = client().get(format!("{}/dev/recipe", issuer.url())).send().await.unwrap();

    let recipe = Recipe::from_json(&response.text().await.unwrap()).unwrap();
    assert_eq!(recipe.cases().len(), Recipe::built_in().cases().len());
}

#[tokio::test]
async fn an_address_that_is_not_there_says_where_to_look() {
    let issuer = served().await;

    let (status, problem) = get(&issuer, "/dev/token").await;

    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    assert!(problem["detail"].as_str().unwrap().contains("GET /"), "{problem}");
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_says_where_to_look() {
    let issuer = served().await;

    let (status, problem) = get(&issuer, "/dev/tokens").await;

    assert_eq!((status, &problem["code"]), (StatusCode::METHOD_NOT_ALLOWED, &json!("method_not_allowed")));
    assert!(problem["detail"].as_str().unwrap().contains("/dev/tokens does not take GET"), "{problem}");
}
