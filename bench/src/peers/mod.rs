//! Everybody who verifies and signs: the bare primitive, ourselves, and the libraries that people use today.
//!
//! All verify the very token, check issuer, audience and times by the system's clock, and hand back typed claims where
//! the library has them. All sign the same claims with the same `kid` and `typ`.

mod biscuit;
mod child;
mod floor;
mod handstamp;
mod installation;
mod jsonwebtoken;
mod jwt_compact;

pub use child::Child;
pub use floor::verification as bare_verification;
pub use handstamp::{BUILDER, NAME as OURS};

use crate::Outcome;
use crate::fixture::Fixture;
use crate::race::Contestant;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// From the token's text to its claims.
    Verify,
    /// From claims to the token's text.
    Sign,
}

impl Work {
    /// Returns the word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Sign => "sign",
        }
    }
}

/// Returns the contestants of this process for one algorithm, the floor first. Those without the algorithm are left out.
pub fn contestants(work: Work, fixture: &Fixture) -> Outcome<Vec<Contestant<'_>>> {
    let peers = [
        floor::contestant(work, fixture),
        handstamp::contestant(work, fixture),
        handstamp::borrowed(work, fixture),
        handstamp::builder(work, fixture),
        jsonwebtoken::contestant(work, fixture),
        biscuit::contestant(work, fixture),
        jwt_compact::contestant(work, fixture),
    ];
    peers.into_iter().filter_map(Result::transpose).collect()
}

/// Starts the peers that run in processes of their own, installing them at first use. What cannot be had is told in `notes`.
pub fn children(fixtures: &[Fixture], notes: &mut Vec<String>) -> Vec<Child> {
    let mut children = Vec::new();
    for peer in installation::PEERS {
        match peer.install().and_then(|command| Child::start(peer.names, command, fixtures)) {
            Ok(child) => children.push(child),
            Err(problem) => {
                let first_line = problem.lines().next().unwrap_or_default();
                notes.push(format!("not measured: {} ({first_line})", peer.names.join(", ")));
            }
        }
    }
    children
}

/// A contestant that works: its first operation succeeded.
fn working<'a, T, E: std::fmt::Display>(
    name: &str,
    mut operation: impl FnMut() -> Result<T, E> + 'a,
) -> Outcome<Option<Contestant<'a>>> {
    operation().map_err(|error| format!("{name}: {error}"))?;
    Ok(Some(Contestant::new(name, operation)))
}
