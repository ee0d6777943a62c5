use crate::support::Demo;

use super::{MANY, audit};

#[tokio::test]
async fn the_orders_service_refuses_everything() {
    let demo = Demo::start();
    let passwords = ["ada", "dora"].map(|name| demo.person(name)["password"].as_str().expect("a password"));
    let arguments = ["--login", "ada", "--other-login", "dora"];

    let audited = audit(demo.folder.path(), &demo.orders(""), &demo.auth(""), &arguments, &passwords);

    let operations = [
        "GET /orders",
        "POST /orders",
        "GET /orders/events",
        "GET /orders/{id}",
        "GET /orders/{id}/attachment",
        "DELETE /orders/{id}",
    ];
    audited.assert_closed(&operations);
    for operation in operations {
        assert!(audited.refused(operation, "bearer") > MANY, "{operation}");
        assert!(audited.refused(operation, "cookie") > MANY, "{operation}");
    }
}

#[tokio::test]
async fn the_profiles_service_refuses_everything() {
    let demo = Demo::start();
    let passwords = ["ada", "dora"].map(|name| demo.person(name)["password"].as_str().expect("a password"));
    let arguments = ["--login", "ada", "--other-login", "dora"];
    let profiles = demo.told["services"]["profiles"].as_str().expect("a URL");

    let audited = audit(demo.folder.path(), profiles, &demo.auth(""), &arguments, &passwords);

    audited.assert_closed(&["GET /profiles", "GET /profiles/{sub}"]);
}
