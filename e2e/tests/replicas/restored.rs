use std::sync::Arc;

use handstamp_testbed::Postgres;
use handstamp_verify::Verifier;
use serde_json::json;

use super::cluster::Cluster;
use crate::revocation::house::{Answer, ask, until_answer};
use crate::support::Reply;

struct Tokens {
    access: String,
    refresh: serde_json::Value,
}

async fn sign_in(cluster: &Cluster) -> Tokens {
    let Some(Reply { status: 200, body }) = cluster.sign_in(&cluster.base()).await else {
        panic!("nothing is wrong just now: {}", cluster.log())
    };
    Tokens { access: text(&body["access_token"]), refresh: body["refresh_token"].clone() }
}

/// Signs out and waits until a service has heard of it.
async fn sign_out(cluster: &Cluster, service: &Verifier, tokens: &Tokens) {
    let scope = json!({ "scope": "session" });
    let reply = cluster.post(&cluster.base(), "/auth/sign-out", Some(&tokens.access), &scope).await;
    assert_eq!(reply.map(|reply| reply.status), Some(200));
    until_answer(service, &tokens.access, Answer::Revoked).await;
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// A backup, then a sign-out that it lacks, then the backup is put back. The replicas live through it, and know better than their database.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_begins_a_new_epoch_and_nobody_is_signed_out() {
    let cluster = Arc::new(Cluster::start().await);
    let service = cluster.service();
    let early = sign_in(&cluster).await;
    until_answer(&service, &early.access, Answer::Accepted).await;
    sign_out(&cluster, &service, &early).await;
    let (good, gone) = (sign_in(&cluster).await, sign_in(&cluster).await);
    cluster.at_stopped_postgres(Postgres::save).await;
    sign_out(&cluster, &service, &gone).await;
    // The lost part is longer than what comes next: numbers would be given out twice.
    for _ in 0..3 {
        let another = sign_in(&cluster).await;
        sign_out(&cluster, &service, &another).await;
    }

    cluster.at_stopped_postgres(Postgres::put_back).await;

    // Everybody refreshes once, and nobody is signed out who was not.
    until_answer(&service, &good.access, Answer::Stale).await;
    let reply = cluster.refresh(&good.refresh).await.expect("a reply");
    assert_eq!(reply.status, 200, "{reply:?}");
    let fresh = Tokens { access: text(&reply.body["access_token"]), refresh: good.refresh };
    until_answer(&service, &fresh.access, Answer::Accepted).await;
    // What the database has forgotten, the service still holds.
    assert_eq!(ask(&service, &gone.access), Answer::Revoked);
    assert_eq!(ask(&service, &early.access), Answer::Revoked);
    // And what happens from now on is heard, by one that was started afterwards as well.
    let another = cluster.service();
    until_answer(&another, &fresh.access, Answer::Accepted).await;
    sign_out(&cluster, &service, &fresh).await;
    until_answer(&another, &fresh.access, Answer::Revoked).await;
}
