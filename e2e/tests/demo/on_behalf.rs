use http::Method;

use crate::support::Demo;

/// The orders service has them from the profiles service alone, which it asks with an exchanged token and nothing else.
#[tokio::test]
async fn orders_carry_names_that_the_profiles_service_tells_on_the_users_behalf() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;

    for _ in 0..2 {
        let list = ben.orders(Method::GET, "/orders", None).await;
        let orders = list.body["orders"].as_array().expect("there are orders");
        assert!(!orders.is_empty());
        assert!(orders.iter().all(|order| order["buyer_name"].is_string()), "{list:?}");
    }
}
