//! The source of profiles against an auth service that does what a test wants, and a revocation log in the test's hand.

mod service;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_verify::profiles::{Profile, ProfileError, ProfileSource, SourceBuildError};
use handstamp_verify::revocation::{ClientSecret, Revocations};
use handstamp_verify::token_source::{ClientCredentials, TokenSource, TokenSourceError};
use handstamp_verify::{CacheLimits, OrgScope};
use serde_json::json;

use crate::support::log::Log;
use crate::support::{ada, signed, verifier};
use service::{AuthService, KEEP};

/// A service that follows a log and reads profiles.
struct Story {
    auth: AuthService,
    log: Log,
    profiles: ProfileSource,
}

impl Story {
    async fn new() -> Self {
        let (auth, log) = (AuthService::start().await, Log::new());
        let profiles = source(&auth, &log, &log.revocations);
        Self { auth, log, profiles }
    }

    async fn ada(&self) -> Result<Option<Profile>, ProfileError> {
        self.profiles.find("ada").await
    }

    /// The name that Ada goes by, as the service knows it.
    async fn name(&self) -> String {
        let ada = self.ada().await.expect("it can be had").expect("ada is there");
        ada.member("name").and_then(|name| name.as_str()).expect("she has a name").to_owned()
    }

    /// Changes Ada's name at the auth service, which tells of it in the log.
    fn rename(&mut self, name: &str) {
        self.rename_quietly(name);
        self.log.revoke(RevocationLevel::Token, "profile:ada", RevocationKind::Stale);
    }

    fn rename_quietly(&self, name: &str) {
        self.auth.set("ada", Some(json!({ "name": name })), self.log.head() + 1);
    }
}

fn source(auth: &AuthService, log: &Log, revocations: &Revocations) -> ProfileSource {
    let builder = ProfileSource::builder(&auth.issuer, tokens(auth), revocations);
    builder.clock(Arc::clone(&log.clock) as _).build().unwrap()
}

fn tokens(auth: &AuthService) -> TokenSource {
    let credentials = ClientCredentials::secret("orders", ClientSecret::new("hcs_s"));
    TokenSource::builder(&auth.issuer, credentials).build().unwrap()
}

#[tokio::test]
async fn a_profile_is_asked_for_once_by_a_token_for_profiles_alone() {
    let story = Story::new().await;

    let ada = story.ada().await.unwrap().unwrap();
    story.ada().await.unwrap();

    assert_eq!((ada.sub(), ada.username(), ada.email()), ("ada", "ada", Some("ada@example.org")));
    assert_eq!((ada.org_id(), ada.org_name()), (Some("acme"), Some("Acme Ltd")));
    assert!(ada.is_active() && !ada.is_stale());
    assert_eq!(ada.roles(), ["buyer"]);
    assert_eq!(ada.members_as::<serde_json::Value>().unwrap(), json!({ "name": "Ada" }));
    assert_eq!(story.auth.asked(), 1);
    let form = story.auth.token_forms().remove(0);
    assert_eq!(form["audience"], format!("{}/profiles", story.auth.issuer));
    assert_eq!(form["scope"], "profiles.read");
}

#[tokio::test]
async fn many_who_need_the_same_one_at_the_same_time_ask_once() {
    let story = Story::new().await;

    let all = join_all((0..50).map(|_| story.ada())).await;

    assert!(all.into_iter().all(|found| found.unwrap().is_some()));
    assert_eq!(story.auth.asked(), 1);
}

#[tokio::test]
async fn whoever_gives_up_while_asking_leaves_the_turn_to_the_next() {
    let story = Story::new().await;
    story.auth.hold();
    let impatient = tokio::time::timeout(Duration::from_millis(50), story.ada()).await;
    assert!(impatient.is_err());

    story.auth.let_go();

    assert!(story.ada().await.unwrap().is_some());
}

#[tokio::test]
async fn a_change_that_the_feed_tells_of_is_seen_at_the_next_look() {
    let mut story = Story::new().await;
    assert_eq!(story.name().await, "Ada");

    story.rename("Ada Okafor");

    assert_eq!(story.name().await, "Ada Okafor");
    assert_eq!(story.name().await, "Ada Okafor");
    assert_eq!(story.auth.asked(), 2);
}

#[tokio::test]
async fn what_happens_to_the_user_or_their_organisation_is_asked_for_and_what_happens_to_others_is_not() {
    for (level, value, asks) in [
        (RevocationLevel::Subject, "ada", true),
        (RevocationLevel::Organization, "acme", true),
        (RevocationLevel::All, "", true),
        (RevocationLevel::Subject, "bob", false),
        (RevocationLevel::Token, "profile:bob", false),
        (RevocationLevel::Session, "ada", false),
    ] {
        let mut story = Story::new().await;
        story.ada().await.unwrap();

        story.log.revoke(level, value, RevocationKind::Dead);
        story.auth.moved_on(story.log.head());
        story.ada().await.unwrap();
        story.ada().await.unwrap();

        assert_eq!(story.auth.asked(), if asks { 2 } else { 1 }, "{level:?} {value}");
    }
}

/// A session ends, and the profile is the same: the answer has no body, and moves what is known on to the newer position.
#[tokio::test]
async fn rfc9110_what_has_not_changed_is_confirmed_without_a_body() {
    let mut story = Story::new().await;
    story.ada().await.unwrap();
    story.log.revoke(RevocationLevel::Subject, "ada", RevocationKind::Dead);
    story.auth.moved_on(story.log.head());

    for _ in 0..3 {
        assert_eq!(story.name().await, "Ada");
    }

    assert_eq!((story.auth.asked(), story.auth.unchanged()), (2, 1));
}

/// The news arrives first, the answer from before it second: what it says is given to who asked before, and to nobody after.
#[tokio::test]
async fn an_answer_from_before_a_change_is_not_kept_beyond_the_news_of_it() {
    let mut story = Story::new().await;
    story.auth.hold();
    let profiles = story.profiles.clone();
    let early = tokio::spawn(async move { profiles.find("ada").await });
    story.auth.until_asked(1).await;

    story.rename("Ada Okafor");
    story.auth.let_go();
    early.await.unwrap().unwrap();

    assert_eq!(story.name().await, "Ada Okafor");
}

#[tokio::test]
async fn before_it_is_too_old_for_the_feed_to_vouch_for_it_is_asked_for_again_and_nobody_waits() {
    let mut story = Story::new().await;
    story.ada().await.unwrap();
    story.rename_quietly("Ada Okafor");

    story.pass(KEEP * 69 / 100).await;
    assert_eq!(story.name().await, "Ada");
    assert_eq!(story.auth.asked(), 1);

    story.pass(KEEP * 17 / 100).await;
    story.auth.hold();
    assert_eq!(story.name().await, "Ada", "nobody waits for it");
    story.auth.let_go();
    story.auth.until_asked(2).await;
    story.until_name("Ada Okafor").await;
    assert_eq!(story.auth.asked(), 2, "one asks for all");
}

#[tokio::test]
async fn what_is_too_old_is_asked_for_however_quiet_the_feed_is() {
    for (max_age, at_most) in [(Duration::MAX, KEEP), (Duration::from_mins(1), Duration::from_mins(1))] {
        let mut story = Story::new().await;
        let builder = ProfileSource::builder(&story.auth.issuer, tokens(&story.auth), &story.log.revocations);
        story.profiles = builder.clock(Arc::clone(&story.log.clock) as _).max_age(max_age).build().unwrap();
        story.ada().await.unwrap();
        story.rename_quietly("Ada Okafor");

        story.pass(at_most).await;

        assert_eq!(story.name().await, "Ada Okafor", "{at_most:?}");
    }
}

#[tokio::test]
async fn while_the_feed_is_silent_what_is_not_fresh_is_asked_for() {
    let mut story = Story::new().await;
    story.ada().await.unwrap();
    story.rename_quietly("Ada Okafor");

    story.log.pass(Duration::from_secs(29));
    assert_eq!(story.name().await, "Ada");
    story.log.pass(Duration::from_secs(12));

    assert_eq!(story.name().await, "Ada Okafor");
}

/// How old an answer is, our own clock tells: it was asked for by that one, and not by the issuer's.
#[tokio::test]
async fn while_the_feed_is_silent_clocks_that_differ_make_nothing_older_or_younger() {
    for issuer_ahead in [-300, 300] {
        let mut story = Story::new().await;
        story.log.issuer_ahead = issuer_ahead;
        story.pass(Duration::from_secs(1)).await;
        story.log.pass(Duration::from_secs(29));
        story.ada().await.unwrap();

        story.log.pass(Duration::from_secs(2));
        story.ada().await.unwrap();
        assert_eq!(story.auth.asked(), 1, "{issuer_ahead}");

        story.log.pass(Duration::from_secs(28));
        story.ada().await.unwrap();
        assert_eq!(story.auth.asked(), 2, "{issuer_ahead}");
    }
}

#[tokio::test]
async fn before_the_feed_is_there_what_is_not_fresh_is_asked_for() {
    let mut story = Story::new().await;
    story.log = Log::silent();
    story.profiles = source(&story.auth, &story.log, &story.log.revocations);
    assert_eq!(story.name().await, "Ada");
    story.rename_quietly("Ada Okafor");
    assert_eq!(story.name().await, "Ada");

    story.log.clock.advance(30);

    assert_eq!(story.name().await, "Ada Okafor");
}

#[tokio::test]
async fn without_a_feed_what_is_not_fresh_is_asked_for() {
    let mut story = Story::new().await;
    story.profiles = source(&story.auth, &story.log, &Revocations::insecure_off());
    story.ada().await.unwrap();
    story.rename("Ada Okafor");
    assert_eq!(story.name().await, "Ada", "nobody tells of it");

    story.log.pass(Duration::from_secs(30));

    assert_eq!(story.name().await, "Ada Okafor");
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_nothing_younger() {
    let story = Story::new().await;
    story.ada().await.unwrap();
    story.rename_quietly("Ada Okafor");

    story.log.clock.advance(-60);

    assert_eq!(story.name().await, "Ada Okafor");
}

#[tokio::test]
async fn while_the_auth_service_is_away_what_was_known_goes_on_for_a_while_and_says_so() {
    for status in [429, 500, 502, 503] {
        let mut story = Story::new().await;
        story.ada().await.unwrap();
        story.auth.answer_with(status, "unavailable");

        story.pass(KEEP + Duration::from_mins(9)).await;
        let known = story.ada().await.unwrap().unwrap();
        assert!(known.is_stale(), "{status}");

        story.pass(Duration::from_mins(1)).await;
        let refused = story.ada().await;
        assert!(matches!(refused, Err(ProfileError::Unavailable { .. })), "{status}: {refused:?}");

        story.auth.answer_well();
        story.pass(Duration::from_secs(3)).await;
        assert!(!story.ada().await.unwrap().unwrap().is_stale(), "{status}");
    }
}

#[tokio::test]
async fn who_is_not_known_cannot_be_had_while_the_auth_service_is_away() {
    let story = Story::new().await;
    story.auth.answer_with(503, "unavailable");

    assert!(matches!(story.ada().await, Err(ProfileError::Unavailable { .. })));
    let nobody = TokenSource::builder(
        "http://127.0.0.1:1",
        ClientCredentials::secret("orders", ClientSecret::new("hcs_s")),
    );
    let profiles =
        ProfileSource::builder("http://127.0.0.1:1", nobody.build().unwrap(), &story.log.revocations);
    let refused = profiles.build().unwrap().find("ada").await;
    assert!(matches!(refused, Err(ProfileError::Token(TokenSourceError::Unavailable { .. }))), "{refused:?}");
}

#[tokio::test]
async fn an_auth_service_that_is_away_is_left_in_peace_for_a_moment() {
    let mut story = Story::new().await;
    story.ada().await.unwrap();
    story.auth.answer_with(503, "unavailable");
    story.pass(KEEP).await;
    let before = story.auth.asked();

    join_all((0..20).map(|_| story.ada())).await;
    join_all((0..20).map(|number| story.profiles.find(if number % 2 == 0 { "ada" } else { "bob" }))).await;
    assert_eq!(story.auth.asked(), before + 1);

    story.pass(Duration::from_secs(2)).await;
    story.ada().await.unwrap();
    assert_eq!(story.auth.asked(), before + 2);
}

#[tokio::test]
async fn an_auth_service_is_not_left_in_peace_for_an_hour_when_the_clock_is_set_back_by_one() {
    let story = Story::new().await;
    story.auth.answer_with(503, "unavailable");
    story.ada().await.unwrap_err();

    story.auth.answer_well();
    story.log.clock.advance(-3_600);

    assert!(story.ada().await.unwrap().is_some());
}

/// A client that lost its scope must not go on with what it read when it had it.
#[tokio::test]
async fn a_refusal_is_no_outage() {
    let mut story = Story::new().await;
    story.ada().await.unwrap();
    story.auth.answer_with(403, "scope_required");
    story.pass(KEEP).await;

    let refused = story.ada().await;

    assert_eq!(refused.unwrap_err(), ProfileError::Refused { code: "scope_required".to_owned() });
}

/// It is asked for beside a request, in good time: nobody waits for the refusal, and nobody is shown anything after it.
#[tokio::test]
async fn a_refusal_in_good_time_ends_what_was_known_at_once() {
    let mut story = Story::new().await;
    story.ada().await.unwrap();
    story.auth.answer_with(403, "scope_required");
    let kept = story.profiles.held().bytes;
    story.pass(KEEP * 86 / 100).await;

    story.until_refused().await;

    assert!(story.profiles.held().bytes < kept, "it is not even held");
    story.auth.answer_well();
    story.pass(Duration::from_secs(2)).await;
    assert_eq!(story.name().await, "Ada");
}

#[tokio::test]
async fn a_refusal_is_not_asked_for_at_each_look() {
    let mut story = Story::new().await;
    story.auth.answer_with(403, "scope_required");

    for _ in 0..10 {
        assert!(matches!(story.ada().await, Err(ProfileError::Refused { .. })));
    }
    assert_eq!(story.auth.asked(), 1);
    assert!(story.profiles.find("bob").await.is_err());
    assert_eq!(story.auth.asked(), 2, "it may have been about ada alone");

    story.auth.answer_well();
    story.pass(Duration::from_secs(2)).await;
    assert!(story.ada().await.unwrap().is_some());
}

/// A signing key was revoked, or the log rebuilt: the service's own token is not good any more, and nobody is to blame.
#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once() {
    for code in ["token_stale", "token_revoked", "token_invalid", "token_expired"] {
        let story = Story::new().await;
        story.auth.refuse_first_token(code);

        assert!(story.ada().await.unwrap().is_some(), "{code}");
        assert_eq!(story.auth.token_forms().len(), 2, "{code}");
    }
    let story = Story::new().await;
    story.auth.answer_with(401, "token_revoked");
    assert_eq!(story.ada().await.unwrap_err(), ProfileError::Refused { code: "token_revoked".to_owned() });
    assert_eq!(story.auth.token_forms().len(), 2);
}

#[tokio::test]
async fn nobody_is_remembered_for_a_moment_only() {
    let mut story = Story::new().await;
    for _ in 0..3 {
        assert!(story.profiles.find("carl").await.unwrap().is_none());
    }
    assert_eq!(story.auth.asked(), 1);

    story.auth.set("carl", Some(json!({})), 0);
    story.pass(Duration::from_secs(10)).await;

    assert!(story.profiles.find("carl").await.unwrap().is_some());
}

#[tokio::test]
async fn what_cannot_be_a_user_is_not_asked_for() {
    let story = Story::new().await;

    for sub in ["", &"x".repeat(256), ".\t.", "ad\na", "ada ", "ädä"] {
        assert!(story.profiles.find(sub).await.unwrap().is_none());
    }
    assert_eq!(story.auth.asked(), 0);
}

/// What somebody passes on from a request's path must not lead anywhere else.
#[tokio::test]
async fn a_sub_stays_one_segment_of_the_path() {
    let story = Story::new().await;

    for sub in ["../oauth2/token", "a/b", "a?b#c", "%2e%2e", "..", ".", ".\t.", "ä \r\n"] {
        assert!(story.profiles.find(sub).await.is_ok_and(|found| found.is_none()), "{sub}");
    }
    assert_eq!(story.auth.elsewhere(), 0);
}

#[tokio::test]
async fn of_another_organisation_nobody_is_there() {
    let story = Story::new().await;
    story.auth.set_in("globex", "dora");
    let acme: OrgScope = verifier().try_verify(&signed(ada())).unwrap().org_scope().unwrap();

    assert!(story.profiles.find_in(&acme, "ada").await.unwrap().is_some());
    assert!(story.profiles.find_in(&acme, "dora").await.unwrap().is_none());
    assert!(story.profiles.find("dora").await.unwrap().is_some());
}

#[tokio::test]
async fn an_answer_that_is_none_is_refused() {
    for (what, spoil) in service::SPOILT {
        let story = Story::new().await;
        story.auth.spoil(*spoil);

        let refused = story.ada().await;

        assert!(matches!(refused, Err(ProfileError::Answer { .. })), "{what}: {refused:?}");
        assert!(!format!("{refused:?}").contains("Ada"), "{what}: {refused:?}");
    }
}

#[tokio::test]
async fn no_more_is_kept_than_allowed() {
    let mut story = Story::new().await;
    let limits = CacheLimits { entries: 8, bytes: 64 * 1024 };
    let builder = ProfileSource::builder(&story.auth.issuer, tokens(&story.auth), &story.log.revocations);
    story.profiles = builder.clock(Arc::clone(&story.log.clock) as _).limits(limits).build().unwrap();

    for number in 0..40 {
        let sub = format!("user-{number}");
        story.auth.set(&sub, Some(json!({ "text": "x".repeat(number * 400) })), 0);
        story.profiles.find(&sub).await.unwrap().unwrap();
        let held = story.profiles.held();
        assert!(held.entries <= 8 && held.bytes <= 64 * 1024, "{held:?}");
    }
}

#[tokio::test]
async fn nothing_personal_is_printed() {
    let story = Story::new().await;
    let ada = story.ada().await.unwrap().unwrap();

    let printed = format!("{ada:?} {:?}", story.profiles);

    for personal in ["Ada", "ada@example.org", "acme", "hcs_s", "Bearer"] {
        assert!(!printed.contains(personal), "{personal}: {printed}");
    }
}

#[test]
fn profiles_are_not_read_over_plain_http_from_another_machine() {
    let build = |issuer: &str| {
        let credentials = ClientCredentials::secret("orders", ClientSecret::new("hcs_s"));
        let tokens = TokenSource::builder("https://auth.example", credentials).build().unwrap();
        ProfileSource::builder(issuer, tokens, &Revocations::insecure_off())
    };

    for far in ["http://auth.example", "ftp://localhost", "auth.example"] {
        assert!(matches!(build(far).build().map(drop), Err(SourceBuildError::Address { .. })), "{far}");
    }
    assert!(build("http://auth.example").dangerous_plain_http().build().is_ok());
    assert!(build("https://auth.example").build().is_ok());
}

impl Story {
    /// Time passes, and the feed goes on.
    async fn pass(&mut self, time: Duration) {
        self.log.pass(time);
        self.log.beat();
        tokio::task::yield_now().await;
    }

    /// Waits until what is asked for beside a request was refused.
    async fn until_refused(&self) {
        for _ in 0..500 {
            match self.ada().await {
                Err(ProfileError::Refused { .. }) => return,
                found => assert!(found.is_ok(), "{found:?}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("ada is never refused");
    }

    /// Waits until what is asked for beside a request has come.
    async fn until_name(&self, name: &str) {
        for _ in 0..500 {
            if self.name().await == name {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("ada is never called {name}");
    }
}
