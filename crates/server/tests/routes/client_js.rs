use handstamp_e2e::browser::Fetch;
use http::Method;

use crate::support::{AUTH, Kit};

const MODULES: [&str; 4] = ["/auth/client.js", "/auth/dialog.js", "/auth/redirect.js", "/auth/streams.js"];

#[tokio::test]
async fn any_page_may_load_the_modules() {
    let kit = Kit::new().await;

    for module in MODULES {
        let request = Fetch::script("https://anywhere.example", Method::GET, &format!("{AUTH}{module}"));
        let reply = kit.browser().fetch(request).await.expect("a page may read it");
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()["content-type"], "text/javascript; charset=utf-8");
        assert_eq!(reply.headers()["access-control-allow-origin"], "*");
        assert_eq!(reply.headers()["cross-origin-resource-policy"], "cross-origin");
        assert!(!reply.headers().contains_key("access-control-allow-credentials"));
    }
}

#[tokio::test]
async fn a_module_is_kept_but_asked_for() {
    let kit = Kit::new().await;

    for module in MODULES {
        let first = kit.get(module).send().await.expect(200);
        assert_eq!(first.header("cache-control"), "no-cache");
        let tag = first.header("etag").to_owned();
        for condition in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = kit.get(module).header("if-none-match", condition).send().await.expect(304);
            assert_eq!(again.text(), "");
            assert_eq!(again.header("etag"), tag);
            assert_eq!(again.header("access-control-allow-origin"), "*");
        }
        kit.get(module).header("if-none-match", "\"other\"").send().await.expect(200);
    }
}
