//! Envoy, `ext_authz`.

mod over_http {
    use crate::forward_auth::{front::Front, real_proxy_holds, rules_hold};

    fn start(variables: &[(&str, &str)]) -> Front {
        Front::start("envoy", &[], variables)
    }

    rules_hold!(start);
    real_proxy_holds!(start, 503);
}

mod over_grpc {
    use crate::forward_auth::{front::Front, real_proxy_holds, rules_hold};

    fn start(variables: &[(&str, &str)]) -> Front {
        Front::start("envoy", &["grpc"], variables)
    }

    rules_hold!(start);
    real_proxy_holds!(start, 503);
}
