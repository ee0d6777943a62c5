//! The service in other languages, correct and with one mistake each: one program of each language is all of them at once. A mistake is
//! looked for by the cases it belongs to; the correct service is attacked with all.

use std::sync::Arc;
use std::time::Duration;

use handstamp_audit::{Options, Plain, Report, Verdict};
use handstamp_testkit::http::ServedIssuer;
use tokio::task::JoinSet;

use crate::planted::{has, is_only};
use crate::services::{self, EXPRESS_DESCRIPTION, attack_with_key, description_of, only};
use crate::support::{attack_as, broken, issuer, person, unjudged};

/// What is peculiar to a service in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    /// Follows what the issuer takes back. Its description is a file.
    Express,
    /// Goes by signatures and times alone. Describes itself.
    FastApi,
}

/// A mistake, and what is to be found of it.
struct Planted {
    mistake: &'static str,
    /// The cases that are tried: those that show it, and some that must not.
    cases: &'static [&'static str],
    /// Operations and rules that must be among what is found.
    found: &'static [(&'static str, &'static str)],
    /// What all that is found begins with. Empty: it may be anything.
    only: &'static [&'static str],
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mistake_in_express_is_found_and_none_in_its_twin() {
    found_in(Language::Express).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mistake_in_fastapi_is_found_and_none_in_its_twin() {
    found_in(Language::FastApi).await;
}

async fn found_in(language: Language) {
    let issuer = Arc::new(issuer().await);
    let planted = language.planted();
    let mistakes: Vec<&str> = ["none"].into_iter().chain(planted.iter().map(|one| one.mistake)).collect();
    let program = match language {
        Language::Express => services::express(&issuer, &mistakes).await,
        Language::FastApi => services::fastapi(&issuer, &mistakes).await,
    };
    let mut attacks = JoinSet::new();
    for (number, url) in program.urls.iter().cloned().enumerate() {
        let issuer = Arc::clone(&issuer);
        let options = match number.checked_sub(1) {
            // Many attacks at once leave the program little time to hear of what was taken back.
            None => Options { revocation_delay: Duration::from_secs(10), ..Options::default() },
            Some(number) => only(planted[number].cases),
        };
        attacks.spawn(async move { (number, language.attack(&issuer, number, &url, options).await) });
    }
    let mut wrong = Vec::new();
    while let Some(attacked) = attacks.join_next().await {
        let (number, report) = attacked.expect("the attack goes on to its end");
        match number.checked_sub(1) {
            None => assert_closed(&report),
            Some(number) => wrong.extend(planted[number].missed(&broken(&report))),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn assert_closed(report: &Report) {
    assert_eq!(broken(report), []);
    assert_eq!(unjudged(report), []);
    assert_eq!(report.verdict(), Verdict::Closed, "{}", report.to_text(&Plain));
    let totals = report.totals();
    assert_eq!((totals.judged, totals.public), (5, 1));
    assert!(totals.refused > 1500, "{totals:?}");
}

impl Planted {
    /// Returns what is wrong with what was found.
    fn missed(&self, found: &[(String, String)]) -> Vec<String> {
        let mut wrong: Vec<String> = self
            .found
            .iter()
            .filter(|(operation, rule)| !has(found, operation, rule))
            .map(|(operation, rule)| {
                format!("{}: {rule} at {operation} is not among {found:?}", self.mistake)
            })
            .collect();
        let is_alone = self.only.is_empty() || found.iter().all(|one| is_only(one, self.only));
        if !is_alone {
            wrong.push(format!("{}: {found:?} is not {:?} alone", self.mistake, self.only));
        }
        wrong
    }
}

impl Language {
    /// Attacks one of the services with people of its own: what is taken back from the one is not taken back from another.
    async fn attack(self, issuer: &ServedIssuer, number: usize, url: &str, options: Options) -> Report {
        let people =
            [("ada", "acme"), ("emil", "globex")].map(|(sub, org)| person(&format!("{sub}-{number}"), org));
        match self {
            Self::Express => attack_as(people, issuer, url, EXPRESS_DESCRIPTION, options).await,
            Self::FastApi => attack_with_key(people, issuer, url, &description_of(url).await, options).await,
        }
    }

    fn planted(self) -> Vec<Planted> {
        let mut planted = planted_in_both();
        planted.extend(match self {
            Self::Express => planted_in_express(),
            Self::FastApi => planted_in_fastapi(),
        });
        planted
    }
}

fn planted_in_both() -> Vec<Planted> {
    vec![
        Planted {
            mistake: "forgotten-route",
            cases: &["credentials/none", "signature/flipped"],
            found: &[("DELETE /lamps/{id}", "credentials/none")],
            only: &["DELETE /lamps/{id} "],
        },
        Planted {
            mistake: "signature-unread",
            cases: &["signature/flipped", "foreign-key/same-algorithm"],
            found: &[("POST /lamps", "signature/flipped"), ("POST /lamps", "foreign-key/same-algorithm")],
            only: &[],
        },
        Planted {
            mistake: "unsigned-taken",
            cases: &["unsigned/", "signature/flipped"],
            found: &[("GET /lamps", "unsigned/stripped/lower")],
            only: &["unsigned/"],
        },
        Planted {
            mistake: "key-of-the-token",
            cases: &["key-brought-along/", "foreign-key/same-algorithm"],
            found: &[("GET /lamps", "key-brought-along/jwk")],
            only: &["key-brought-along/jwk"],
        },
        Planted {
            mistake: "time-unread",
            cases: &["time/expired", "signature/flipped"],
            found: &[("GET /lamps/{id}", "time/expired/hour"), ("GET /lamps/{id}", "time/expired/day")],
            only: &["time/"],
        },
        Planted {
            mistake: "audience-unread",
            cases: &["audience/", "issuer/other"],
            found: &[("GET /lamps", "audience/other"), ("GET /lamps", "audience/none")],
            only: &["audience/"],
        },
        Planted {
            mistake: "issuer-unread",
            cases: &["issuer/", "audience/other"],
            found: &[("GET /lamps", "issuer/other"), ("GET /lamps", "issuer/none")],
            only: &["issuer/"],
        },
        Planted {
            mistake: "type-unread",
            cases: &["type/", "audience/other"],
            found: &[("GET /lamps", "type/id-token"), ("GET /lamps", "type/other/status-list")],
            only: &["type/"],
        },
        Planted {
            mistake: "any-organisation",
            cases: &["identity/"],
            found: &[("DELETE /lamps/{id}", "identity/other-organisation")],
            only: &["identity/"],
        },
        Planted {
            mistake: "everybodys-list",
            cases: &["identity/"],
            found: &[("GET /lamps", "identity/foreign-list")],
            only: &["identity/foreign-list"],
        },
        Planted {
            mistake: "roles-unread",
            cases: &["rights/"],
            found: &[
                ("POST /lamps", "rights/no-roles"),
                ("POST /lamps", "rights/other-role"),
                ("POST /lamps", "rights/missing/keeper"),
            ],
            only: &["rights/"],
        },
        Planted {
            mistake: "token-in-query",
            cases: &["transport/"],
            found: &[("GET /lamps", "transport/query")],
            only: &["transport/query"],
        },
        Planted {
            mistake: "breaks",
            cases: &["structure/dot-after"],
            found: &[("GET /lamps", "crash/structure/dot-after")],
            only: &["crash/"],
        },
    ]
}

fn planted_in_express() -> Vec<Planted> {
    vec![
        Planted {
            mistake: "algorithm-of-the-token",
            cases: &["confusion/", "foreign-key/same-algorithm"],
            found: &[("GET /lamps", "confusion/hs256/spki-pem-no-newline")],
            only: &["confusion/hs256/"],
        },
        Planted {
            mistake: "talkative",
            cases: &["leak/", "structure/dot-after"],
            found: &[("GET /lamps", "leak/javascript-trace")],
            only: &["leak/"],
        },
        Planted {
            mistake: "capitals-open",
            cases: &["routing/"],
            found: &[("POST /lamps", "routing/capitals")],
            only: &["routing/capitals"],
        },
        Planted {
            mistake: "deaf",
            cases: &["revoked/session-ended", "revoked/token-revoked"],
            found: &[("GET /lamps", "revoked/session-ended"), ("GET /lamps", "revoked/token-revoked")],
            only: &["revoked/"],
        },
    ]
}

fn planted_in_fastapi() -> Vec<Planted> {
    vec![
        Planted {
            mistake: "algorithm-of-the-token",
            cases: &["confusion/", "foreign-key/same-algorithm"],
            found: &[("GET /lamps", "confusion/hs256/raw")],
            only: &["confusion/hs256/"],
        },
        Planted {
            mistake: "talkative",
            cases: &["leak/", "structure/dot-after"],
            found: &[("GET /lamps", "leak/python-trace")],
            only: &["leak/"],
        },
        Planted {
            mistake: "encoded-opens",
            cases: &["routing/"],
            found: &[("POST /lamps", "routing/encoded")],
            only: &["routing/encoded"],
        },
    ]
}
