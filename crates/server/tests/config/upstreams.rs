use std::time::Duration;

use handstamp_server::config::{ClientAuth, Config, ConfigError, UpstreamConfig, UpstreamKind};

const WHOLE: &str = r#"
[upstreams.corp]
label = "Corporate account"
issuer = "https://id.example/realms/corp"
client_id = "handstamp"
client_auth = "private_key_jwt"
private_key_file = "corp.jwk"
max_age = "8h"
create = true
link = "verified_email"

[upstreams.corp.claims]
roles = "realm_access.roles"

[upstreams.corp.roles]
staff = ["buyer", "editor"]
"Domain Admins" = ["operator"]

[upstreams.old]
kind = "oauth2"
client_id = "handstamp"
authorization_endpoint = "https://old.example/authorize"
token_endpoint = "https://old.example/token"
userinfo_endpoint = "https://old.example/me"
claims = { subject = "id", username = "login" }
"#;

fn load(text: &str) -> Result<Config, ConfigError> {
    Config::load(Some(("handstamp.toml", text)), &[])
}

/// The mistakes in an upstream that has what every one needs, and these lines.
fn mistakes(lines: &str) -> String {
    let good = "[upstreams.corp]\nissuer = \"https://id.example\"\nclient_id = \"x\"\n";
    load(&format!("{good}{lines}")).unwrap_err().to_string()
}

fn with_variables(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(("handstamp.toml", WHOLE)), &Config::overrides(variables, &[])?)
}

#[test]
fn several_upstreams_read_as_people_write_them() {
    let config = load(WHOLE).unwrap();

    let (corp, old) = (&config.upstreams["corp"], &config.upstreams["old"]);
    assert_eq!((corp.kind, corp.client_auth), (UpstreamKind::Oidc, ClientAuth::PrivateKeyJwt));
    assert_eq!(corp.max_age, Some(Duration::from_hours(8)));
    assert_eq!(corp.claims.roles.as_deref(), Some("realm_access.roles"));
    assert_eq!(corp.roles["staff"], ["buyer", "editor"]);
    assert_eq!(corp.roles["Domain Admins"], ["operator"]);
    assert_eq!(
        (old.kind, old.claims.subject.as_str(), old.claims.email.as_str()),
        (UpstreamKind::Oauth2, "id", "email")
    );
}

#[test]
fn what_is_shown_reads_back() {
    let config = load(WHOLE).unwrap();

    assert_eq!(load(&config.to_toml()).unwrap(), config);
}

#[test]
fn nobody_gets_in_unless_the_operator_says_so() {
    let config = UpstreamConfig::default();

    assert!(!config.create);
    assert_eq!(config.link, handstamp_server::config::Link::Never);
    assert_eq!(config.link_except, ["admin"]);
}

#[test]
fn a_variable_overrides_a_setting_of_one_upstream() {
    let config = with_variables(&[
        ("HANDSTAMP_UPSTREAMS_CORP_CLIENT_ID", "other"),
        ("HANDSTAMP_UPSTREAMS_CORP_CLAIMS_ROLES", "groups"),
        ("HANDSTAMP_UPSTREAMS_CORP_SCOPES", "openid, groups"),
    ])
    .unwrap();

    let corp = &config.upstreams["corp"];
    assert_eq!((corp.client_id.as_str(), corp.claims.roles.as_deref()), ("other", Some("groups")));
    assert_eq!(corp.scopes.as_deref().unwrap(), ["openid", "groups"]);
    assert_eq!(config.upstreams["old"].client_id, "handstamp");
}

#[test]
fn a_variable_can_bring_in_an_upstream_by_itself() {
    let config = with_variables(&[
        ("HANDSTAMP_UPSTREAMS_OUR_IDP_ISSUER", "https://idp.example"),
        ("HANDSTAMP_UPSTREAMS_OUR_IDP_CLIENT_ID", "handstamp"),
    ])
    .unwrap();

    assert_eq!(config.upstreams["our-idp"].issuer.as_deref(), Some("https://idp.example"));
}

#[test]
fn the_variable_of_a_secret_is_no_setting() {
    assert_eq!(UpstreamConfig::secret_variable("our-idp"), "HANDSTAMP_UPSTREAMS_OUR_IDP_CLIENT_SECRET");
    assert!(with_variables(&[("HANDSTAMP_UPSTREAMS_CORP_CLIENT_SECRET", "hunter2")]).is_ok());
}

#[test]
fn a_misspelt_setting_names_the_nearest_one_and_its_line() {
    insta::assert_snapshot!(mistakes("client_idd = \"x\"\n"), @"upstreams.corp.client_idd: there is no such setting: did you mean upstreams.corp.client_id? (handstamp.toml line 4)");
    insta::assert_snapshot!(mistakes("claims = { rols = \"x\" }\n"), @"upstreams.corp.claims.rols: there is no such setting: did you mean upstreams.corp.claims.roles? (handstamp.toml line 4)");
    insta::assert_snapshot!(with_variables(&[("HANDSTAMP_UPSTREAMS_CORP_CLIENT_IDD", "x")]).unwrap_err().to_string(), @"the variable HANDSTAMP_UPSTREAMS_CORP_CLIENT_IDD names no setting: did you mean HANDSTAMP_UPSTREAMS_NAME_CLIENT_ID?");
}

#[test]
fn what_every_upstream_needs_is_asked_for_with_its_place() {
    insta::assert_snapshot!(load("\n[upstreams.corp]\n").unwrap_err().to_string(), @"
    upstreams.corp.client_id: write what the server calls this service (handstamp.toml line 2)
    upstreams.corp.issuer: name the server's issuer: ID tokens are held against it (handstamp.toml line 2)
    ");
    insta::assert_snapshot!(load("[upstreams.corp]\nkind = \"oauth2\"\nclient_id = \"x\"\n").unwrap_err().to_string(), @"
    upstreams.corp.authorization_endpoint: without an issuer nothing is discovered: write the address (handstamp.toml line 1)
    upstreams.corp.token_endpoint: without an issuer nothing is discovered: write the address (handstamp.toml line 1)
    upstreams.corp.userinfo_endpoint: without an issuer nothing is discovered: write the address (handstamp.toml line 1)
    ");
    insta::assert_snapshot!(load("upstreams = 5\n").unwrap_err().to_string(), @"upstreams: this is a section: write [upstreams.NAME] and its settings below it (handstamp.toml line 1)");
    insta::assert_snapshot!(load("[upstreams]\ncorp = 5\n").unwrap_err().to_string(), @"upstreams.corp: this is a section: write [upstreams.corp] and its settings below it (handstamp.toml line 2)");
}

#[test]
fn a_name_that_cannot_be_in_an_address_is_refused() {
    for name in ["Corp", "corp_1", "\"corp/x\"", "\"\"", "-corp", &"x".repeat(33)] {
        let text = format!("[upstreams.{name}]\nissuer = \"https://id.example\"\nclient_id = \"x\"\n");
        assert!(load(&text).unwrap_err().to_string().contains("1 to 32"), "{name}");
    }
}

#[test]
fn an_address_over_which_tokens_would_travel_in_the_open_is_refused() {
    for key in [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "introspection_endpoint",
        "end_session_endpoint",
    ] {
        let text = format!(
            "[upstreams.corp]\nissuer = \"https://id.example\"\nclient_id = \"x\"\n{key} = \"http://id.example/x\"\n"
        );
        let text =
            if key == "issuer" { text.replacen("issuer = \"https://id.example\"\n", "", 1) } else { text };
        let refused = load(&text).unwrap_err().to_string();
        assert!(
            refused.starts_with(&format!("upstreams.corp.{key}: \"http://id.example/x\" is not https")),
            "{refused}"
        );
        assert!(load(&text.replace("http://id.example", "http://127.0.0.1:9")).is_ok(), "{key}");
    }
}

#[test]
fn an_algorithm_with_a_shared_secret_is_refused() {
    let refused = mistakes("algorithms = [\"HS256\"]\n");
    assert!(refused.starts_with("upstreams.corp.algorithms: name algorithms with key pairs"), "{refused}");
    assert!(mistakes("algorithms = []\n").starts_with("upstreams.corp.algorithms"));
}

#[test]
fn credentials_that_do_not_go_together_are_refused() {
    for (lines, key) in [
        ("client_auth = \"private_key_jwt\"\n", "private_key_file"),
        ("client_auth = \"none\"\nclient_secret_file = \"x\"\n", "client_secret_file"),
        (
            "client_auth = \"private_key_jwt\"\nprivate_key_file = \"x\"\nclient_secret_file = \"x\"\n",
            "client_secret_file",
        ),
        ("private_key_file = \"x\"\n", "private_key_file"),
        ("assertion_audience = \"x\"\n", "assertion_audience"),
    ] {
        let refused = mistakes(lines);
        assert!(refused.starts_with(&format!("upstreams.corp.{key}: ")), "{refused}");
    }
}

#[test]
fn what_would_never_work_is_refused_at_start() {
    for (lines, key) in [
        ("scopes = [\"profile\"]\n", "scopes"),
        ("scopes = [\"openid\", \"two words\"]\n", "scopes"),
        ("prompt = [\"none\"]\n", "prompt"),
        ("max_age = \"1500ms\"\n", "max_age"),
        ("timeout = \"10ms\"\n", "timeout"),
        ("timeout = \"10s\"\n", "timeout"),
        ("label = \" \"\n", "label"),
        ("org = \"no org\"\n", "org"),
        ("link_except = [\"a role\"]\n", "link_except"),
        ("recheck_every = \"10ms\"\n", "recheck_every"),
        ("exchange = \"any_client\"\nsession_cookie = \"a cookie\"\n", "session_cookie"),
        ("session_cookie = \"sid\"\n", "session_cookie"),
        ("exchange_clients = [\"x\"]\n", "exchange_clients"),
        ("exchange = \"any_client\"\nexchange_clients = [\"x\"]\n", "exchange_clients"),
        ("exchange = \"own_clients\"\nexchange_clients = []\n", "exchange_clients"),
        ("exchange = \"own_clients\"\nexchange_clients = [\"\"]\n", "exchange_clients"),
        ("exchange = \"own_clients\"\nclient_auth = \"none\"\n", "exchange"),
        (
            "exchange = \"own_clients\"\nauthorization_endpoint = \"https://id.example/a\"\n\
             token_endpoint = \"https://id.example/t\"\njwks_uri = \"https://id.example/k\"\n",
            "introspection_endpoint",
        ),
        ("claims = { subject = \"email\" }\n", "claims.subject"),
        ("claims = { username = \"\" }\n", "claims.username"),
        ("claims = { roles = \"groups\" }\n", "claims.roles"),
        ("[upstreams.corp.roles]\nstaff = [\"buyer\"]\n", "roles"),
    ] {
        let refused = mistakes(lines);
        assert!(refused.starts_with(&format!("upstreams.corp.{key}: ")), "{lines} {refused}");
    }
}
