mod redis;
mod sites;
mod storage;
mod tls;
mod upstreams;

use std::time::Duration;

use handstamp_server::config::{Config, ConfigError, Override, SameSite};

fn load(text: &str) -> Result<Config, ConfigError> {
    Config::load(Some(("handstamp.toml", text)), &[])
}

fn mistakes(text: &str) -> String {
    load(text).unwrap_err().to_string()
}

#[test]
fn an_empty_file_is_the_defaults() {
    assert_eq!(load("").unwrap(), Config::default());
}

#[test]
fn durations_and_lists_read_as_people_write_them() {
    let config = load(
        r#"
        [tokens]
        lifetime = "5m"
        audiences = ["orders", "profiles"]
        [sessions]
        absolute_lifetime = "14 days"
        [cookies]
        access_same_site = "strict"
        "#,
    )
    .unwrap();

    assert_eq!(config.tokens.lifetime, Duration::from_mins(5));
    assert_eq!(config.tokens.audiences, ["orders", "profiles"]);
    assert_eq!(config.sessions.absolute_lifetime, Duration::from_hours(14 * 24));
    assert_eq!(config.cookies.access_same_site, SameSite::Strict);
}

#[test]
fn an_unknown_key_names_the_nearest_known_one_and_its_line() {
    insta::assert_snapshot!(mistakes("[tokens]\n\nlifetim = \"5m\"\n"), @"tokens.lifetim: there is no such setting: did you mean tokens.lifetime? (handstamp.toml line 3)");
}

#[test]
fn a_key_in_the_wrong_section_is_sent_to_the_right_one() {
    insta::assert_snapshot!(mistakes("[tokens]\nrefresh_grace = \"30s\"\n"), @"tokens.refresh_grace: there is no such setting here: did you mean sessions.refresh_grace? (handstamp.toml line 2)");
}

#[test]
fn an_unknown_section_names_the_nearest_known_one() {
    insta::assert_snapshot!(mistakes("[token]\nlifetime = \"5m\"\n"), @"token: there is no such section: did you mean [tokens]? (handstamp.toml line 1)");
    insta::assert_snapshot!(mistakes("lifetime = \"5m\"\n"), @"lifetime: this is not a section: did you mean tokens.lifetime, below [tokens]? (handstamp.toml line 1)");
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = mistakes(
        "[tokens]\nlifetime = 5\nalgorithm = \"none\"\n[server]\nmax_body = \"big\"\nlissten = \"x\"\n",
    );

    let mut keys: Vec<_> = text.lines().map(|line| line.split(':').next().unwrap()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["server.lissten", "server.max_body", "tokens.algorithm", "tokens.lifetime"], "{text}");
}

#[test]
fn what_is_not_toml_says_where() {
    let text = mistakes("[tokens]\nlifetime = \n");

    assert!(text.starts_with("this is not TOML") && text.ends_with("(handstamp.toml line 2)"), "{text}");
}

#[test]
fn later_overrides_win_over_earlier_ones_and_over_the_file() {
    let set = |value: &str, place: &str| Override {
        key: "tokens.lifetime".to_owned(),
        value: value.to_owned(),
        place: place.to_owned(),
    };
    let overrides = [set("7m", "HANDSTAMP_TOKENS_LIFETIME"), set("9m", "--token-lifetime")];

    let config = Config::load(Some(("handstamp.toml", "[tokens]\nlifetime = \"5m\"")), &overrides).unwrap();

    assert_eq!(config.tokens.lifetime, Duration::from_mins(9));
}

#[test]
fn variables_are_named_after_section_and_key() {
    let variables = [
        ("HANDSTAMP_SESSIONS_REFRESH_GRACE", "45s"),
        ("HANDSTAMP_SERVER_ALLOWED_ORIGINS", "https://a.example, https://b.example"),
        ("HANDSTAMP_SERVER_MAX_BODY", "4096"),
        ("HANDSTAMP_SERVER_INSECURE_HTTP", "true"),
        ("HANDSTAMP_ROOT_KEY", "secret"),
        ("HOME", "/root"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));

    let overrides = Config::overrides(variables, &["HANDSTAMP_ROOT_KEY"]).unwrap();
    let config = Config::load(None, &overrides).unwrap();

    assert_eq!(config.sessions.refresh_grace, Duration::from_secs(45));
    assert_eq!(config.server.allowed_origins, ["https://a.example", "https://b.example"]);
    assert_eq!(config.server.max_body, 4096);
    assert!(config.server.insecure_http);
}

#[test]
fn a_variable_of_ours_that_means_nothing_is_an_error() {
    let variables = [("HANDSTAMP_TOKENS_LIFETIM".to_owned(), "5m".to_owned())];

    let error = Config::overrides(variables, &[]).unwrap_err().to_string();

    insta::assert_snapshot!(error, @"the variable HANDSTAMP_TOKENS_LIFETIM names no setting: did you mean HANDSTAMP_TOKENS_LIFETIME?");
}

#[test]
fn a_suggestion_is_not_made_for_the_prefix_alone() {
    let variables = [("HANDSTAMP_NOPE_X".to_owned(), "1".to_owned())];

    let error = Config::overrides(variables, &[]).unwrap_err().to_string();

    insta::assert_snapshot!(error, @"the variable HANDSTAMP_NOPE_X names no setting");
}

#[test]
fn a_wrong_override_names_its_place() {
    let overrides = [Override::flag("--listen", "server.listen", "nowhere")];

    let error = Config::load(None, &overrides).unwrap_err().to_string();

    assert!(error.starts_with("server.listen: ") && error.ends_with("(--listen)"), "{error}");
}

#[test]
fn settings_that_do_not_fit_together_are_refused_at_start() {
    for (text, key) in [
        ("[sessions]\nrefresh_grace = \"20s\"", "sessions.refresh_grace"),
        ("[sessions]\nidle_lifetime = \"60 days\"", "sessions.absolute_lifetime"),
        ("[sessions]\nidle_lifetime = \"5m\"", "sessions.idle_lifetime"),
        ("[tokens]\nleeway = \"2m\"", "tokens.leeway"),
        ("[tokens]\ncustom_claims = [\"roles\"]", "tokens.custom_claims"),
        ("[passwords]\nmin_length = 4", "passwords.min_length"),
        ("[passwords]\nmemory_kib = 64", "passwords.memory_kib"),
        ("[server]\nrequest_timeout = \"60s\"", "server.request_timeout"),
        ("[server]\npublic_url = \"http://auth.example\"", "server.public_url"),
        ("[server]\npublic_url = \"https://auth.example/path\"", "server.public_url"),
        ("[server]\nallowed_origins = [\"https://app.example/\"]", "server.allowed_origins"),
        ("[server]\nallowed_origins = [\"*\"]", "server.allowed_origins"),
        ("[server]\ntrusted_proxies = [\"proxy.local\"]", "server.trusted_proxies"),
        ("[server]\nwrite_timeout = \"0s\"", "server.write_timeout"),
        ("[server]\nmax_connections = 0", "server.max_connections"),
        ("[cookies]\naccess_name = \"__Host-at\"\ndomain = \"example.org\"", "cookies.access_name"),
        ("[cookies]\nrefresh_name = \"__Host-rt\"", "cookies.refresh_name"),
        ("[cookies]\nhint_name = \"__Http-hint\"", "cookies.hint_name"),
        ("[cookies]\naccess_name = \"a b\"", "cookies.access_name"),
        ("[cookies]\naccess_name = \"x\"\nrefresh_name = \"x\"", "cookies"),
        ("[cookies]\ndomain = \".example.org\"", "cookies.domain"),
        ("[rate_limits]\naccount_attempts = 0", "rate_limits.account_attempts"),
        ("[pages]\ntitle = \" \"", "pages.title"),
        ("[pages]\ntitle = \"two\\nlines\"", "pages.title"),
        ("[pages]\ntitle = \"a title that is far too long to be read on a phone\"", "pages.title"),
        ("[pages]\nlanguages = []", "pages.languages"),
        ("[pages]\naccent = \"red\"", "pages.accent"),
        ("[pages]\nhome = \"https://evil.example/\"", "pages.home"),
        ("[pages]\nhome = \"//evil.example\"", "pages.home"),
        ("[pages]\nhome = \"orders\"", "pages.home"),
        ("[pages]\nhome = \"/auth/sign-in\"", "pages.home"),
        ("[pages]\nhome = \"/auth/sign-in?return_to=/\"", "pages.home"),
        ("[pages]\nhome = \"/auth/sign-out\"", "pages.home"),
        ("[rate_limits]\naddress_window = \"0s\"", "rate_limits.address_window"),
    ] {
        let error = load(text).unwrap_err();
        assert_eq!(error.problems.len(), 1, "{error}");
        assert_eq!(error.problems[0].key.as_deref(), Some(key), "{error}");
    }
}

#[test]
fn nobody_is_at_home_on_the_sign_in_page() {
    let homed = |home: &str| {
        let server =
            "[server]\npublic_url = \"https://auth.example\"\nallowed_origins = [\"https://app.example\"]";
        load(&format!("{server}\n[pages]\nhome = {home:?}"))
    };

    let error = homed("https://auth.example/auth/sign-in").unwrap_err().to_string();
    assert!(error.contains("back to where they came from: write where they go next"), "{error}");
    // What another origin has at that path is its own affair.
    homed("https://app.example/auth/sign-in").unwrap();
    homed("/auth/sign-in-help").unwrap();
}

#[test]
fn what_is_shown_can_be_read_again() {
    let mut config = load("[tokens]\nlifetime = \"90s\"\n[cookies]\ndomain = \"example.org\"").unwrap();
    assert_eq!(load(&config.to_toml()).unwrap(), config);

    config.storage.database_url = Some("postgres://handstamp:hunter2@db/handstamp".into());
    assert!(!format!("{config:?}{}", config.to_toml()).contains("hunter2"));
}

#[test]
fn the_schema_describes_every_setting() {
    let schema = Config::schema();

    for (section, definition) in schema["properties"].as_object().unwrap() {
        // Sections whose entries have names say what each entry holds.
        let entry =
            definition.get("additionalProperties").filter(|entry| entry.is_object()).unwrap_or(definition);
        for (key, value) in entry["properties"].as_object().unwrap() {
            assert!(value["description"].is_string(), "{section}.{key}");
        }
    }
    assert_eq!(schema["properties"]["tokens"]["properties"]["lifetime"]["default"], "10m");
}

#[test]
fn a_service_on_loopback_needs_no_url_and_one_on_every_interface_does() {
    let config = load("").unwrap();

    let url = config.public_url("127.0.0.1:4711".parse().unwrap()).unwrap();
    assert_eq!(url.as_str(), "http://127.0.0.1:4711");
    assert!(config.public_url("0.0.0.0:4711".parse().unwrap()).is_err());
    assert!(config.public_url("192.0.2.1:80".parse().unwrap()).is_err());
}

#[test]
fn people_are_sent_to_the_service_itself_or_to_an_allowed_origin() {
    for text in [
        "[pages]\nhome = \"/\"",
        "[pages]\nhome = \"https://auth.example/x\"\n[server]\npublic_url = \"https://auth.example/\"",
        "[pages]\nhome = \"https://app.example/\"\n[server]\nallowed_origins = [\"https://app.example\"]",
    ] {
        assert!(load(text).is_ok(), "{text}");
    }
}
