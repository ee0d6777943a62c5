//! Long histories: whatever people, administrators and upstreams do one after another, nobody becomes somebody else.

use std::collections::{BTreeMap, BTreeSet};

use handstamp_core::{
    flows::{
        Issued,
        upstream::{UpstreamIdentity, UpstreamSignInError},
        users::{self, NewUser},
    },
    model::UserId,
    settings::{LinkRule, UpstreamSettings},
    test_support::Kit,
};
use proptest::prelude::*;

use super::{enter, kit, link, links_of, person_at, unlink, users};

/// A few people, addresses and upstreams, so that histories meet.
#[derive(Debug, Clone)]
enum Step {
    /// An administrator adds somebody with the address of this number.
    Add { address: u8 },
    /// Somebody signs in through an upstream, with this address.
    Enter { upstream: u8, person: u8, address: Option<u8>, verified: bool },
    /// Whoever signed in last links their account to somebody at an upstream.
    Link { upstream: u8, person: u8 },
    /// Whoever signed in last removes a link.
    Unlink { upstream: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let (upstream, person, address) = (0..2_u8, 0..3_u8, 0..2_u8);
    prop_oneof![
        1 => address.clone().prop_map(|address| Step::Add { address }),
        4 => (upstream.clone(), person.clone(), proptest::option::of(address), any::<bool>()).prop_map(
            |(upstream, person, address, verified)| Step::Enter { upstream, person, address, verified }
        ),
        2 => (upstream.clone(), person).prop_map(|(upstream, person)| Step::Link { upstream, person }),
        1 => upstream.prop_map(|upstream| Step::Unlink { upstream }),
    ]
}

const UPSTREAMS: [&str; 2] = ["corp", "social"];

fn identity(upstream: u8, person: u8) -> UpstreamIdentity {
    person_at(UPSTREAMS[usize::from(upstream)], &person.to_string())
}

fn address(number: u8) -> handstamp_core::model::Email {
    format!("mailbox-{number}@example.org").parse().expect("it is an address")
}

/// What the teller knows beside what is in the store.
#[derive(Default)]
struct Told {
    /// Addresses that administrators gave, and to whom.
    given: BTreeMap<u8, UserId>,
    /// Who may be whom: every pair that a rule or an owner has made.
    may_be: BTreeSet<(Person, UserId)>,
    last: Option<Issued>,
}

/// The number of an upstream, and of somebody there.
type Person = (u8, u8);

async fn take(kit: &Kit, told: &mut Told, number: usize, step: &Step, rule: LinkRule) {
    match *step {
        Step::Add { address: number } => {
            let new = NewUser {
                username: format!("user-{number}").parse().expect("it is a name"),
                email: Some(address(number)),
                roles: BTreeSet::new(),
                org_id: None,
                password: None,
            };
            if let Ok(user) = users::add(&kit.ctx, new, None, kit.clock.now()).await {
                told.given.insert(number, user.id);
            }
        }
        Step::Enter { upstream, person, address: said, verified } => {
            let known: BTreeSet<_> = users(kit).await.iter().map(|user| user.id).collect();
            let said_address = said.map(address);
            let identity = UpstreamIdentity {
                email: said_address,
                email_verified: verified,
                ..identity(upstream, person)
            };
            match enter(kit, &identity).await {
                Ok(issued) => {
                    let user = issued.session.user_id;
                    let is_new = !known.contains(&user);
                    let was_linked = told.may_be.contains(&((upstream, person), user));
                    let by_rule = rule == LinkRule::VerifiedEmail
                        && verified
                        && said.is_some_and(|said| told.given.get(&said) == Some(&user));
                    assert!(is_new || was_linked || by_rule, "{step:?} became {user}");
                    told.may_be.insert(((upstream, person), user));
                    told.last = Some(issued);
                }
                Err(UpstreamSignInError::NotLinked) => panic!("every upstream may make accounts"),
                Err(_) => {}
            }
        }
        Step::Link { upstream, person } => {
            let Some(last) = &told.last else { return };
            let attempt = format!("attempt {number}");
            if link(kit, last, &identity(upstream, person), &attempt).await.is_ok() {
                told.may_be.insert(((upstream, person), last.session.user_id));
            }
        }
        Step::Unlink { upstream } => {
            let Some(last) = &told.last else { return };
            if let Ok(link) = unlink(kit, last, UPSTREAMS[usize::from(upstream)]).await {
                let person = link.subject.sub().parse().expect("it is a number");
                told.may_be.remove(&((upstream, person), last.session.user_id));
            }
        }
    }
}

/// What holds after every step.
async fn holds(kit: &Kit, told: &Told) {
    let mut persons = BTreeSet::new();
    for user in users(kit).await {
        let links = links_of(kit, user.id).await;
        for link in &links {
            assert!(persons.insert((link.upstream.clone(), link.subject.clone())), "{link:?} is two users");
            let upstream = UPSTREAMS.iter().position(|name| *name == link.upstream.as_str());
            let upstream = u8::try_from(upstream.expect("it is one of ours")).expect("there are two");
            let person = link.subject.sub().parse().expect("it is a number");
            assert!(told.may_be.contains(&((upstream, person), user.id)), "nobody made {link:?}");
        }
        let upstreams: BTreeSet<_> = links.iter().map(|link| &link.upstream).collect();
        assert_eq!(upstreams.len(), links.len(), "{user:?} is two people of one upstream");
        let has_way_in = user.origin.is_none() || !links.is_empty();
        assert!(has_way_in, "nobody can sign in as {user:?} any more");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn nobody_becomes_somebody_else(
        steps in proptest::collection::vec(step(), 1..24),
        by_address in any::<bool>(),
    ) {
        let rule = if by_address { LinkRule::VerifiedEmail } else { LinkRule::Never };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let settings = UpstreamSettings { link: rule, create: true, ..UpstreamSettings::default() };
            let kit = kit(settings).await;
            let mut told = Told::default();
            for (number, step) in steps.iter().enumerate() {
                take(&kit, &mut told, number, step, rule).await;
                holds(&kit, &told).await;
            }
        });
    }
}
