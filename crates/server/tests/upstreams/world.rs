use handstamp_e2e::browser::Browser;
use serde_json::{Value, json};

use crate::support::{InProcess, Kit, Reply, SECRET, Upstream, visit, visit_from};

/// A service with one upstream, `corp`, which makes accounts for everybody.
pub(super) struct World {
    pub(super) kit: Kit,
    pub(super) upstream: Upstream,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with("create = true\n").await
    }

    /// Returns a world in which the upstream is configured with these lines.
    pub(super) async fn with(lines: &str) -> Self {
        Self::served("", lines).await
    }

    /// Returns a world in which the service is configured with these lines, and the upstream with those.
    pub(super) async fn served(server: &str, lines: &str) -> Self {
        let clock = handstamp_core::test_support::FixedClock::new();
        let upstream = Upstream::start(clock.clone()).await;
        let text = format!(
            "{server}[upstreams.corp]\nlabel = \"Corp & Sons\"\nissuer = \"{}\"\nclient_id = \"handstamp\"\ntimeout = \"500ms\"\n{lines}",
            upstream.issuer
        );
        let kit = Kit::configured(&text, SECRET, clock).await;
        Self { kit, upstream }
    }

    /// Goes to the upstream, and returns where the browser was sent.
    pub(super) async fn begin(&self, browser: &mut Browser<InProcess>, query: &str) -> String {
        visit(browser, &format!("/auth/login/corp{query}")).await.sent_on()
    }

    /// Comes back from the upstream.
    pub(super) async fn come_back(&self, browser: &mut Browser<InProcess>, back: &str) -> Reply {
        visit_from(browser, &self.upstream.issuer, back).await
    }

    /// Signs somebody in, the whole way there and back.
    pub(super) async fn sign_in(&self, browser: &mut Browser<InProcess>, person: Value) -> Reply {
        let sent_to = self.begin(browser, "").await;
        let back = self.upstream.signs_in(&sent_to, person);
        self.come_back(browser, &back).await
    }

    /// Returns the figures.
    pub(super) async fn figures(&self) -> String {
        self.kit.get("/metrics").from("127.0.0.1").send().await.expect(200).text()
    }

    /// Checks that the figures have counted one of these.
    pub(super) async fn counted(&self, outcome: &str) {
        let figures = self.figures().await;
        let line = format!("handstamp_upstream_sign_ins_total{{upstream=\"corp\",outcome=\"{outcome}\"}} 1");
        assert!(figures.contains(&line), "{line}\n{figures}");
    }
}

/// Somebody whom the upstream knows.
pub(super) fn ann() -> Value {
    json!({ "sub": "there-ann", "preferred_username": "ann", "email": "ann@corp.example", "email_verified": true })
}

/// Returns the names of the attempts that a browser holds.
pub(super) fn attempts_in(browser: &Browser<InProcess>) -> Vec<String> {
    let names = browser.jar.cookies().iter().map(|cookie| cookie.name.clone());
    names.filter(|name| name.starts_with("__Host-login-")).collect()
}

/// Returns who is signed in.
pub(super) async fn who(browser: &mut Browser<InProcess>) -> Option<String> {
    let fetch = crate::support::own(http::Method::GET, "/auth/whoami");
    let reply = Reply(browser.fetch(fetch).await.expect("nothing blocks it"));
    (reply.0.status() == 200).then(|| reply.json()["preferred_username"].as_str().expect("a name").to_owned())
}
