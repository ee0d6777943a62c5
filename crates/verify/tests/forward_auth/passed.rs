use crate::support::{ada, signed};

use super::ask;

/// Beside what was judged nothing is passed on.
#[tokio::test]
async fn the_service_behind_gets_the_token_in_one_spelling() {
    let token = signed(ada());
    let cookie = format!("__Host-Http-at={token}");
    for spelt in [
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("bearer {token}")),
        ("authorization", format!("Bearer   {token}  ")),
        ("cookie", cookie),
    ] {
        let passed = ask("", &[(spelt.0, &spelt.1)]).await.expect("it passes");

        assert_eq!(passed.headers()["authorization"], format!("Bearer {token}"), "{spelt:?}");
    }
}

#[tokio::test]
async fn credentials_for_somebody_else_are_not_passed_on_beside_a_cookie() {
    let token = signed(ada());
    let cookie = format!("__Host-Http-at={token}");

    let passed = ask("", &[("cookie", &cookie), ("authorization", "Basic eDp5")]).await.expect("it passes");

    assert_eq!(passed.headers()["authorization"], format!("Bearer {token}"));
}
