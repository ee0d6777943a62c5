use std::{io::Read as _, time::Duration};

use flate2::read::GzDecoder;
use handstamp_core::{
    flows::{keys, organizations, revocation_log::begin_epoch, users},
    model::OrgId,
};
use handstamp_token::{Algorithm, UnixTime, UnverifiedToken, Validator, dangerous::decode_unverified};
use handstamp_verify::revocation::status_list::{Status, StatusList};
use http::Method;
use serde_json::Value;

use crate::support::{APP, AUTH, Kit, Reply};

const ON: (&str, &str) = ("status_lists.enabled", "true");
const TWO_BITS: (&str, &str) = ("status_lists.bits", "2");
const JWT: &str = "application/statuslist+jwt";

/// A person with a token, and where its status stands.
struct Ann {
    token: String,
    idx: u64,
    uri: String,
}

impl Ann {
    async fn signs_in(kit: &Kit) -> Self {
        let (token, _) = kit.tokens("ann").await;
        let claims = payload(&token);
        let place = &claims["status"]["status_list"];
        let uri = place["uri"].as_str().expect("the token names its list").to_owned();
        Self { token, idx: place["idx"].as_u64().unwrap(), uri }
    }

    fn path(&self) -> &str {
        self.uri.strip_prefix(AUTH).expect("the list is ours")
    }

    async fn list(&self, kit: &Kit) -> Reply {
        kit.get(self.path()).send().await
    }

    async fn status(&self, kit: &Kit) -> Status {
        let claims = verified(kit, &self.uri, &self.list(kit).await.expect(200));
        let list = &claims["status_list"];
        let list = StatusList::read(list["bits"].as_u64().unwrap(), list["lst"].as_str().unwrap()).unwrap();
        list.status(self.idx).unwrap()
    }

    async fn signs_out(&self, kit: &Kit) {
        let scope = serde_json::json!({"scope": "session"});
        kit.post("/auth/sign-out").bearer(&self.token).json(&scope).send().await.expect(200);
    }
}

fn payload(token: &str) -> Value {
    serde_json::from_str(&decode_unverified(token).unwrap().unverified_payload).unwrap()
}

/// Checks a list as §8.3 of the draft says, with the keys that everybody can fetch.
fn verified(kit: &Kit, uri: &str, reply: &Reply) -> Value {
    assert_eq!(reply.header("content-type"), JWT);
    let keys = kit.core().keyring.verifying_keys();
    let (text, now) = (reply.text(), UnixTime::from_secs(kit.rules.clock.now().as_second()));
    let token = UnverifiedToken::parse_document(&text).unwrap();
    let key = keys.find(token.unverified_kid().unwrap()).expect("the key is published");
    let validator = Validator::status_list(AUTH, uri, &[Algorithm::Es256]).unwrap();
    validator.verify_with_key::<Value>(token, key, now).unwrap().claims().clone()
}

/// A twentieth of the ttl: so often a list is made anew at most.
const PACE: Duration = Duration::from_secs(3);

/// In the place of the task that keeps lists ready.
async fn look(kit: &Kit) {
    kit.wait(PACE);
    kit.app.refresh_status_lists().await;
}

async fn kit_with_ann(settings: &[(&str, &str)]) -> (Kit, Ann) {
    let kit = Kit::with(settings).await;
    kit.user("ann").await;
    let ann = Ann::signs_in(&kit).await;
    (kit, ann)
}

#[tokio::test]
async fn a_list_says_who_it_is_from_when_it_was_made_and_how_long_it_holds() {
    let (kit, ann) = kit_with_ann(&[ON]).await;

    let claims = verified(&kit, &ann.uri, &ann.list(&kit).await.expect(200));

    let iat = kit.rules.clock.now().as_second();
    assert_eq!(claims["iss"], AUTH);
    assert_eq!(claims["sub"], ann.uri);
    assert_eq!(
        (&claims["iat"], &claims["exp"], &claims["ttl"]),
        (&iat.into(), &(iat + 180).into(), &60.into())
    );
    assert_eq!(claims["status_list"]["bits"], 1);
    assert_eq!(ann.status(&kit).await, Status::Valid);
}

#[tokio::test]
async fn a_session_that_ends_is_over_in_the_list_within_a_twentieth_of_its_ttl() {
    let (kit, ann) = kit_with_ann(&[ON]).await;
    let other = Ann::signs_in(&kit).await;
    assert_eq!(ann.status(&kit).await, Status::Valid);

    ann.signs_out(&kit).await;
    look(&kit).await;

    assert_eq!(ann.status(&kit).await, Status::Invalid);
    assert_eq!(other.status(&kit).await, Status::Valid);
}

#[tokio::test]
async fn a_list_that_nobody_keeps_ready_is_made_for_who_asks() {
    let (kit, ann) = kit_with_ann(&[ON]).await;
    assert_eq!(ann.status(&kit).await, Status::Valid);
    ann.signs_out(&kit).await;
    // The task is late: what it made is not believed for longer than two rounds.
    kit.wait(PACE * 2);

    assert_eq!(ann.status(&kit).await, Status::Invalid);
}

#[tokio::test]
async fn a_suspended_organization_is_suspended_in_a_list_of_two_bits_and_invalid_in_one_of_one() {
    for (settings, expected) in
        [(&[ON][..], Status::Invalid), (&[ON, TWO_BITS, ("status_lists.size", "2048")], Status::Suspended)]
    {
        let kit = Kit::with(settings).await;
        let user = kit.user("ann").await;
        let (acme, now): (OrgId, _) = ("acme".parse().unwrap(), kit.rules.clock.now());
        organizations::add(kit.core(), acme.clone(), None, None, now).await.unwrap();
        users::set_org(kit.core(), user.id, Some(acme.clone()), None, now).await.unwrap();
        let ann = Ann::signs_in(&kit).await;
        assert_eq!(ann.status(&kit).await, Status::Valid);

        organizations::suspend(kit.core(), &acme, None, now).await.unwrap();
        look(&kit).await;
        assert_eq!(ann.status(&kit).await, expected);

        // Resuming writes no event: the list is made anew when half its ttl is over.
        organizations::resume(kit.core(), &acme, None, now).await.unwrap();
        kit.wait(Duration::from_secs(30));
        kit.app.refresh_status_lists().await;
        assert_eq!(ann.status(&kit).await, Status::Valid);
    }
}

/// A database that went back has forgotten who signed out: tokens of before are refused until they are refreshed.
#[tokio::test]
async fn in_a_new_epoch_nothing_is_good_in_the_lists_of_before() {
    let (kit, ann) = kit_with_ann(&[ON]).await;
    let rev = payload(&ann.token)["rev"].as_str().unwrap().to_owned();
    let epoch = rev.split('.').next().unwrap().parse().unwrap();
    assert_eq!(ann.status(&kit).await, Status::Valid);

    begin_epoch(kit.core(), epoch, None, None, kit.rules.clock.now()).await.unwrap();
    look(&kit).await;

    assert_eq!(ann.status(&kit).await, Status::Invalid);
    let after = Ann::signs_in(&kit).await;
    assert_ne!(after.uri, ann.uri);
    assert_eq!(after.status(&kit).await, Status::Valid);
}

#[tokio::test]
async fn a_ready_list_costs_no_question_to_the_store() {
    let (kit, ann) = kit_with_ann(&[ON]).await;
    ann.list(&kit).await.expect(200);
    kit.store.asked();
    for _ in 0..100 {
        ann.list(&kit).await.expect(200);
    }
    assert_eq!(kit.store.asked(), 0);

    look(&kit).await;
    assert_eq!(kit.store.asked(), 0, "nothing happened: only the head of the log was asked for");
}

#[tokio::test]
async fn a_list_that_nobody_asks_for_is_not_kept_ready() {
    let (kit, ann) = kit_with_ann(&[ON]).await;
    ann.list(&kit).await.expect(200);
    kit.wait(Duration::from_mins(10));
    ann.signs_out(&kit).await;
    kit.store.asked();

    kit.app.refresh_status_lists().await;

    assert_eq!(kit.store.asked(), 0);
}

#[tokio::test]
async fn caches_may_keep_a_list_for_what_is_left_of_its_ttl_and_ask_whether_it_has_changed() {
    let (kit, ann) = kit_with_ann(&[ON]).await;
    let first = ann.list(&kit).await.expect(200);
    assert_eq!(first.header("cache-control"), "public, max-age=60");
    assert!(first.header("vary").contains("accept, accept-encoding"));
    let tag = first.header("etag").to_owned();

    look(&kit).await;
    for known in [tag.as_str(), &format!("W/{tag}"), &format!("\"other\", {tag}"), "*"] {
        let reply = kit.get(ann.path()).header("if-none-match", known).send().await.expect(304);
        assert_eq!(
            (reply.header("etag"), reply.header("cache-control")),
            (tag.as_str(), "public, max-age=57")
        );
        assert!(reply.text().is_empty());
    }
    kit.get(ann.path()).header("if-none-match", "\"other\"").send().await.expect(200);

    ann.signs_out(&kit).await;
    look(&kit).await;
    let changed = kit.get(ann.path()).header("if-none-match", tag.as_str()).send().await.expect(200);
    assert_ne!(changed.header("etag"), tag);
}

#[tokio::test]
async fn a_list_comes_under_gzip_to_those_who_take_it() {
    let (kit, ann) = kit_with_ann(&[ON]).await;
    let plain = ann.list(&kit).await.expect(200);
    let zipped = kit.get(ann.path()).header("accept-encoding", "br, gzip").send().await.expect(200);

    assert_eq!((plain.header("content-encoding"), zipped.header("content-encoding")), ("", "gzip"));
    assert_ne!(plain.header("etag"), zipped.header("etag"));
    let mut text = String::new();
    GzDecoder::new(&zipped.0.body()[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain.text());
}

#[tokio::test]
async fn who_takes_no_jwt_is_told_that_there_is_nothing_else() {
    let (kit, ann) = kit_with_ann(&[ON]).await;
    for accept in
        [JWT, "application/*", "*/*", "application/statuslist+cwt, application/statuslist+jwt;q=0.5"]
    {
        kit.get(ann.path()).header("accept", accept).send().await.expect(200);
    }
    for accept in ["application/statuslist+cwt", "application/json", "text/html"] {
        kit.get(ann.path()).header("accept", accept).send().await.refused(406, "not_acceptable");
    }
}

#[tokio::test]
async fn the_state_of_another_time_is_not_kept() {
    let (kit, ann) = kit_with_ann(&[ON]).await;

    let reply = kit.get(&format!("{}?time=1686925000", ann.path())).send().await;

    reply.refused(501, "not_implemented");
}

#[tokio::test]
async fn a_list_that_there_is_not_is_not_found() {
    let (kit, _) = kit_with_ann(&[ON]).await;
    for id in ["0000000000000000", "1", "00000000000000zz", "ABCDEF0123456789", "..%2f..%2fhealth%2flive"] {
        kit.get(&format!("/status-lists/{id}")).send().await.refused(404, "not_found");
    }
}

/// Everybody may read it, and it speaks to no cookie.
#[tokio::test]
async fn scripts_of_every_page_may_read_a_list_and_its_errors() {
    let (kit, ann) = kit_with_ann(&[ON]).await;
    let from = async |path: &str, origin| kit.get(path).header("origin", origin).send().await;

    for path in [ann.path(), "/status-lists/1", "/status-lists"] {
        let reply = from(path, "https://anywhere.example").await;
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(reply.header("access-control-allow-credentials"), "", "{path}");
    }
    assert_eq!(from(ann.path(), APP).await.header("access-control-allow-origin"), APP);
}

#[tokio::test]
async fn a_list_needs_no_credentials_and_a_head_request_costs_no_body() {
    let (kit, ann) = kit_with_ann(&[ON]).await;

    let head = kit.call(Method::HEAD, ann.path()).send().await.expect(200);

    assert_eq!(head.header("content-type"), JWT);
    assert!(head.text().is_empty());
}

#[tokio::test]
async fn while_the_store_is_away_a_list_goes_on_until_it_expires() {
    let (kit, ann) = kit_with_ann(&[ON]).await;
    let made = ann.list(&kit).await.expect(200).text();
    kit.store.set_away(true);

    for _ in 0..3 {
        kit.wait(Duration::from_secs(59));
        let reply = ann.list(&kit).await.expect(200);
        assert_eq!(reply.text(), made);
    }
    assert_eq!(ann.list(&kit).await.header("cache-control"), "public, max-age=0");
    kit.wait(PACE);
    let refused = ann.list(&kit).await.refused(503, "unavailable");
    assert_eq!(refused.header("retry-after"), "5");

    kit.store.set_away(false);
    assert_eq!(ann.status(&kit).await, Status::Valid);
}

#[tokio::test]
async fn a_list_of_which_nothing_is_known_is_unavailable_while_the_store_is_away() {
    let (kit, ann) = kit_with_ann(&[ON]).await;
    kit.store.set_away(true);

    ann.list(&kit).await.refused(503, "unavailable");
}

/// A thief of the key could have made it.
#[tokio::test]
async fn after_a_key_was_revoked_no_list_is_sent_that_it_signed() {
    let (kit, ann) = kit_with_ann(&[ON]).await;
    let kid = |reply: &Reply| {
        UnverifiedToken::parse_document(&reply.text()).unwrap().unverified_kid().unwrap().to_owned()
    };
    let leaked = kid(&ann.list(&kit).await.expect(200));

    keys::revoke(kit.core(), &leaked, None, kit.rules.clock.now()).await.unwrap();
    kit.app.keep_keys().await.unwrap();

    let reply = ann.list(&kit).await.expect(200);
    assert_ne!(kid(&reply), leaked);
    verified(&kit, &ann.uri, &reply);
}

#[tokio::test]
async fn without_lists_tokens_name_none() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    assert_eq!(payload(&token).get("status"), None);
}
