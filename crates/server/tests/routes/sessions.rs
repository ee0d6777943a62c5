use http::Method;
use serde_json::json;

use crate::support::{Kit, own, whoami};

async fn sids(kit: &Kit, token: &str) -> Vec<(String, bool)> {
    let body = kit.get("/auth/sessions").bearer(token).send().await.expect(200).json();
    let sessions = body["sessions"].as_array().unwrap().clone();
    sessions
        .iter()
        .map(|session| (session["sid"].as_str().unwrap().to_owned(), session["current"].as_bool().unwrap()))
        .collect()
}

/// ASVS 7.5.2: users see their sessions.
#[tokio::test]
async fn asvs_7_5_2_a_user_sees_their_own_devices_and_no_others() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    kit.user("bob").await;
    kit.tokens("bob").await;
    let (_first, _) = kit.tokens("ann").await;
    kit.wait(std::time::Duration::from_secs(5));
    let (second, _) = kit.tokens("ann").await;

    let sessions = sids(&kit, &second).await;

    assert_eq!(sessions.iter().map(|(_, current)| *current).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn a_device_is_named_by_its_browser() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let call = kit.post("/auth/sign-in").header("user-agent", "Mozilla/5.0 (X11; Linux) Gecko Firefox/145.0");
    let body =
        call.json(&crate::support::sign_in_body("ann", crate::support::PASSWORD, "body")).send().await.json();
    let token = body["access_token"].as_str().unwrap();

    let body = kit.get("/auth/sessions").bearer(token).send().await.expect(200).json();

    let session = &body["sessions"][0];
    assert_eq!(session["device"], "Firefox on Linux");
    let now = kit.rules.clock.now().as_second();
    assert_eq!(session["created_at"], now);
    assert_eq!(session["expires_at"], now + 7 * 24 * 60 * 60);
}

#[tokio::test]
async fn another_device_is_ended() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (lost, _) = kit.tokens("ann").await;
    let (here, _) = kit.tokens("ann").await;
    let (sid, _) = sids(&kit, &here).await.into_iter().find(|(_, current)| !current).unwrap();

    kit.call(Method::DELETE, &format!("/auth/sessions/{sid}")).bearer(&here).send().await.expect(204);

    kit.get("/auth/whoami").bearer(&lost).send().await.refused(401, "token_revoked");
    kit.get("/auth/whoami").bearer(&here).send().await.expect(200);
    kit.call(Method::DELETE, &format!("/auth/sessions/{sid}"))
        .bearer(&here)
        .send()
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn somebody_elses_session_is_not_there() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    kit.user("bob").await;
    let (ann, _) = kit.tokens("ann").await;
    let (bob, _) = kit.tokens("bob").await;
    let (sid, _) = sids(&kit, &ann).await.remove(0);
    let path = format!("/auth/sessions/{sid}");

    kit.call(Method::DELETE, &path).bearer(&bob).send().await.refused(404, "not_found");
    let rename = kit.call(Method::PATCH, &path).bearer(&bob).json(&json!({ "device": "mine" }));
    rename.send().await.refused(404, "not_found");

    kit.get("/auth/whoami").bearer(&ann).send().await.expect(200);
}

#[tokio::test]
async fn what_cannot_be_an_id_is_not_there() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    for sid in ["x", "%00", "00000000000000000000000000000000", "..%2f..%2fadmin", "ZZ"] {
        let call = kit.call(Method::DELETE, &format!("/auth/sessions/{sid}")).bearer(&token);
        call.send().await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn all_others_are_ended_at_once() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (one, _) = kit.tokens("ann").await;
    let (two, _) = kit.tokens("ann").await;
    let (here, _) = kit.tokens("ann").await;

    let reply = kit.post("/auth/sessions/end-others").bearer(&here).send().await.expect(200);

    assert_eq!(reply.json(), json!({ "ended": 2 }));
    for token in [one, two] {
        kit.get("/auth/whoami").bearer(&token).send().await.refused(401, "token_revoked");
    }
    kit.get("/auth/whoami").bearer(&here).send().await.expect(200);
}

#[tokio::test]
async fn a_device_is_renamed() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    let (sid, _) = sids(&kit, &token).await.remove(0);
    let rename = async |name: &str| {
        let call = kit.call(Method::PATCH, &format!("/auth/sessions/{sid}")).bearer(&token);
        call.json(&json!({ "device": name })).send().await
    };

    rename(" The red laptop ").await.expect(204);

    let body = kit.get("/auth/sessions").bearer(&token).send().await.expect(200).json();
    assert_eq!(body["sessions"][0]["device"], "The red laptop");
    for wrong in ["", "  ", "two\nlines", &"x".repeat(65)] {
        assert_eq!(
            rename(wrong).await.refused(422, "validation_failed").pointers(),
            ["/device"],
            "{wrong:?}"
        );
    }
}

#[tokio::test]
async fn nobody_signed_in_may_do_none_of_it() {
    let kit = Kit::new().await;
    let sid = "00000000000000000000000000000000";

    for (method, path) in [
        (Method::GET, "/auth/sessions".to_owned()),
        (Method::DELETE, format!("/auth/sessions/{sid}")),
        (Method::PATCH, format!("/auth/sessions/{sid}")),
        (Method::POST, "/auth/sessions/end-others".to_owned()),
    ] {
        kit.call(method, &path).send().await.refused(401, "token_missing");
    }
}

#[tokio::test]
async fn a_foreign_page_can_do_none_of_it() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    let (sid, _) = sids(&kit, &token).await.remove(0);

    for (method, path) in [
        (Method::DELETE, format!("/auth/sessions/{sid}")),
        (Method::PATCH, format!("/auth/sessions/{sid}")),
        (Method::POST, "/auth/sessions/end-others".to_owned()),
    ] {
        let call = kit.call(method, &path).cookies(&format!("__Host-Http-at={token}"));
        call.header("sec-fetch-site", "cross-site").send().await.refused(403, "csrf_rejected");
    }
    kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
}

#[tokio::test]
async fn last_seen_moves_when_a_token_of_a_new_generation_comes_back() {
    let (kit, mut browser) = Kit::with_ann().await;
    let signed_in_at = kit.rules.clock.now().as_second();
    kit.wait(std::time::Duration::from_hours(1));
    browser.fetch(own(Method::POST, "/auth/refresh")).await.unwrap();
    kit.wait(std::time::Duration::from_secs(7));
    whoami(&mut browser).await.expect(200);

    kit.app.write_seen().await;

    let body = browser.fetch(own(Method::GET, "/auth/sessions")).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(body.body()).unwrap();
    assert_eq!(body["sessions"][0]["last_seen_at"], signed_in_at + 3607);
}
