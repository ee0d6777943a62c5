//! Every combination of rule, address, account, role and status: who becomes whom.

use std::collections::BTreeMap;

use handstamp_core::{
    flows::upstream::UpstreamSignInError,
    model::{PasswordHash, UpstreamLink, UpstreamSubject, User, UserId, UserStatus},
    settings::{LinkRule, UpstreamSettings},
    store::{Change, Changes},
    test_support::Kit,
};

use super::{ISSUER, commit, enter, kit, links_of, name, person, roles, users};

/// What the upstream says of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Address {
    Unsaid,
    Unverified,
    Verified,
}

/// Who has the address here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HolderKind {
    Nobody,
    /// An administrator made the account, with a password or for a password to come.
    MadeHere {
        password: bool,
    },
    /// The same, and its owner is somebody else of the same upstream.
    LinkedHere,
    /// The same, and its owner is somebody of another upstream.
    LinkedElsewhere,
    /// The same upstream made it, for somebody else.
    MadeByThis,
    /// Another upstream made it.
    MadeByAnother,
    /// Another upstream made it, and the link was removed since.
    MadeByAnotherUnlinked,
}

#[derive(Debug, Clone, Copy)]
struct Case {
    rule: LinkRule,
    create: bool,
    address: Address,
    holder: HolderKind,
    is_admin: bool,
    is_disabled: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    BecameHolder,
    GotAccount,
    EmailTaken,
    NotLinked,
    AccountDisabled,
}

const HOLDERS: [HolderKind; 8] = [
    HolderKind::Nobody,
    HolderKind::MadeHere { password: true },
    HolderKind::MadeHere { password: false },
    HolderKind::LinkedHere,
    HolderKind::LinkedElsewhere,
    HolderKind::MadeByThis,
    HolderKind::MadeByAnother,
    HolderKind::MadeByAnotherUnlinked,
];

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for rule in [LinkRule::Never, LinkRule::VerifiedEmail] {
        for create in [false, true] {
            for address in [Address::Unsaid, Address::Unverified, Address::Verified] {
                for holder in HOLDERS {
                    for is_admin in [false, true] {
                        for is_disabled in [false, true] {
                            cases.push(Case { rule, create, address, holder, is_admin, is_disabled });
                        }
                    }
                }
            }
        }
    }
    cases
}

/// What the decision record says.
fn expected(case: Case) -> Outcome {
    let gives_word = case.address == Address::Verified && case.holder != HolderKind::Nobody;
    if !gives_word {
        return if case.create { Outcome::GotAccount } else { Outcome::NotLinked };
    }
    let is_administrators_word =
        matches!(case.holder, HolderKind::MadeHere { .. } | HolderKind::LinkedElsewhere);
    match case.rule {
        LinkRule::VerifiedEmail if is_administrators_word && !case.is_admin => {
            if case.is_disabled {
                Outcome::AccountDisabled
            } else {
                Outcome::BecameHolder
            }
        }
        _ => Outcome::EmailTaken,
    }
}

const HOLDER: UserId = UserId::from_bytes([1; 16]);

async fn given_holder(kit: &Kit, case: Case) {
    let origin = match case.holder {
        HolderKind::Nobody => return,
        HolderKind::MadeByThis => Some(name("corp")),
        HolderKind::MadeByAnother | HolderKind::MadeByAnotherUnlinked => Some(name("social")),
        _ => None,
    };
    let has_password = case.holder == HolderKind::MadeHere { password: true };
    let user = User {
        id: HOLDER,
        username: "ann".parse().expect("it is a name"),
        email: Some("ann@example.org".parse().expect("it is an address")),
        org_id: None,
        roles: roles(if case.is_admin { &["admin", "buyer"] } else { &["buyer"] }),
        claims: BTreeMap::new(),
        status: if case.is_disabled {
            UserStatus::Disabled { at: kit.clock.now() }
        } else {
            UserStatus::Active
        },
        password: has_password.then(|| PasswordHash::from_phc("a hash".to_owned())),
        origin,
        created_at: kit.clock.now(),
        version: 0,
    };
    commit(kit, Changes::one(Change::CreateUser(user))).await;
    let upstream = match case.holder {
        HolderKind::LinkedHere | HolderKind::MadeByThis => "corp",
        HolderKind::LinkedElsewhere | HolderKind::MadeByAnother => "social",
        _ => return,
    };
    let subject = UpstreamSubject::new(ISSUER, "somebody else").expect("it is a subject");
    let link =
        UpstreamLink { upstream: name(upstream), subject, user_id: HOLDER, linked_at: kit.clock.now() };
    commit(kit, Changes::one(Change::LinkUpstream(link))).await;
}

#[tokio::test]
async fn everybody_becomes_whom_the_rule_says_and_nothing_else_changes() {
    let mut met = BTreeMap::new();
    for case in cases() {
        let (link, create) = (case.rule, case.create);
        let kit = kit(UpstreamSettings { link, create, ..UpstreamSettings::default() }).await;
        given_holder(&kit, case).await;
        let before = users(&kit).await;
        let links_before = links_of(&kit, HOLDER).await;
        let mut newcomer = person("newcomer");
        if case.address != Address::Unsaid {
            newcomer.email = Some("Ann@Example.org".parse().expect("it is an address"));
            newcomer.email_verified = case.address == Address::Verified;
        }

        let entered = enter(&kit, &newcomer).await;

        let after = users(&kit).await;
        let outcome = match &entered {
            Ok(issued) if issued.session.user_id == HOLDER => Outcome::BecameHolder,
            Ok(_) => Outcome::GotAccount,
            Err(UpstreamSignInError::EmailTaken) => Outcome::EmailTaken,
            Err(UpstreamSignInError::NotLinked) => Outcome::NotLinked,
            Err(UpstreamSignInError::AccountDisabled) => Outcome::AccountDisabled,
            Err(other) => panic!("{case:?}: {other}"),
        };
        assert_eq!(outcome, expected(case), "{case:?}");
        *met.entry(format!("{outcome:?}")).or_insert(0) += 1;

        // Whoever had an account has it as it was, but for the version that a new link raises.
        let same =
            |user: &User| after.iter().any(|now| User { version: user.version, ..now.clone() } == *user);
        assert!(before.iter().all(same), "{case:?}");
        if let Ok(issued) = &entered {
            let user = &issued.subject.user;
            let linked: Vec<_> = links_of(&kit, user.id).await;
            assert!(linked.iter().any(|link| link.subject == newcomer.subject), "{case:?}");
            // The same person is the same user for ever, whatever becomes of the address.
            let again = enter(&kit, &person("newcomer")).await.expect("they are linked");
            assert_eq!(again.session.user_id, user.id, "{case:?}");
        } else {
            assert_eq!((after, links_of(&kit, HOLDER).await), (before, links_before), "{case:?}");
            let live = kit.ctx.store.live_sessions(HOLDER, kit.clock.now()).await.expect("the store works");
            assert!(live.is_empty(), "{case:?}");
        }
        if outcome == Outcome::GotAccount {
            let user = &entered.expect("they were let in").subject.user;
            let has_address = user.email.is_some();
            assert_eq!(has_address, case.address == Address::Verified, "{case:?}");
            assert_eq!((user.password.clone(), user.roles.len()), (None, 0), "{case:?}");
            assert_eq!(user.origin, Some(name("corp")), "{case:?}");
        }
    }
    // A table in which nothing ever happens would pass as well.
    let met: Vec<_> = met.iter().map(|(outcome, times)| (outcome.as_str(), *times)).collect();
    assert_eq!(
        met,
        [
            ("AccountDisabled", 6),
            ("BecameHolder", 6),
            ("EmailTaken", 100),
            ("GotAccount", 136),
            ("NotLinked", 136)
        ]
    );
}
