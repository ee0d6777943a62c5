//! Settings that cannot be, each told with its place.

use handstamp_gateway::config::{AccessConfig, Config};
use handstamp_listen::Counts;
use handstamp_settings::{ConfigError, Source};

const AUTH: &str = "[gateway]\nauth = \"http://127.0.0.1:8600\"\n";

fn load(text: &str) -> Result<Config, ConfigError> {
    Config::load(&Source { file: Some(("handstamp.toml", text)), ..Source::default() })
}

fn mistakes(settings: &str) -> Vec<String> {
    let error = load(&format!("{AUTH}{settings}")).unwrap_err();
    error.problems.iter().map(|problem| problem.key.clone().unwrap_or_default()).collect()
}

/// The mistakes in a route of these lines.
fn route(lines: &str) -> String {
    load(&format!("{AUTH}[[gateway.routes]]\n{lines}")).unwrap_err().to_string()
}

#[test]
fn a_route_reads_as_people_write_it() {
    let config = load(&format!(
        "{AUTH}[[gateway.routes]]\npath = \"/api/{{org}}/*\"\nto = [\"http://10.0.0.1:9000\", \"https://orders.example\"]\n\
         access = \"signed_in\"\nroles = [\"buyer\"]\ntimeout = \"2m\"\nmax_body = 1048576\n"
    ))
    .unwrap();

    let route = &config.gateway.routes[0];
    assert_eq!((route.access, route.to.len()), (Some(AccessConfig::SignedIn), 2));
    assert_eq!(route.timeout, Some(std::time::Duration::from_mins(2)));
}

#[test]
fn a_route_that_does_not_say_who_may_use_it_is_refused() {
    let refused = route("path = \"/*\"\nto = [\"http://127.0.0.1:9000\"]\n");

    assert!(refused.starts_with("gateway.routes[0].access: say who may use the route"), "{refused}");
    assert!(refused.ends_with("(handstamp.toml line 3)"), "{refused}");
}

#[test]
fn each_mistake_in_a_route_is_charged_to_its_setting() {
    let whole = [("path", "\"/*\""), ("to", "[\"http://127.0.0.1:9000\"]"), ("access", "\"signed_in\"")];
    for (key, value, charged) in [
        ("path", "\"api\"", "path"),
        ("path", "\"/a/../b\"", "path"),
        ("to", "[]", "to"),
        ("to", "[\"10.0.0.1:9000\"]", "to"),
        ("to", "[\"http://10.0.0.1:9000/path\"]", "to"),
        ("to", "[\"ftp://10.0.0.1\"]", "to"),
        ("access", "\"anybody\"", "access"),
        ("strip_prefix", "\"/api\"", "strip_prefix"),
        ("health", "\"health\"", "health"),
        ("timeout", "\"0s\"", "timeout"),
        ("idle_timeout", "\"0s\"", "idle_timeout"),
    ] {
        let lines = whole.into_iter().filter(|(name, _)| *name != key).chain([(key, value)]);
        let lines: Vec<_> = lines.map(|(name, value)| format!("{name} = {value}\n")).collect();

        let refused = route(&lines.concat());
        assert!(refused.starts_with(&format!("gateway.routes[0].{charged}: ")), "{key} = {value}: {refused}");
        assert_eq!(refused.lines().count(), 1, "{refused}");
    }
}

#[test]
fn demands_on_people_need_people() {
    let with = |access: &str, demand: &str| {
        route(&format!("path = \"/*\"\nto = [\"http://127.0.0.1:9000\"]\naccess = \"{access}\"\n{demand}\n"))
    };

    for access in ["public", "optional", "client"] {
        for demand in ["roles = [\"admin\"]", "orgs = [\"acme\"]", "signed_in_within = \"5m\""] {
            let refused = with(access, demand);
            assert!(
                refused.starts_with("gateway.routes[0].access: roles, orgs"),
                "{access} {demand}: {refused}"
            );
        }
    }
    assert!(with("public", "scopes = [\"x\"]").contains("scopes need access"));
}

#[test]
fn two_routes_for_one_path_are_refused() {
    let one = "path = \"/api/*\"\nto = [\"http://127.0.0.1:9000\"]\naccess = \"public\"\n";

    let twice = route(&format!("{one}[[gateway.routes]]\n{one}"));
    assert!(twice.starts_with("gateway.routes[1].path: \"/api/*\" has a route already"), "{twice}");
    let auths = route(&one.replace("/api/*", "/auth/*"));
    assert!(auths.starts_with("gateway.routes[0].path: \"/auth/*\" is the auth service's"), "{auths}");
}

#[test]
fn each_setting_of_the_gateway_has_its_bounds() {
    for (settings, key) in [
        ("public_url = \"http://app.example\"", "gateway.public_url"),
        ("public_url = \"https://app.example/path\"", "gateway.public_url"),
        ("allowed_origins = [\"https://app.example/\"]", "gateway.allowed_origins"),
        ("issuer = \"auth\"", "gateway.issuer"),
        ("auth_paths = [\"auth\"]", "gateway.auth_paths"),
        ("algorithms = []", "gateway.algorithms"),
        ("algorithms = [\"HS256\"]", "gateway.algorithms"),
        ("client_secret_file = \"x\"", "gateway.client_secret_file"),
        ("leeway = \"2m\"", "gateway.leeway"),
        ("timeout = \"0s\"", "gateway.timeout"),
        ("idle_timeout = \"0s\"", "gateway.idle_timeout"),
        ("keep_alive = \"0s\"", "gateway.keep_alive"),
        ("max_connections = 0", "gateway.max_connections"),
        ("max_connections_per_address = 0", "gateway.max_connections_per_address"),
        ("max_header = 100", "gateway.max_header"),
        ("trusted_proxies = [\"proxy\"]", "gateway.trusted_proxies"),
        ("forward_auth_proxies = [\"proxy\"]", "gateway.forward_auth_proxies"),
        ("lissten = \"127.0.0.1:1\"", "gateway.lissten"),
    ] {
        assert_eq!(mistakes(settings), [key], "{settings}");
    }
}

#[test]
fn one_address_holds_so_many_connections_and_those_who_stand_for_many_hold_all() {
    let settings = "max_connections_per_address = 2\ntrusted_proxies = [\"10.0.0.0/8\"]\n";
    let config = load(&format!("{AUTH}{settings}")).unwrap();
    let open = Counts::new(config.gateway.limits().per_address);
    let holds = |address: &str| {
        let all: Vec<_> = (0..5).map_while(|_| open.add(address.parse().unwrap())).collect();
        all.len()
    };

    assert_eq!((holds("192.0.2.1"), holds("::ffff:192.0.2.1"), holds("2001:db8::1")), (2, 2, 2));
    assert_eq!((holds("10.1.2.3"), holds("::ffff:10.1.2.3")), (5, 5), "a trusted proxy");
    assert_eq!((holds("127.0.0.1"), holds("::1")), (5, 5), "this machine");
}

#[test]
fn an_auth_service_over_plain_http_elsewhere_has_to_be_meant() {
    let elsewhere = "[gateway]\nauth = \"http://10.0.0.1:8600\"\n";

    assert!(load(elsewhere).unwrap_err().to_string().contains("could sign in as anybody"));
    assert!(load(&format!("{elsewhere}insecure_auth = true\n")).is_ok());
    assert!(load("[gateway]\nauth = \"https://auth.example\"\n").is_ok());
}

#[test]
fn a_gateway_without_an_auth_service_is_refused() {
    let refused = load("[gateway]\nlisten = \"127.0.0.1:80\"\n").unwrap_err().to_string();

    assert!(refused.starts_with("gateway.auth: say where the auth service is"), "{refused}");
}

#[test]
fn what_is_shown_can_be_read_again() {
    let config = load(&format!(
        "{AUTH}[[gateway.routes]]\npath = \"/*\"\nto = [\"http://127.0.0.1:9000\"]\naccess = \"signed_in\"\nsigned_in_within = \"5m\"\n"
    ))
    .unwrap();

    assert_eq!(load(&config.to_toml()).unwrap().gateway, config.gateway);
    assert_eq!(Config::default().to_toml(), "", "nobody has set anything");
}
