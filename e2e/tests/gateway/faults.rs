//! The auth service away, the feed cut, and a gateway that nobody knows.

use std::time::Duration;

use handstamp_e2e::program::run;
use tempfile::TempDir;
use tokio::time::sleep;

use super::front::{Front, Proof, Wishes};
use crate::revocation::proxy::Weather;

#[tokio::test]
async fn while_the_auth_service_is_away_good_tokens_go_on_and_expired_ones_are_told_to_wait() {
    let auth = "[tokens]\nlifetime = \"4s\"\nleeway = \"0s\"\n";
    let front = Front::ready(Wishes { auth, gateway: "leeway = \"0s\"\n", ..Wishes::default() }).await;
    let mut session = front.signed_in().await;

    front.network.set(Weather::Cut);
    front
        .eventually("the auth service is away", async || {
            front.request(&session, "GET", "/auth/whoami", None).await.code() == (503, "unavailable")
        })
        .await;
    assert_eq!(front.send(&mut session, "GET", "/api/orders", None).await.status, 200);
    sleep(Duration::from_millis(4_100)).await;
    let waits = front.send(&mut session, "GET", "/api/orders", None).await;
    assert_eq!(waits.code(), (503, "unavailable"));
    assert!(waits.headers.contains_key("retry-after") && !waits.headers.contains_key("set-cookie"));

    front.network.set(Weather::Good);
    front
        .eventually("the session goes on", async || {
            front.send(&mut session, "GET", "/api/orders", None).await.status == 200
        })
        .await;
}

#[tokio::test]
async fn without_news_of_revocations_older_tokens_are_refreshed_and_a_strict_gateway_refuses() {
    let strict = "when_silent = \"refuse\"\nmax_stale = \"3s\"\n";
    let front = Front::ready(Wishes { gateway: strict, ..Wishes::default() }).await;
    let mut session = front.signed_in().await;
    assert_eq!(front.send(&mut session, "GET", "/api/orders", None).await.status, 200);

    front.network.set(Weather::Cut);

    front
        .eventually("it is refused for want of news", async || {
            front.request(&session, "GET", "/api/orders", None).await.code() == (503, "unavailable")
        })
        .await;
    assert_eq!(front.health().await, 503);
    front.network.set(Weather::Good);
    front
        .eventually("it goes on with the news", async || {
            front.request(&session, "GET", "/api/orders", None).await.status == 200
        })
        .await;
}

#[tokio::test]
async fn a_gateway_shows_the_auth_service_who_it_is() {
    let front = Front::ready(Wishes { proof: Proof::Secret, ..Wishes::default() }).await;
    let mut session = front.signed_in().await;

    assert_eq!(front.send(&mut session, "GET", "/api/orders", None).await.status, 200);
}

#[tokio::test]
async fn nobody_tells_a_stranger_who_has_signed_out() {
    let front = Front::start(Wishes { proof: Proof::WrongSecret, ..Wishes::default() }).await;

    // A gateway that is known is ready within a second.
    sleep(Duration::from_secs(3)).await;

    assert_eq!(front.health().await, 503);
}

#[tokio::test]
async fn a_gateway_whose_settings_are_wrong_does_not_start() {
    let folder = TempDir::new().expect("a folder");
    let start = |text: &str| {
        std::fs::write(folder.path().join("gateway.toml"), text).expect("a file");
        run(
            folder.path(),
            [
                "gateway",
                "--config",
                "gateway.toml",
                "--listen",
                "127.0.0.1:0",
                "--admin-listen",
                "127.0.0.1:0",
            ],
        )
    };

    let open = start(
        "[gateway]\nauth = \"http://127.0.0.1:1\"\n[[gateway.routes]]\npath = \"/*\"\nto = [\"http://127.0.0.1:2\"]\n",
    );
    assert_eq!(open.code, Some(1));
    assert!(open.stderr.contains("gateway.routes[0].access: say who may use the route"), "{}", open.stderr);
    let nameless = start("[gateway]\nauth = \"http://127.0.0.1:1\"\nclient_id = \"front\"\n");
    assert!(nameless.stderr.contains("the secret of the client \"front\" is missing"), "{}", nameless.stderr);
    let lost = start("");
    assert!(lost.stderr.contains("gateway.auth: say where the auth service is"), "{}", lost.stderr);
}
