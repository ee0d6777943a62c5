//! Debian's Caddy, `forward_auth`.

use super::front::Front;

fn start(variables: &[(&str, &str)]) -> Front {
    Front::start("caddy", &[], variables)
}

super::rules_hold!(start);
super::real_proxy_holds!(start, 502);
