use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

use std::time::Duration;

use futures_util::future::join_all;
use handstamp_token::UnixTime;
use http::HeaderValue;

use super::{Kept, Key, Renewal};
use crate::clock::Clock;
use crate::revocation::ClientSecret;
use crate::token_source::{ClientCredentials, ServiceToken, SourceBuildError, TokenSource, TokenSourceError};

const LIFE: i64 = 600;

/// An auth service in the place of the real one, and the time.
#[derive(Default)]
struct Story {
    now: AtomicI64,
    fetched: AtomicU32,
    is_away: AtomicBool,
}

impl Clock for Story {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.now.load(Ordering::Relaxed))
    }
}

impl Story {
    fn wait(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    fn fetched(&self) -> u32 {
        self.fetched.load(Ordering::Relaxed)
    }

    async fn ask(&self, kept: &Kept, key: Key, renewal: Renewal) -> Result<ServiceToken, TokenSourceError> {
        let fetch = async {
            self.fetched.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            if self.is_away.load(Ordering::Relaxed) {
                return Err(TokenSourceError::Unavailable { problem: "away".to_owned() });
            }
            let expires_at = self.now().saturating_add(Duration::from_secs(LIFE.unsigned_abs()));
            Ok(ServiceToken { authorization: HeaderValue::from(self.fetched()), expires_at })
        };
        kept.token(key, renewal, self, fetch).await
    }
}

fn key(name: &str) -> Key {
    Key::of(&["own", name])
}

#[tokio::test]
async fn of_many_who_need_the_same_token_one_fetches_it() {
    let (story, kept) = (Story::default(), Kept::new(10));

    let all = join_all((0..50).map(|_| story.ask(&kept, key("a"), Renewal::Early))).await;

    assert_eq!(story.fetched(), 1);
    assert!(all.windows(2).all(|pair| pair[0] == pair[1] && pair[0].is_ok()));
    story.ask(&kept, key("b"), Renewal::Early).await.unwrap();
    assert_eq!(story.fetched(), 2, "another token is another fetch");
}

#[tokio::test]
async fn a_token_is_renewed_while_it_is_still_good() {
    let (story, kept) = (Story::default(), Kept::new(10));
    let first = story.ask(&kept, key("a"), Renewal::Early).await.unwrap();

    story.wait(LIFE * 70 / 100 - 1);
    assert_eq!(story.ask(&kept, key("a"), Renewal::Early).await.unwrap(), first);
    story.wait(LIFE * 15 / 100 + 2);
    let all = join_all((0..5).map(|_| story.ask(&kept, key("a"), Renewal::Early))).await;

    assert_eq!(story.fetched(), 2);
    assert_ne!(*all[0].as_ref().unwrap(), first);
    assert_eq!(*all[1].as_ref().unwrap(), first, "the others do not wait");
}

#[tokio::test]
async fn a_token_goes_on_while_it_cannot_be_renewed_and_not_longer() {
    let (story, kept) = (Story::default(), Kept::new(10));
    let first = story.ask(&kept, key("a"), Renewal::Early).await.unwrap();
    story.is_away.store(true, Ordering::Relaxed);

    story.wait(LIFE - 10);
    for _ in 0..20 {
        assert_eq!(story.ask(&kept, key("a"), Renewal::Early).await.unwrap(), first);
    }
    assert_eq!(story.fetched(), 2, "it is not tried again at once");
    story.wait(10);
    assert!(story.ask(&kept, key("a"), Renewal::Early).await.is_err());
}

#[tokio::test]
async fn a_token_on_behalf_is_fetched_again_when_it_is_over() {
    let (story, kept) = (Story::default(), Kept::new(10));
    let first = story.ask(&kept, key("a"), Renewal::AtTheEnd).await.unwrap();

    story.wait(LIFE - 1);
    assert_eq!(story.ask(&kept, key("a"), Renewal::AtTheEnd).await.unwrap(), first);
    story.wait(1);
    assert_ne!(story.ask(&kept, key("a"), Renewal::AtTheEnd).await.unwrap(), first);
}

#[tokio::test]
async fn a_token_from_before_the_clock_was_set_back_is_fetched_again() {
    let (story, kept) = (Story::default(), Kept::new(10));
    story.wait(10_000);
    let first = story.ask(&kept, key("a"), Renewal::Early).await.unwrap();

    story.wait(-3_600);
    let second = story.ask(&kept, key("a"), Renewal::Early).await.unwrap();

    assert_ne!(second, first);
    assert_eq!(second.expires_at(), story.now().saturating_add(Duration::from_secs(LIFE.unsigned_abs())));
}

#[tokio::test]
async fn a_life_of_any_length_can_be_told() {
    let life = Duration::from_secs(u64::MAX);
    let token = ServiceToken {
        authorization: HeaderValue::from_static("Bearer x"),
        expires_at: UnixTime::from_secs(1).saturating_add(life),
    };
    let (story, kept) = (Story::default(), Kept::new(10));

    let kept = kept.token(key("a"), Renewal::Early, &story, async { Ok(token.clone()) }).await;

    assert_eq!(kept.unwrap(), token);
}

#[tokio::test]
async fn whoever_waited_for_a_fetch_that_failed_hears_the_same_and_the_next_one_tries_again() {
    let (story, kept) = (Story::default(), Kept::new(10));
    story.is_away.store(true, Ordering::Relaxed);

    let all = join_all((0..20).map(|_| story.ask(&kept, key("a"), Renewal::Early))).await;
    assert_eq!((story.fetched(), all.iter().filter(|answer| answer.is_err()).count()), (1, 20));

    story.is_away.store(false, Ordering::Relaxed);
    story.ask(&kept, key("a"), Renewal::Early).await.unwrap();
}

#[tokio::test]
async fn no_more_tokens_are_kept_than_allowed_and_the_first_to_end_go_first() {
    let (story, kept) = (Story::default(), Kept::new(16));
    for name in 0..16 {
        story.ask(&kept, key(&name.to_string()), Renewal::Early).await.unwrap();
        story.wait(1);
    }
    story.ask(&kept, key("one more"), Renewal::Early).await.unwrap();
    let fetched = story.fetched();

    story.ask(&kept, key("15"), Renewal::Early).await.unwrap();
    assert_eq!(story.fetched(), fetched, "the youngest is still there");
    story.ask(&kept, key("0"), Renewal::Early).await.unwrap();
    assert_eq!(story.fetched(), fetched + 1, "the oldest went");
    assert!(kept.slots.lock().unwrap().len() <= 16);
    assert_eq!(story.now(), UnixTime::from_secs(16));
}

#[tokio::test]
async fn a_refused_token_is_forgotten_and_what_took_its_place_is_not() {
    let (story, kept) = (Story::default(), Kept::new(10));
    let first = story.ask(&kept, key("a"), Renewal::Early).await.unwrap();

    kept.forget(key("a"), &first);
    let second = story.ask(&kept, key("a"), Renewal::Early).await.unwrap();
    assert_eq!(story.fetched(), 2);

    // Somebody else was refused with the first one, and says so late.
    kept.forget(key("a"), &first);
    kept.forget(key("b"), &second);
    assert_eq!(story.ask(&kept, key("a"), Renewal::Early).await.unwrap(), second);
    assert_eq!(story.fetched(), 2);
}

#[tokio::test]
async fn a_renewal_that_fails_does_not_bring_a_refused_token_back() {
    let (story, kept) = (Story::default(), Kept::new(10));
    let first = story.ask(&kept, key("a"), Renewal::Early).await.unwrap();
    story.wait(LIFE - 10);

    let refused_meanwhile = async {
        kept.forget(key("a"), &first);
        Err(TokenSourceError::Unavailable { problem: "away".to_owned() })
    };
    kept.token(key("a"), Renewal::Early, &story, refused_meanwhile).await.unwrap();

    assert_ne!(story.ask(&kept, key("a"), Renewal::Early).await.unwrap(), first);
}

/// Handlers of every framework on tokio ask for that.
#[tokio::test]
async fn asking_can_move_between_threads() {
    let source = TokenSource::builder("http://localhost:1", credentials()).build().unwrap();
    tokio::spawn(async move { drop(source.on_behalf_of("a token", "profiles").await) }).await.unwrap();
}

#[test]
fn nothing_secret_is_printed() {
    let mut authorization = HeaderValue::from_static("Bearer hunter2");
    authorization.set_sensitive(true);
    let token = ServiceToken { authorization, expires_at: UnixTime::from_secs(1) };
    let source = TokenSource::builder("https://auth.example", credentials()).build().unwrap();

    assert!(!format!("{token:?} {source:?} {:?}", credentials()).contains("hunter2"));
}

#[test]
fn a_secret_is_not_sent_over_plain_http_to_another_machine() {
    let refused = |issuer: &str| TokenSource::builder(issuer, credentials()).build().map(drop);

    for far in ["http://auth.example", "ftp://localhost", "auth.example"] {
        assert!(matches!(refused(far), Err(SourceBuildError::Address { .. })), "{far}");
    }
    assert!(
        TokenSource::builder("http://auth.example", credentials()).dangerous_plain_http().build().is_ok()
    );
}

fn credentials() -> ClientCredentials {
    ClientCredentials::secret("orders", ClientSecret::new("hunter2"))
}

#[test]
fn parts_of_a_key_do_not_run_together() {
    assert!(Key::of(&["a", "bc"]) != Key::of(&["ab", "c"]));
    assert!(Key::of(&["own", "a", ""]) != Key::of(&["own", "a"]));
}
