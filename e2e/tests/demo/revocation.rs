use http::Method;
use serde_json::json;

use crate::support::Demo;

#[tokio::test]
async fn signing_out_everywhere_reaches_the_services_before_the_token_expires() {
    let demo = Demo::start();
    let (mut laptop, mut phone) = (demo.tab_of("dora").await, demo.tab_of("dora").await);
    assert_eq!(phone.orders(Method::GET, "/orders", None).await.status, 200);

    laptop.auth(Method::POST, "/auth/sign-out", Some(&json!({ "scope": "everywhere" }))).await;

    assert_eq!(phone.until_refused().await.code(), (401, "token_revoked"));
    // Somebody else's token is as good as before.
    assert_eq!(demo.tab_of("emil").await.orders(Method::GET, "/orders", None).await.status, 200);
}

#[tokio::test]
async fn new_roles_reach_the_services_and_cost_a_refresh() {
    let demo = Demo::start_with(&["--port-base", "0", "--data", "kept"], &[]);
    let mut cleo = demo.tab_of("cleo").await;
    let lamp = json!({ "item": "Reading lamp" });
    assert_eq!(cleo.orders(Method::POST, "/orders", Some(&lamp)).await.code(), (403, "role_required"));

    demo.beside(&["user", "set-roles", "cleo", "buyer"]).ok();

    assert_eq!(cleo.until_refused().await.code(), (401, "token_stale"));
    assert_eq!(cleo.auth(Method::POST, "/auth/refresh", None).await.status, 200);
    assert_eq!(cleo.orders(Method::POST, "/orders", Some(&lamp)).await.status, 201);
}
