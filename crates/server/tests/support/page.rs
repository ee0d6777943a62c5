use bytes::Bytes;
use handstamp_e2e::browser::{Browser, Fetch};
use http::{Method, Response};

use super::{AUTH, InProcess, Reply, own};

/// What a browser sends along when it goes somewhere.
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// Goes to an address of the service, as by a bookmark.
pub(crate) async fn visit(browser: &mut Browser<InProcess>, path: &str) -> Reply {
    sent(browser, Fetch::typed(&format!("{AUTH}{path}"))).await
}

/// Follows a link in a page of another site.
pub(crate) async fn visit_from(browser: &mut Browser<InProcess>, page: &str, path: &str) -> Reply {
    sent(browser, Fetch::navigation(page, Method::GET, &format!("{AUTH}{path}"))).await
}

/// Sends a form of one of the service's own pages.
pub(crate) async fn submit(browser: &mut Browser<InProcess>, path: &str, fields: &[(&str, &str)]) -> Reply {
    submit_from(browser, AUTH, path, fields).await
}

/// Sends a form of a page somewhere.
pub(crate) async fn submit_from(
    browser: &mut Browser<InProcess>,
    page: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> Reply {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    sent(browser, Fetch::navigation(page, Method::POST, &format!("{AUTH}{path}")).form(body)).await
}

/// Asks, by a script of the service's own page, who is signed in.
pub(crate) async fn whoami(browser: &mut Browser<InProcess>) -> Reply {
    Reply(browser.fetch(own(Method::GET, "/auth/whoami")).await.expect("nothing blocks it"))
}

pub(super) async fn sent(browser: &mut Browser<InProcess>, fetch: Fetch) -> Reply {
    let reply: Response<Bytes> =
        browser.fetch(fetch.header("accept", ACCEPT)).await.expect("nothing blocks it");
    Reply(reply)
}

impl Reply {
    /// Checks that the browser is sent on, and returns where to.
    #[track_caller]
    pub(crate) fn sent_on(self) -> String {
        self.expect(303).header("location").to_owned()
    }

    /// Checks that it is one of the pages, with everything that every page has, and returns its text.
    #[track_caller]
    pub(crate) fn page(self, status: u16) -> String {
        let reply = self.expect(status);
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("referrer-policy"), "same-origin");
        let policy = reply.header("content-security-policy");
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(directive), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        let text = reply.text();
        assert!(text.starts_with("<!DOCTYPE html><html lang=\""), "{text}");
        assert!(
            !text.contains("<style") && !text.contains(" style=") && !text.contains("javascript:"),
            "{text}"
        );
        text
    }
}
