use http::Method;

use crate::support::Kit;

#[tokio::test]
async fn nothing_here_is_a_problem_too() {
    let kit = Kit::new().await;

    for path in
        ["/", "/auth", "/auth/", "/auth/whoami/", "/admin", "/.env", "/auth/%2e%2e/metrics", "//auth/whoami"]
    {
        kit.get(path).send().await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn another_method_is_405_with_those_that_are_allowed() {
    let kit = Kit::new().await;

    let reply = kit.get("/auth/refresh").send().await.refused(405, "method_not_allowed");
    assert_eq!(reply.header("allow"), "POST");
    kit.call(Method::PUT, "/auth/whoami").send().await.refused(405, "method_not_allowed");
    kit.call(Method::TRACE, "/auth/whoami").send().await.refused(405, "method_not_allowed");
}
