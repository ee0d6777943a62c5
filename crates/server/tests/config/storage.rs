use handstamp_server::config::Config;

fn load(text: &str) -> Result<Config, String> {
    Config::load(Some(("handstamp.toml", text)), &[]).map_err(|error| error.to_string())
}

#[test]
fn a_second_password_is_a_mistake() {
    let with = |url: &str| {
        load(&format!("[storage]\ndatabase_url = \"{url}\"\ndatabase_password_file = \"db.password\"\n"))
    };

    with("postgres://ann@db/auth").unwrap();
    insta::assert_snapshot!(with("postgres://ann:hunter2@db/auth").unwrap_err(), @"storage.database_password_file: is for a storage.database_url that has no password in it (handstamp.toml line 3)");
    with("postgres://ann@db/auth?password=hunter2").unwrap_err();
}

#[test]
fn who_does_not_listen_is_shown_as_such() {
    let text = "[storage]\ndatabase_url = \"postgres://ann@db/auth\"\nlisten_url = \"off\"\n";
    let config = load(text).unwrap();

    assert_eq!(load(&config.to_toml()).unwrap(), config);
}
