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

        #[tokio::test]
        async fn an_expired_token_does_not_pass() {
            let short = [("HANDSTAMP_TOKENS_LIFETIME", "2s"), ("HANDSTAMP_TOKENS_LEEWAY", "0s")];
            crate::forward_auth::rules::an_expired_token_does_not_pass(&$start(&short)).await;
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
