use handstamp_core::test_support::FixedClock;
use handstamp_e2e::browser::{Browser, Fetch};
use http::Method;

use super::{AUTH, InProcess, Kit, Reply, page::sent};

/// Two sites to which sign-ins at [`AUTH`] are carried.
pub(crate) const SHOP: &str = "https://shop.two.test";
pub(crate) const NEWS: &str = "https://news.three.test";

/// A service at three domains, and its user `ann`.
pub(crate) async fn at_three_domains() -> Kit {
    let text = format!("[sites.shop]\nurl = \"{SHOP}\"\n[sites.news]\nurl = \"{NEWS}\"\n");
    let kit = Kit::configured(&text, "unused", FixedClock::new()).await;
    kit.user("ann").await;
    kit
}

/// Goes to an address, as by a link in a page.
pub(crate) async fn go(browser: &mut Browser<InProcess>, page: &str, url: &str) -> Reply {
    sent(browser, Fetch::navigation(page, Method::GET, url)).await
}

/// Goes to an address, and on wherever the service sends the browser, for as long as that is one of its endpoints. Returns where
/// it came to, and what it got there last.
pub(crate) async fn follow(browser: &mut Browser<InProcess>, url: &str) -> (String, Reply) {
    let (mut at, mut page) = (url.to_owned(), url.to_owned());
    for _ in 0..10 {
        let reply = go(browser, &page, &at).await;
        // Loaded again by itself, and so with the cookies that another site's link has left behind.
        if reply.status() == 200 && reply.text().contains("http-equiv=\"refresh\"") {
            page.clone_from(&at);
            continue;
        }
        if reply.status() != 303 {
            return (at, reply);
        }
        let next = url::Url::parse(&at).unwrap().join(reply.header("location")).unwrap();
        let is_ours = next.path().starts_with("/auth/");
        (page, at) = (at, next.into());
        if !is_ours {
            return (at, reply);
        }
    }
    panic!("the browser is sent around for ever, at last to {at}");
}

/// Asks a site to sign somebody in, and returns where it sends them: home, with its question.
pub(crate) async fn ask(browser: &mut Browser<InProcess>, site: &str, return_to: &str) -> String {
    go(browser, site, &format!("{site}/auth/sign-in?return_to={return_to}")).await.sent_on()
}

/// Goes home with a site's question, and returns where home sends them: back, with a code. A link of another site's brings a token of
/// the session alone, and home's page loads itself again.
pub(crate) async fn answered(browser: &mut Browser<InProcess>, question: &str) -> String {
    let page = go(browser, SHOP, question).await.page(200);
    assert!(page.contains("http-equiv=\"refresh\""), "{page}");
    go(browser, question, question).await.sent_on()
}

/// Returns who is signed in at one of the domains.
pub(crate) async fn who_at(browser: &mut Browser<InProcess>, site: &str) -> Option<String> {
    let fetch = Fetch::script(site, Method::GET, &format!("{site}/auth/whoami"));
    let reply = Reply(browser.fetch(fetch).await.expect("nothing blocks it"));
    (reply.status() == 200).then(|| reply.json()["preferred_username"].as_str().expect("a name").to_owned())
}

/// Signs out by the form at one of the domains, and returns where that leads.
pub(crate) async fn sign_out_at(browser: &mut Browser<InProcess>, site: &str) -> String {
    let url = format!("{site}/auth/sign-out");
    let to = sent(browser, Fetch::navigation(site, Method::POST, &url).form("scope=session")).await.sent_on();
    format!("{site}{to}")
}

/// Returns a value of an address.
pub(crate) fn value(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    found.unwrap_or_else(|| panic!("{name} is not in {url}"))
}

/// Signs `ann` in at home by the form of the page.
pub(crate) async fn signs_in_at_home(browser: &mut Browser<InProcess>, return_to: &str) -> Reply {
    let fields = [("login", "ann"), ("password", super::PASSWORD), ("return_to", return_to)];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let url = format!("{AUTH}/auth/sign-in");
    sent(browser, Fetch::navigation(AUTH, Method::POST, &url).form(body)).await
}
