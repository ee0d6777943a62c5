//! Envoy, `ext_authz`.

mod over_http {
    use crate::forward_auth::{front::Front, rules, rules_hold};

    fn start(variables: &[(&str, &str)]) -> Front {
        Front::start("envoy", &[], variables)
    }

    rules_hold!(start);

    #[tokio::test]
    async fn without_an_answer_nobody_comes_in() {
        rules::without_an_answer_nobody_comes_in(&start(&[]), 503).await;
    }
}

mod over_grpc {
    use crate::forward_auth::{front::Front, rules, rules_hold};

    fn start(variables: &[(&str, &str)]) -> Front {
        Front::start("envoy", &["grpc"], variables)
    }

    rules_hold!(start);

    #[tokio::test]
    async fn without_an_answer_nobody_comes_in() {
        rules::without_an_answer_nobody_comes_in(&start(&[]), 503).await;
    }
}
