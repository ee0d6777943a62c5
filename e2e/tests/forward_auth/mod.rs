//! The examples in front of a service, with the real nginx, Caddy and Envoy, and with what Traefik says and does.
//!
//! Every proxy follows the same rules, each of which stands in `rules` once.

mod caddy;
mod envoy;
mod front;
mod nginx;
mod rules;
mod traefik;

/// The rules, as tests of one proxy. Those that run at the same time share one, because starting it takes the longest.
macro_rules! rules_hold {
    ($start:expr) => {
        crate::forward_auth::rules_hold! { $start;
            whoever_passes_is_announced_and_nothing_that_a_client_made_up;
            a_service_that_verifies_for_itself_gets_the_token;
            no_bad_token_passes;
            an_ended_session_does_not_pass;
            routes_demand_roles_and_organisations;
            forged_requests_do_not_pass;
            no_options_request_gets_around_the_question;
            people_are_sent_to_sign_in_and_come_back;
            scripts_hear_why_and_those_of_allowed_origins_may_read_it;
            nobody_asks_the_question_from_outside;
        }

        static SHARED: crate::forward_auth::front::Shared = crate::forward_auth::front::Shared::new();
    };
    ($start:expr; $($rule:ident;)+) => {$(
        #[tokio::test]
        async fn $rule() {
            crate::forward_auth::rules::$rule(&SHARED.get(|| $start(&[]))).await;
        }
    )+};
}
pub(crate) use rules_hold;

/// What only a real proxy can show; `without_answer` is the status with which it replies while the auth service is away.
macro_rules! real_proxy_holds {
    ($start:expr, $without_answer:literal) => {
        crate::forward_auth::rules_hold! { $start;
            nothing_arrives_that_a_service_could_take_for_ours;
            nobody_gets_a_tunnel_or_takes_a_header_of_ours_away;
        }

        /// One front for both, since the second rule ends the auth service.
        #[tokio::test]
        async fn neither_an_expired_token_passes_nor_anybody_without_an_answer() {
            let front = $start(&crate::forward_auth::rules::SHORT);
            crate::forward_auth::rules::an_expired_token_does_not_pass(&front).await;
            crate::forward_auth::rules::without_an_answer_nobody_comes_in(&front, $without_answer).await;
        }
    };
}
pub(crate) use real_proxy_holds;
