use handstamp_verify::revocation::SilencePolicy;

use super::house::{Answer, House, Service, ask, until_answer};

/// Tokens tell times in whole seconds; the log does not. Nobody has to wait for the next second after "sign out everywhere".
#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_everywhere_and_in_again_within_one_second_is_signed_in() {
    let house = House::start();
    let services: Vec<_> = [-30, 0, 30]
        .map(|skew| house.service(Service { policy: SilencePolicy::refuse(), skew }, &[house.address]))
        .into();
    for _ in 0..5 {
        let before = house.sign_in().await;
        for service in &services {
            until_answer(service, &before.access, Answer::Accepted).await;
        }

        house.sign_out(&before.access, "everywhere").await;
        let after = house.sign_in().await;

        for service in &services {
            // News or not: a token from after the event is never refused for it.
            assert_eq!(ask(service, &after.access), Answer::Accepted);
            until_answer(service, &before.access, Answer::Revoked).await;
            assert_eq!(ask(service, &after.access), Answer::Accepted);
        }
    }
}
