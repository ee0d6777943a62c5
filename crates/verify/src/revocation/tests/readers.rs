use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::*;
use handstamp_api_types::revocation::RevocationKind::Dead;

/// Whatever the writer holds on to, and for however long: a request is answered.
#[test]
fn a_reader_never_waits_for_the_writer() {
    let mut world = World::started();
    world.revoke(RevocationLevel::Session, "session-1", Dead);
    let revocations = world.revocations.clone();
    let now = world.now().wall;
    let (answer, answered) = std::sync::mpsc::channel();

    revocations.with_everything_held(|| {
        let revocations = revocations.clone();
        thread::spawn(move || {
            let ask = |token| revocations.check(&token, &Memo::default(), SilencePolicy::refuse(), now);
            // Revoked, young, and further than we are, which is noted.
            answer.send([ask(ada(0)), ask(ada(1)), ask(ada(9))]).unwrap();
        });
        let answers = answered.recv_timeout(Duration::from_secs(30)).expect("nobody waits");
        assert_eq!(answers, [Verdict::Dead, Verdict::Pass, Verdict::Pass]);
    });
}

/// A hundred thousand sign-outs while others ask: whoever asks after the writer has said it is done is told.
#[test]
fn what_was_applied_is_refused_by_every_reader_from_then_on() {
    const EVENTS: u64 = 20_000;
    let mut world = World::started();
    let (applied, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let revocations = world.revocations.clone();
    let now = world.now().wall;
    thread::scope(|scope| {
        for reader in 0..3 {
            let (revocations, applied, is_over) = (&revocations, &applied, &is_over);
            scope.spawn(move || {
                let memo = Memo::default();
                let mut asked = 0_u64;
                while !is_over.load(Ordering::Acquire) || asked == 0 {
                    let done = applied.load(Ordering::Acquire);
                    // The newest one and some of before; and somebody whom nothing is known against, with a memo of their own.
                    for number in [done, done / 2, (done * (reader + 3)) / 7].into_iter().filter(|n| *n > 0) {
                        let sid = format!("gone-{number}");
                        let token = TokenIdentity { sid: Some(&sid), ..ada(0) };
                        let verdict =
                            revocations.check(&token, &Memo::default(), SilencePolicy::refuse(), now);
                        assert_eq!(verdict, Verdict::Dead, "{number} of {done}");
                    }
                    let good = revocations.check(&ada(0), &memo, SilencePolicy::refuse(), now);
                    assert_eq!(good, Verdict::Pass);
                    asked += 1;
                }
            });
        }
        let mut number = 0;
        for size in (1..=40).cycle() {
            let after = world.head();
            for _ in 0..size {
                number += 1;
                world.write(RevocationLevel::Session, &format!("gone-{number}"), Dead);
            }
            world.deliver_tail(after, size);
            applied.store(number, Ordering::Release);
            if number >= EVENTS {
                break;
            }
        }
        is_over.store(true, Ordering::Release);
    });
}
