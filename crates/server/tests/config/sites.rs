use handstamp_server::config::Config;

fn mistakes(text: &str) -> String {
    let home = "[server]\npublic_url = \"https://app.one.test\"\n";
    match Config::load(Some(("handstamp.toml", &format!("{home}{text}"))), &[]) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_site_is_an_https_origin_of_its_own() {
    assert_eq!(mistakes("[sites.shop]\nurl = \"https://shop.two.test\"\n"), "");
    assert_eq!(mistakes("[sites.shop]\nurl = \"https://shop.two.test:8443\"\n"), "");
    assert!(mistakes("[sites.shop]\n").contains("is not the public URL of a service"));
    assert!(mistakes("[sites.shop]\nurl = \"https://shop.two.test/x\"\n").contains("sites.shop.url"));
    assert!(mistakes("[sites.shop]\nurl = \"http://shop.two.test\"\n").contains("plain http"));
    assert!(mistakes("[sites.shop]\nurl = \"http://localhost:1\"\n").contains("must be https where"));
    assert!(
        mistakes("[sites.Shop]\nurl = \"https://shop.two.test\"\n").contains("not a valid name of a site")
    );
}

/// Ports of one host share one cookie jar.
#[test]
fn no_two_domains_share_a_host() {
    assert!(mistakes("[sites.shop]\nurl = \"https://app.one.test:8443\"\n").contains("share their cookies"));
    let two = "[sites.a]\nurl = \"https://shop.two.test\"\n[sites.b]\nurl = \"https://shop.two.test:8443\"\n";
    assert!(mistakes(two).contains("share their cookies"));
}

#[test]
fn sites_need_a_home_and_cookies_of_their_own() {
    let text = "[sites.shop]\nurl = \"https://shop.two.test\"\n";
    let refused = Config::load(Some(("handstamp.toml", text)), &[]).unwrap_err().to_string();
    assert!(refused.contains("server.public_url: set it"), "{refused}");
    let domain = mistakes(&format!("{text}[cookies]\ndomain = \"one.test\"\n"));
    assert!(domain.contains("would be lost on others"), "{domain}");
}
