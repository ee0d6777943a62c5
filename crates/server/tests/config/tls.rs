use handstamp_server::config::Config;

fn load(text: &str) -> Result<Config, String> {
    Config::load(Some(("handstamp.toml", text)), &[]).map_err(|error| error.to_string())
}

/// Settings under which TLS is spoken, after these of the whole server.
fn with_tls(server: &str, tls: &str) -> Result<Config, String> {
    load(&format!(
        "[server]\n{server}\n[server.tls]\ncertificate_file = \"a.pem\"\nkey_file = \"a.key\"\n{tls}\n"
    ))
}

fn refused(text: &str) -> String {
    load(text).unwrap_err()
}

#[test]
fn a_certificate_and_its_key_come_together() {
    let refused_alone = refused("[server.tls]\ncertificate_file = \"a.pem\"\n");
    assert!(refused_alone.contains("server.tls.key_file: the certificate needs"), "{refused_alone}");

    let refused_alone = refused("[server.tls]\nkey_file = \"a.key\"\n");
    assert!(refused_alone.contains("server.tls.certificate_file: the private key is"), "{refused_alone}");
}

#[test]
fn a_redirect_without_tls_is_refused() {
    let refused = refused("[server.tls]\nredirect_listen = \"127.0.0.1:80\"\n");

    assert!(refused.contains("server.tls.redirect_listen: there is no https"), "{refused}");
}

#[test]
fn two_listeners_cannot_have_one_address() {
    let refused = with_tls("listen = \"127.0.0.1:443\"", "redirect_listen = \"127.0.0.1:443\"").unwrap_err();

    assert!(refused.contains("server.tls.redirect_listen: must not be server.listen"), "{refused}");
}

#[test]
fn a_plain_address_for_people_is_refused_where_tls_is_spoken() {
    let refused = with_tls("public_url = \"http://localhost:8600\"", "").unwrap_err();

    assert!(refused.contains("server.public_url: TLS is spoken here"), "{refused}");
}

#[test]
fn who_names_no_address_gets_one_with_https_where_tls_is_spoken() {
    let url = with_tls("", "").unwrap().public_url("127.0.0.1:8600".parse().unwrap()).unwrap();

    assert_eq!(url.as_str(), "https://127.0.0.1:8600");
}

#[test]
fn tls_has_its_variables() {
    let variables = [("HANDSTAMP_SERVER_TLS_REDIRECT_LISTEN".to_owned(), "127.0.0.1:80".to_owned())];
    let overrides = handstamp_server::config::Config::overrides(variables, &[]);

    assert!(overrides.is_ok(), "{overrides:?}");
}
