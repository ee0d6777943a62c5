use std::fs;

use tempfile::TempDir;

use crate::support::{PASSWORD, Served, add_user};

use super::{MANY, audit};

/// What a user's token opens. The others want a client's secret, a password or a refresh token.
const OPERATIONS: [&str; 7] = [
    "GET /auth/whoami",
    "POST /auth/session",
    "GET /auth/sessions",
    "POST /auth/sessions/end-others",
    "PATCH /auth/sessions/{sid}",
    "GET /auth/check",
    "POST /auth/sign-out",
];

#[tokio::test]
async fn the_auth_service_refuses_everything() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("handstamp.toml"), "[revocation]\nsubscribers = \"clients\"\n")
        .expect("a file");
    add_user(folder.path(), "ann").ok();
    let served = Served::start(folder.path());
    let (_, port) = served.base.rsplit_once(':').expect("a port");
    let cookie = format!("cookie=__Host-Http-at-{port}");
    // The only session there is to rename is the attacker's own.
    let mut arguments = vec!["--login", "ann", "--touch-existing", "--carry", "bearer", "--carry", &cookie];
    arguments.extend(OPERATIONS.iter().flat_map(|operation| ["--operation", operation]));

    let audited = audit(folder.path(), &served.base, &served.base, &arguments, &[PASSWORD]);

    audited.assert_closed(&OPERATIONS);
    assert!(audited.refused("GET /auth/whoami", "bearer") > MANY);
    assert!(audited.refused("POST /auth/sign-out", "cookie") > MANY);
}
