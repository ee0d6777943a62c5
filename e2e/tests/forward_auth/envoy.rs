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

/// Only what TLS can break: the rules are the same listener's.
mod over_grpc_with_tls {
    use crate::forward_auth::{front::Front, rules_hold};

    fn start(variables: &[(&str, &str)]) -> Front {
        Front::start("envoy", &["grpc-tls"], variables)
    }

    rules_hold! { start;
        whoever_passes_is_announced_and_nothing_that_a_client_made_up;
        no_bad_token_passes;
    }

    static SHARED: crate::forward_auth::front::Shared = crate::forward_auth::front::Shared::new();
}
