use http::Method;
use serde_json::json;

use crate::support::{AUTH, Kit, PASSWORD};

fn body(kit: &Kit) -> serde_json::Value {
    let secret = kit.rules.root.setup_secret();
    json!({ "setup_secret": secret.reveal(), "username": "root", "email": "root@example.org", "password": PASSWORD })
}

#[tokio::test]
async fn the_secret_makes_the_first_administrator_once() {
    let kit = Kit::new().await;

    let reply = kit.post("/auth/setup").ours().json(&body(&kit)).send().await.expect(201);

    assert_eq!(reply.json()["username"], "root");
    let (token, _) = kit.tokens("root").await;
    let whoami = kit.get("/auth/whoami").bearer(&token).send().await.expect(200).json();
    assert_eq!(whoami["roles"], json!(["admin"]));
    let again =
        kit.post("/auth/setup").ours().json(&body(&kit)).send().await.refused(422, "validation_failed");
    assert_eq!(again.pointers(), ["/setup_secret"]);
}

/// ASVS 6.3.2: there are no default accounts, and no way in without the secret.
#[tokio::test]
async fn asvs_6_3_2_a_wrong_secret_makes_nobody() {
    let kit = Kit::new().await;
    let mut wrong = body(&kit);
    wrong["setup_secret"] = json!("hss_00000000000000000000000000000000");

    kit.post("/auth/setup").ours().json(&wrong).send().await.refused(422, "validation_failed");

    assert!(!kit.core().store.has_users().await.unwrap());
}

#[tokio::test]
async fn guessing_the_secret_is_slowed_down() {
    let kit = Kit::with(&[("rate_limits.account_attempts", "2")]).await;
    let mut wrong = body(&kit);
    wrong["setup_secret"] = json!("guess");
    for _ in 0..2 {
        kit.post("/auth/setup").ours().json(&wrong).send().await.expect(422);
    }

    kit.post("/auth/setup").ours().json(&wrong).send().await.refused(429, "rate_limited");
}

#[tokio::test]
async fn the_page_works_without_javascript() {
    let kit = Kit::new().await;

    let page = kit.get("/auth/setup").send().await.page(200);

    assert!(page.contains("<form method=\"post\" action=\"/auth/setup\""), "{page}");
    assert!(page.contains("autocomplete=\"new-password\""), "{page}");

    let secret = kit.rules.root.setup_secret();
    let form = format!(
        "setup_secret={}&username=root&email=&password={}",
        secret.reveal(),
        PASSWORD.replace(' ', "+")
    );
    let mut browser = kit.browser();
    let request =
        handstamp_e2e::browser::Fetch::navigation(AUTH, Method::POST, &format!("{AUTH}/auth/setup"));
    let reply = browser.fetch(request.form(form)).await.unwrap();
    assert_eq!(reply.status(), 201);
    kit.tokens("root").await;
}

#[tokio::test]
async fn the_page_says_what_was_wrong() {
    let kit = Kit::new().await;

    let form = "setup_secret=x&username=%3Cscript%3E&password=y";
    let reply = kit.post("/auth/setup").ours().form(form).send().await.expect(422);

    let text = reply.text();
    assert!(text.contains("role=\"alert\""), "{text}");
    assert!(text.contains("A user name has 1 to 64 letters"), "{text}");
    assert!(text.contains("&lt;script&gt;") && !text.contains("<script>"), "{text}");
}

#[tokio::test]
async fn the_page_is_gone_when_there_is_a_user() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    kit.get("/auth/setup").send().await.refused(404, "not_found");
}

#[tokio::test]
async fn a_foreign_page_cannot_set_up() {
    let kit = Kit::new().await;

    let call = kit.post("/auth/setup").header("sec-fetch-site", "cross-site");

    call.json(&body(&kit)).send().await.refused(403, "csrf_rejected");
}

#[tokio::test]
async fn each_wrong_field_is_named() {
    let kit = Kit::new().await;
    let mut wrong = body(&kit);
    wrong["username"] = json!("no spaces please");
    wrong["email"] = json!("nowhere");

    let reply = kit.post("/auth/setup").ours().json(&wrong).send().await.refused(422, "validation_failed");
    assert_eq!(reply.pointers(), ["/username", "/email"]);

    let mut weak = body(&kit);
    weak["password"] = json!("short");
    let reply = kit.post("/auth/setup").ours().json(&weak).send().await.refused(422, "validation_failed");
    assert_eq!(reply.pointers(), ["/password"]);
}

#[tokio::test]
async fn each_refusal_is_said_on_the_page_in_its_language() {
    let kit =
        Kit::with(&[("rate_limits.account_attempts", "1"), ("rate_limits.account_window", "60s")]).await;
    let secret = kit.rules.root.setup_secret();
    let submit = async |secret: &str, email: &str, password: &str| {
        let form = format!("setup_secret={secret}&username=root&email={email}&password={password}");
        let call = kit.post("/auth/setup").ours().header("accept-language", "de");
        call.form(&form).send().await
    };

    let page = submit(secret.reveal(), "nowhere", "x").await.page(422);
    assert!(page.contains("Das ist keine E-Mail-Adresse."), "{page}");
    let page = submit(secret.reveal(), "", "kurz").await.page(422);
    assert!(page.contains("Das Passwort hat 4 Zeichen; mindestens 15 sind nötig."), "{page}");
    assert!(!page.contains(secret.reveal()) && page.contains("value=\"root\""), "{page}");
    let page = submit("guess", "", "x").await.page(422);
    assert!(page.contains("Das Einrichtungsgeheimnis ist falsch"), "{page}");
    let page = submit(secret.reveal(), "", "x").await.page(429);
    assert!(page.contains("Versuchen Sie es in 60 Sekunden noch einmal."), "{page}");
}
