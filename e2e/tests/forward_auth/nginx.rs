//! Debian's nginx, `auth_request`.

use super::front::Front;

fn start(variables: &[(&str, &str)]) -> Front {
    Front::start("nginx", &[], variables)
}

super::rules_hold!(start);
super::real_proxy_holds!(start, 500);
