//! Revocations where services meet them: through a verifier, remembered tokens and routes included.

use std::time::Duration;

use handstamp_api_types::ErrorCode;
use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_verify::access::Access;
use handstamp_verify::revocation::{Ended, SilencePolicy};
use handstamp_verify::{AuthError, Verifier, VerifyLayer, access};
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::house::House;
use crate::support::{ISSUER, KEY, ada, bob, signed};

#[test]
fn a_remembered_token_dies_with_the_first_event_that_hits_it() {
    for (level, value) in [
        (RevocationLevel::Session, "s1"),
        (RevocationLevel::Subject, "ada"),
        (RevocationLevel::Organization, "acme"),
        (RevocationLevel::Client, "web"),
        (RevocationLevel::Key, KEY.key_id().as_str()),
        (RevocationLevel::All, ""),
    ] {
        let mut house = House::new(SilencePolicy::refuse());
        let token = signed(ada());
        assert_eq!(house.code(&token), Ok(()));

        house.revoke(level, value, RevocationKind::Dead);

        assert_eq!(house.code(&token), Err(ErrorCode::TokenRevoked), "{level:?}");
        assert_eq!(house.code(&token), Err(ErrorCode::TokenRevoked), "and stays so: {level:?}");
    }
}

#[test]
fn one_token_can_be_taken_back_by_its_own_id() {
    let mut house = House::new(SilencePolicy::refuse());
    let (taken, kept) = (signed(ada()), signed(ada()));
    let jti = house.verifier.try_verify(&taken).unwrap().jti().to_owned();

    house.revoke(RevocationLevel::Token, &jti, RevocationKind::Dead);

    assert_eq!(house.code(&taken), Err(ErrorCode::TokenRevoked));
    assert_eq!(house.code(&kept), Ok(()));
}

#[test]
fn an_event_about_others_changes_nothing() {
    let mut house = House::new(SilencePolicy::refuse());
    let token = signed(bob());
    assert_eq!(house.code(&token), Ok(()));

    house.revoke(RevocationLevel::Subject, "ada", RevocationKind::Dead);
    house.revoke(RevocationLevel::Organization, "acme", RevocationKind::Stale);

    assert_eq!(house.code(&token), Ok(()));
}

#[test]
fn a_token_from_after_the_event_is_good_and_so_is_a_sign_in_within_the_same_second() {
    let mut house = House::new(SilencePolicy::refuse());
    let before = signed(ada());

    house.revoke(RevocationLevel::Subject, "ada", RevocationKind::Stale);
    let after = signed(support_at_rev("1.1"));

    assert_eq!(house.code(&before), Err(ErrorCode::TokenStale));
    assert_eq!(house.code(&after), Ok(()));
}

fn support_at_rev(rev: &str) -> handstamp_token::TokenBuilder {
    handstamp_token::TokenBuilder::access_token(ISSUER, "orders")
        .subject("ada")
        .lifetime(Duration::from_mins(10))
        .claim("rev", rev)
}

#[test]
fn a_token_without_a_position_counts_as_oldest() {
    let mut house = House::new(SilencePolicy::refuse());
    let token =
        signed(handstamp_token::TokenBuilder::access_token(ISSUER, "orders").subject("ada").lifetime("10m"));
    assert_eq!(house.code(&token), Ok(()));

    house.revoke(RevocationLevel::Subject, "ada", RevocationKind::Dead);

    assert_eq!(house.code(&token), Err(ErrorCode::TokenRevoked));
}

#[test]
fn before_the_first_snapshot_only_serve_stale_accepts() {
    let token = signed(ada());

    for (policy, expected) in [
        (SilencePolicy::refuse(), Err(ErrorCode::Unavailable)),
        (SilencePolicy::young_only(), Err(ErrorCode::Unavailable)),
        (SilencePolicy::serve_stale(), Ok(())),
    ] {
        assert_eq!(House::silent(policy).code(&token), expected, "{policy:?}");
    }
}

#[test]
fn past_the_bound_each_policy_does_what_it_says() {
    for (policy, expected) in [
        (SilencePolicy::refuse(), Err(ErrorCode::Unavailable)),
        (SilencePolicy::young_only(), Err(ErrorCode::TokenStale)),
        (SilencePolicy::serve_stale(), Ok(())),
    ] {
        let mut house = House::new(policy);
        let token = signed(ada());
        assert_eq!(house.code(&token), Ok(()));

        house.pass(Duration::from_secs(40));

        assert_eq!(house.code(&token), expected, "{policy:?}");
        house.log.beat();
        assert_eq!(house.code(&token), Ok(()), "news again: {policy:?}");
    }
}

/// Sends a good token to a route of this verifier.
async fn status_of(verifier: &Verifier, access: Access) -> u16 {
    let ok = service_fn(|_: Request<()>| async {
        Ok::<_, std::convert::Infallible>(Response::new(Full::<bytes::Bytes>::default()))
    });
    let bearer = format!("Bearer {}", signed(ada()));
    let request = Request::builder().uri("/").header("authorization", bearer).body(()).unwrap();
    let route = VerifyLayer::guarding(verifier.clone(), access).layer(ok);
    route.oneshot(request).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn each_route_may_choose_another_policy_than_its_verifier() {
    let others = [SilencePolicy::refuse(), SilencePolicy::young_only(), SilencePolicy::serve_stale()];
    for own in others {
        let mut house = House::new(own);
        let fresh = house.verifier.clone();
        for chosen in others {
            assert_eq!(status_of(&fresh, access::signed_in().when_silent(chosen)).await, 200, "{chosen:?}");
        }

        house.pass(Duration::from_secs(40));

        for (chosen, expected) in others.into_iter().zip([503, 401, 200]) {
            let route = access::signed_in().when_silent(chosen);
            assert_eq!(status_of(&house.verifier, route).await, expected, "{chosen:?} on {own:?}");
        }
        // A bound of its own is a policy of its own.
        let patient = SilencePolicy::Refuse { max_stale: Duration::from_mins(1) };
        assert_eq!(status_of(&house.verifier, access::signed_in().when_silent(patient)).await, 200);
    }
}

#[tokio::test]
async fn before_the_first_snapshot_no_route_accepts_but_one_that_says_so() {
    let house = House::silent(SilencePolicy::serve_stale());

    for (chosen, expected) in [
        (SilencePolicy::refuse(), 503),
        (SilencePolicy::young_only(), 503),
        (SilencePolicy::serve_stale(), 200),
    ] {
        let route = access::signed_in().when_silent(chosen);
        assert_eq!(status_of(&house.verifier, route).await, expected, "{chosen:?}");
    }
}

#[test]
fn a_service_is_ready_while_its_news_is_as_fresh_as_its_policy_asks() {
    for (policy, at_the_start, after_40_seconds) in [
        (SilencePolicy::refuse(), false, false),
        (SilencePolicy::young_only(), false, false),
        (SilencePolicy::serve_stale(), true, true),
        (SilencePolicy::Refuse { max_stale: Duration::from_mins(1) }, false, true),
    ] {
        assert_eq!(House::silent(policy).verifier.is_ready(), at_the_start, "{policy:?}");
        let mut house = House::new(policy);
        assert!(house.verifier.is_ready());

        house.pass(Duration::from_secs(40));

        assert_eq!(house.verifier.is_ready(), after_40_seconds, "{policy:?}");
    }
}

#[test]
fn an_organisation_wide_change_spreads_its_refreshes() {
    let mut house = House::new(SilencePolicy::refuse());
    let tokens: Vec<_> = (0..64)
        .map(|n| {
            signed(
                handstamp_token::TokenBuilder::access_token(ISSUER, "orders")
                    .subject(format!("user-{n}"))
                    .lifetime(Duration::from_mins(10))
                    .claim("org_id", "acme")
                    .claim("rev", "1.0"),
            )
        })
        .collect();

    house.revoke(RevocationLevel::Organization, "acme", RevocationKind::Stale);

    let mut waits: Vec<_> = tokens
        .iter()
        .map(|token| match house.verifier.try_verify(token).unwrap_err() {
            AuthError::Stale { retry_after } => retry_after,
            other => panic!("{other:?}"),
        })
        .collect();
    waits.sort();
    waits.dedup();
    assert!(waits.len() >= 4, "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn an_open_connection_ends_with_its_session() {
    let mut house = House::new(SilencePolicy::refuse());
    let caller = house.verifier.try_verify(&signed(ada())).unwrap();
    let mut watch = house.verifier.watch(&caller);
    let still_open = tokio::time::timeout(Duration::from_millis(500), watch.ended()).await;
    assert!(still_open.is_err());

    house.revoke(RevocationLevel::Session, "s1", RevocationKind::Dead);

    assert_eq!(watch.ended().await, Ended::Revoked);
}
