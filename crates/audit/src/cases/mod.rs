//! What is tried on each operation: one kind of mistake, one file.

mod cors;
mod forged;
mod identity;
pub(crate) mod leak;
mod rights;
mod routing;

use handstamp_testkit::recipe::Material;
use handstamp_token::SigningKey;

use crate::carrier::Carrier;
use crate::engine::Plan;
use crate::openapi::{Document, Operation};
use crate::report::{CaseReport, Outcome};
use crate::source::GoodToken;
use crate::wire::Canary;

pub(crate) use forged::forger_keys;

/// What plans are made from.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and none hangs on another")]
pub(crate) struct Scene<'a> {
    pub(crate) document: &'a Document,
    pub(crate) operation: &'a Operation,
    pub(crate) carrier: &'a Carrier,
    pub(crate) owner: &'a GoodToken,
    pub(crate) outsider: Option<&'a GoodToken>,
    pub(crate) material: &'a Material,
    /// The key that signs, where it is known.
    pub(crate) signing_key: Option<&'a SigningKey>,
    /// Where addresses in forged tokens lead, where the service could come there.
    pub(crate) canary: Option<&'a Canary>,
    /// What the paths of all operations begin with, before what the description says.
    pub(crate) base_path: &'a str,
    /// An address below the target where nothing is.
    pub(crate) nowhere: &'a str,
    /// Host and port of the target, as an `Origin` has them.
    pub(crate) origin: &'a str,
    /// Whether the path names an object that the owner is known to have.
    pub(crate) names_an_object: bool,
    /// Whether this operation's objects belong to everybody who is signed in.
    pub(crate) is_shared: bool,
    /// Tells operations that are open on purpose.
    pub(crate) is_public: &'a (dyn Fn(&Operation) -> bool + Sync),
    /// Whether it is the first carrier's turn: what carries no token at all is tried once.
    pub(crate) is_first_carrier: bool,
    /// Whether what the path leads to may be changed.
    pub(crate) may_touch: bool,
}

/// Attempts to make, and cases that cannot be made with what there is.
#[derive(Default)]
pub(crate) struct Plans {
    pub(crate) attempts: Vec<Plan>,
    pub(crate) left_out: Vec<CaseReport>,
}

impl Plans {
    /// Returns everything to try on an operation, with tokens carried in one place.
    pub(crate) fn of(scene: &Scene<'_>) -> Self {
        let mut plans = Self::default();
        forged::plan(scene, &mut plans);
        rights::plan(scene, &mut plans);
        identity::plan(scene, &mut plans);
        // These come without credentials.
        if scene.is_first_carrier && !scene.operation.access.is_optional() {
            routing::plan(scene, &mut plans);
        }
        cors::plan(scene, &mut plans);
        plans
    }

    fn leave_out(&mut self, scene: &Scene<'_>, rule: &str, because: impl Into<String>) {
        self.left_out.push(CaseReport {
            case: rule.to_owned(),
            carrier: scene.carrier.to_string(),
            outcome: Outcome::NotTried { because: because.into() },
        });
    }
}
