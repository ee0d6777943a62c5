//! Links to upstreams, and what stands beside sessions that began there.

use std::sync::Arc;

use super::{
    clean_up::at,
    commit, race, refused,
    samples::{HOUR, after, given_user, noon, session, start},
};
use crate::{
    model::{
        EndReason, SealedSecret, Session, SessionId, UpstreamCheck, UpstreamLink, UpstreamName,
        UpstreamSelector, UpstreamSession, UpstreamSubject, User, UserId,
    },
    store::{Change, Changes, Conflict, Store},
};

fn upstream(name: &str) -> UpstreamName {
    name.parse().expect("it is a name")
}

fn subject(sub: &str) -> UpstreamSubject {
    UpstreamSubject::new("https://id.example", sub).expect("it is a subject")
}

fn link(user: &User, name: &str, sub: &str) -> UpstreamLink {
    UpstreamLink { upstream: upstream(name), subject: subject(sub), user_id: user.id, linked_at: noon() }
}

fn linking(link: &UpstreamLink) -> Changes {
    Changes::one(Change::LinkUpstream(link.clone()))
}

fn beside(session: &Session) -> UpstreamSession {
    UpstreamSession {
        session_id: session.id,
        upstream: upstream("corp"),
        subject: subject("7"),
        sid: Some("their session".parse().expect("it is a sid")),
        exchanged: false,
        secret: Some(SealedSecret::from_bytes(vec![0, 1, 255])),
        check: UpstreamCheck { checked_at: noon(), asked_at: None },
    }
}

/// Adds a user `ann` who is person 7 of `corp`.
async fn given_linked(store: &Arc<dyn Store>) -> User {
    let ann = given_user(store, "ann").await;
    commit(store, linking(&link(&ann, "corp", "7"))).await;
    ann
}

/// Adds her, with session 1.
async fn given_linked_session(store: &Arc<dyn Store>) -> Session {
    let session = session(1, &given_linked(store).await);
    commit(store, start(&session)).await;
    session
}

fn remembering(beside: &UpstreamSession) -> Changes {
    Changes::one(Change::RememberUpstreamSession(beside.clone()))
}

async fn links_of(store: &Arc<dyn Store>, user: UserId) -> Vec<UpstreamLink> {
    store.upstream_links_of(user).await.expect("the store works")
}

async fn found(store: &Arc<dyn Store>, id: SessionId) -> Option<UpstreamSession> {
    store.upstream_session(id).await.expect("the store works")
}

/// Lists have one order.
pub async fn links_read_back_as_written(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let bob = given_user(&store, "bob").await;
    let (corp, social) = (link(&ann, "corp", "7"), link(&ann, "social", "a \"word\" ü"));
    for link in [&social, &corp, &link(&bob, "corp", "8")] {
        commit(&store, linking(link)).await;
        let read = store.upstream_link(&link.upstream, &link.subject).await.expect("the store works");
        assert_eq!(read.as_ref(), Some(link));
    }
    assert_eq!(links_of(&store, ann.id).await, [corp, social]);
}

/// Another upstream and another issuer have other people.
pub async fn a_link_is_of_one_upstream_and_one_issuer(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    commit(&store, linking(&link(&ann, "corp", "7"))).await;
    let elsewhere = UpstreamSubject::new("https://other.example", "7").expect("it is a subject");
    for (name, subject) in [("social", subject("7")), ("corp", elsewhere), ("corp", subject("70"))] {
        let read = store.upstream_link(&upstream(name), &subject).await.expect("the store works");
        assert_eq!(read, None, "{name} {subject:?}");
    }
}

/// A person is one user, and a user is one person of each upstream.
pub async fn a_taken_link_is_refused(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let bob = given_user(&store, "bob").await;
    commit(&store, linking(&link(&ann, "corp", "7"))).await;
    for taken in [link(&bob, "corp", "7"), link(&ann, "corp", "8"), link(&ann, "corp", "7")] {
        assert_eq!(refused(&store, linking(&taken)).await, Conflict::LinkTaken);
    }
    let elsewhere = UpstreamSubject::new("https://other.example", "7").expect("it is a subject");
    let moved = UpstreamLink { subject: elsewhere, ..link(&ann, "corp", "7") };
    assert_eq!(refused(&store, linking(&moved)).await, Conflict::LinkTaken);
    assert_eq!(links_of(&store, ann.id).await, [link(&ann, "corp", "7")]);
    assert_eq!(links_of(&store, bob.id).await, []);
}

/// Whichever replicas they meet.
pub async fn of_many_links_of_one_person_at_the_same_time_one_holds(store: Arc<dyn Store>) {
    let mut users = Vec::new();
    for name in ["ann", "bob", "cleo", "dan"] {
        users.push(given_user(&store, name).await);
    }
    let links = users.iter().map(|user| linking(&link(user, "corp", "7"))).collect();
    assert_eq!(race(&store, links).await, 1);
}

/// It can be made again, for anybody.
pub async fn a_removed_link_is_gone(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let bob = given_user(&store, "bob").await;
    let (corp, social) = (link(&ann, "corp", "7"), link(&ann, "social", "7"));
    commit(&store, linking(&corp)).await;
    commit(&store, linking(&social)).await;
    let removing = || Changes::one(Change::UnlinkUpstream { user_id: ann.id, upstream: upstream("corp") });
    commit(&store, removing()).await;
    assert_eq!(links_of(&store, ann.id).await, [social]);
    assert_eq!(store.upstream_link(&corp.upstream, &corp.subject).await.expect("the store works"), None);
    assert_eq!(refused(&store, removing()).await, Conflict::LinkUnknown);
    commit(&store, linking(&link(&bob, "corp", "7"))).await;
}

/// A new user, their link, their session and what stands beside it are one unit of work.
pub async fn a_user_a_link_and_a_session_are_one_unit(store: Arc<dyn Store>) {
    let ann = super::samples::user("ann");
    let first = session(1, &ann);
    let changes = Changes::one(Change::CreateUser(ann.clone()))
        .and(Change::LinkUpstream(link(&ann, "corp", "7")))
        .and(Change::StartSession { session: first.clone(), user_version: 0, at_most: Some(1) })
        .and(Change::RememberUpstreamSession(beside(&first)));
    commit(&store, changes).await;
    assert_eq!(found(&store, first.id).await, Some(beside(&first)));
}

/// Every field survives.
pub async fn an_upstream_session_reads_back_as_written(store: Arc<dyn Store>) {
    let ann = given_linked(&store).await;
    let (one, two) = (session(1, &ann), session(2, &ann));
    let bare = UpstreamSession { sid: None, secret: None, ..beside(&two) };
    let asked = UpstreamCheck { checked_at: noon(), asked_at: Some(after(HOUR)) };
    let full = UpstreamSession { check: asked, exchanged: true, ..beside(&one) };
    for (session, beside) in [(&one, full), (&two, bare)] {
        commit(&store, start(session)).await;
        assert_eq!(found(&store, session.id).await, None);
        commit(&store, remembering(&beside)).await;
        assert_eq!(found(&store, session.id).await, Some(beside));
    }
}

/// Once, and while the session is active.
pub async fn an_upstream_session_stands_beside_one_active_session(store: Arc<dyn Store>) {
    let first = given_linked_session(&store).await;
    commit(&store, remembering(&beside(&first))).await;
    assert_eq!(refused(&store, remembering(&beside(&first))).await, Conflict::SessionChanged);
    let unknown = UpstreamSession { session_id: SessionId::from_bytes([9; 16]), ..beside(&first) };
    assert_eq!(refused(&store, remembering(&unknown)).await, Conflict::SessionChanged);
    commit(&store, end(&first)).await;
    assert_eq!(refused(&store, remembering(&beside(&first))).await, Conflict::SessionChanged);
}

/// Who was linked a moment before is not let in by that.
pub async fn an_upstream_session_needs_the_link_it_began_by(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let first = session(1, &ann);
    let beginning = || start(&first).and(Change::RememberUpstreamSession(beside(&first)));
    assert_eq!(refused(&store, beginning()).await, Conflict::LinkUnknown);
    let bob = given_user(&store, "bob").await;
    commit(&store, linking(&link(&bob, "corp", "7"))).await;
    assert_eq!(refused(&store, beginning()).await, Conflict::LinkUnknown);
    assert_eq!(store.session(first.id).await.expect("the store works"), None);
    commit(&store, Changes::one(Change::UnlinkUpstream { user_id: bob.id, upstream: upstream("corp") }))
        .await;
    commit(&store, linking(&link(&ann, "corp", "7"))).await;
    commit(&store, beginning()).await;
    // It goes on without.
    commit(&store, Changes::one(Change::UnlinkUpstream { user_id: ann.id, upstream: upstream("corp") }))
        .await;
    assert_eq!(found(&store, first.id).await, Some(beside(&first)));
}

/// An upstream names a session, or a person.
pub async fn upstream_sessions_are_found_by_sid_and_by_subject(store: Arc<dyn Store>) {
    let ann = given_linked(&store).await;
    let bob = given_user(&store, "bob").await;
    commit(&store, linking(&link(&bob, "corp", "8"))).await;
    let of = |number, user: &User, sub, sid: Option<&str>| UpstreamSession {
        subject: subject(sub),
        sid: sid.map(|sid| sid.parse().expect("it is a sid")),
        ..beside(&session(number, user))
    };
    let rows = [
        of(1, &ann, "7", Some("x")),
        of(2, &ann, "7", None),
        of(3, &bob, "8", Some("x")),
        of(4, &bob, "8", Some("y")),
    ];
    for ((number, user), row) in [(1, &ann), (2, &ann), (3, &bob), (4, &bob)].into_iter().zip(&rows) {
        commit(&store, start(&session(number, user))).await;
        commit(&store, remembering(row)).await;
    }
    let named = |name: &str, issuer: &str| UpstreamSelector::Session {
        issuer: issuer.to_owned(),
        sid: name.parse().expect("it is a sid"),
    };
    let here = "https://id.example";
    for (at, selector, expected) in [
        ("corp", UpstreamSelector::Subject(subject("7")), &rows[..2]),
        ("corp", named("x", here), &[rows[0].clone(), rows[2].clone()][..]),
        ("corp", named("y", here), &rows[3..]),
        ("corp", named("z", here), &[][..]),
        ("corp", named("x", "https://other.example"), &[][..]),
        ("social", UpstreamSelector::Subject(subject("7")), &[][..]),
    ] {
        let found = store.upstream_sessions(&upstream(at), &selector).await.expect("the store works");
        assert_eq!(found, expected, "{at} {selector:?}");
    }
}

/// However it ends: an upstream's token is of no use to anybody after that.
pub async fn what_stands_beside_a_session_goes_when_it_ends(store: Arc<dyn Store>) {
    let ann = given_linked(&store).await;
    let sessions = [1, 2, 3, 4].map(|number| session(number, &ann));
    for session in &sessions {
        commit(&store, start(session)).await;
        commit(&store, remembering(&beside(session))).await;
    }
    let [one, two, three, four] = sessions;
    let (at_once, reason) = (noon(), EndReason::UpstreamEnded);

    commit(&store, end(&one)).await;
    assert_eq!(found(&store, one.id).await, None);
    let but_four = Change::EndSessionsOf { user_id: ann.id, except: Some(four.id), at: at_once, reason };
    assert_eq!(commit(&store, Changes::one(but_four)).await, 2);
    for ended in [&two, &three] {
        assert_eq!(found(&store, ended.id).await, None);
    }
    assert_eq!(found(&store, four.id).await, Some(beside(&four)));
    store.clean_up(at(after(HOUR))).await.expect("the store works");
    assert_eq!(found(&store, four.id).await, None);
    let theirs = UpstreamSelector::Subject(subject("7"));
    assert_eq!(store.upstream_sessions(&upstream("corp"), &theirs).await.expect("the store works"), []);
}

/// Secret and times alone: where the session began does not change.
pub async fn a_check_moves_on_from_what_was_read(store: Arc<dyn Store>) {
    let first = given_linked_session(&store).await;
    let before = beside(&first);
    commit(&store, remembering(&before)).await;
    let asking = UpstreamCheck { asked_at: Some(after(HOUR)), ..before.check };
    commit(&store, checking(&before, &UpstreamSession { check: asking, ..before.clone() })).await;
    let answered = UpstreamSession {
        secret: Some(SealedSecret::from_bytes(vec![9])),
        check: UpstreamCheck { checked_at: after(HOUR * 2), asked_at: None },
        ..before.clone()
    };
    let from = UpstreamSession { check: asking, ..before.clone() };
    commit(&store, checking(&from, &UpstreamSession { subject: subject("other"), ..answered.clone() })).await;
    assert_eq!(found(&store, first.id).await, Some(answered));
}

/// Of those who come at the same time one asks.
pub async fn of_many_checks_at_the_same_time_one_holds(store: Arc<dyn Store>) {
    let first = given_linked_session(&store).await;
    let before = beside(&first);
    commit(&store, remembering(&before)).await;
    let check = UpstreamCheck { asked_at: Some(after(HOUR)), ..before.check };
    let asking = UpstreamSession { check, ..before.clone() };
    assert_eq!(race(&store, (0..20).map(|_| checking(&before, &asking)).collect()).await, 1);
    assert_eq!(refused(&store, checking(&before, &asking)).await, Conflict::SessionChanged);
    commit(&store, end(&first)).await;
    assert_eq!(refused(&store, checking(&asking, &before)).await, Conflict::SessionChanged);
}

fn checking(from: &UpstreamSession, to: &UpstreamSession) -> Changes {
    Changes::one(Change::CheckUpstreamSession { from: from.check, to: to.clone() })
}

fn end(session: &Session) -> Changes {
    Changes::one(Change::EndSession { id: session.id, at: noon(), reason: EndReason::UpstreamEnded })
}

/// Whose word an address is stays with the account.
pub async fn the_origin_of_a_user_reads_back(store: Arc<dyn Store>) {
    let made = User { origin: Some(upstream("corp")), ..super::samples::user("ann") };
    commit(&store, Changes::one(Change::CreateUser(made.clone()))).await;
    assert_eq!(store.user(made.id).await.expect("the store works"), Some(made));
}
