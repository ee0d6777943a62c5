use std::time::Duration;

use handstamp_server::config::{Config, RedisConfig};

fn mistakes(text: &str) -> String {
    Config::load(Some(("handstamp.toml", text)), &[]).unwrap_err().to_string()
}

#[test]
fn a_server_with_tls_and_a_password_apart_is_taken() {
    let text = "[redis]\nurl = \"rediss://ann@cache.internal:6380/2\"\npassword_file = \"redis.password\"\n\
                ca_file = \"ca.pem\"\nprefix = \"shop\"\ntimeout = \"20ms\"\n";
    let config = Config::load(Some(("handstamp.toml", text)), &[]).unwrap().redis;

    let expected = RedisConfig {
        url: Some("rediss://ann@cache.internal:6380/2".into()),
        password_file: Some("redis.password".into()),
        ca_file: Some("ca.pem".into()),
        prefix: "shop".to_owned(),
        timeout: Duration::from_millis(20),
    };
    assert_eq!(config, expected);
}

#[test]
fn a_url_that_is_none_of_redis_is_refused_without_a_word_of_it() {
    for url in ["postgres://:hunter2@db/x", "hunter2", "redis://", "rediss://:hunter2@cache#insecure"] {
        let text = mistakes(&format!("[redis]\nurl = \"{url}\"\n"));

        assert!(text.starts_with("redis.url: ") && text.ends_with("(handstamp.toml line 2)"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn certificates_without_tls_are_a_mistake() {
    insta::assert_snapshot!(mistakes("[redis]\nurl = \"redis://cache\"\nca_file = \"ca.pem\"\n"), @"redis.ca_file: certificates are for TLS: redis.url must begin with rediss:// (handstamp.toml line 3)");
}

#[test]
fn a_second_password_is_a_mistake() {
    let wrong = |url: &str| mistakes(&format!("[redis]\n{url}password_file = \"redis.password\"\n"));

    insta::assert_snapshot!(wrong("url = \"redis://:x@cache\"\n"), @"redis.password_file: is for a redis.url that names a server and has no password in it (handstamp.toml line 3)");
    insta::assert_snapshot!(wrong(""), @"redis.password_file: is for a redis.url that names a server and has no password in it (handstamp.toml line 2)");
}

#[test]
fn nobody_waits_long_for_what_may_be_lost() {
    for timeout in ["0s", "2s"] {
        let text = mistakes(&format!("[redis]\ntimeout = \"{timeout}\"\n"));
        assert!(text.starts_with("redis.timeout: must be between \"1ms\" and \"1s\""), "{text}");
    }
}

#[test]
fn a_prefix_is_a_word() {
    for prefix in ["", "a b", "ä"] {
        let text = mistakes(&format!("[redis]\nprefix = \"{prefix}\"\n"));
        assert!(text.starts_with("redis.prefix: must be 1 to 64 characters"), "{text}");
    }
}

#[test]
fn the_password_is_never_shown() {
    let text = "[redis]\nurl = \"redis://:hunter2@cache/0\"\n";
    let config = Config::load(Some(("handstamp.toml", text)), &[]).unwrap();

    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(config.to_toml().contains("url = \"redis://:redacted@cache/0\""), "{}", config.to_toml());
}

#[test]
fn strangers_must_be_able_to_sign_in() {
    insta::assert_snapshot!(mistakes("[rate_limits]\nstrangers_per_second = 0\n"), @"rate_limits.strangers_per_second: nobody could ever sign in: 1 at least (handstamp.toml line 2)");
}
