//! Services in other languages: the programs in `examples`, as they are, beside the real auth service.
//!
//! Their own tests show each rule by itself, with keys of their own. Here is what only the real thing can show: that what we publish
//! and sign is what their libraries expect, and that what is taken back reaches them.

mod forgeries;
mod house;
mod service;
mod stories;

use house::House;
use service::{Language, Service};

async fn everything_holds_in(language: Language) {
    let house = House::build().await;
    let service = Service::start(language, &house);
    service.until_ready().await;

    stories::good_tokens_open_what_they_should(&house, &service).await;
    stories::nobody_else_gets_in(&house, &service).await;
    stories::another_site_orders_nothing(&house, &service).await;
    stories::a_signed_out_session_is_over(&house, &service).await;
    if language.hears_of_roles() {
        stories::changed_roles_make_a_token_stale(&house, &service).await;
    }
    stories::keys_are_followed(&house, &service).await;
    stories::a_service_that_hears_nothing_closes_and_opens_again(house, &service).await;
}

#[tokio::test]
async fn a_service_in_express_goes_by_our_tokens() {
    everything_holds_in(Language::Express).await;
}

#[tokio::test]
async fn a_service_in_fastapi_goes_by_our_tokens() {
    everything_holds_in(Language::FastApi).await;
}

#[tokio::test]
async fn a_service_in_go_goes_by_our_tokens() {
    everything_holds_in(Language::Go).await;
}

#[tokio::test]
async fn a_service_in_spring_goes_by_our_tokens() {
    everything_holds_in(Language::Spring).await;
}
