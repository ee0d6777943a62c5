//! Good tokens of the wrong people: another organisation's objects, and claims made beside the token.

use handstamp_testkit::recipe::Severity;

use super::{Plans, Scene, rights};
use crate::engine::{Expected, Plan};
use crate::source::GoodToken;

const RULE: &str = "identity/other-organisation";

/// How a request may say beside its token for whom it speaks.
const SAYS_ORG: [&str; 5] = ["x-org-id", "x-organization-id", "x-tenant-id", "x-tenant", "x-org"];

pub(super) fn plan(scene: &Scene<'_>, plans: &mut Plans) {
    // Without braces in the path nothing names an object; what a list shows is looked at when all objects are there (`aftermath`).
    if scene.is_shared || scene.operation.path_names().next().is_none() {
        return;
    }
    if !scene.names_an_object {
        return plans.leave_out(scene, RULE, "it takes an object of the owner's: name one with --param");
    }
    let Some(outsider) = scene.outsider else {
        return plans.leave_out(scene, RULE, "it takes a token of somebody in another organisation");
    };
    let why = "Whoever may sign in at all reads or changes what belongs to another organisation, by trying ids \
               (OWASP API1:2023, broken object level authorization).";
    let fix = "Look the object up within the caller's organisation: WHERE org_id = (the token's) AND id = …. Answer 404 for what \
               belongs to somebody else.";
    let doubt = doubt(scene, outsider);
    let (carrier, token) = (scene.carrier.clone(), outsider.clone());
    let as_outsider = move |shot: &mut _| carrier.put(token.reveal(), shot);
    plans.attempts.push(
        Plan::new(
            RULE,
            Severity::Critical,
            "another organisation's object, by its id",
            Expected::Forbidden,
            as_outsider,
        )
        .because(why, fix)
        .doubtful(doubt.clone()),
    );

    let claims = scene.owner.unverified_claims();
    let Some(org) = claims.get("org_id").and_then(|org| org.as_str()).map(str::to_owned) else { return };
    let (carrier, token) = (scene.carrier.clone(), outsider.clone());
    let with_words = move |shot: &mut crate::wire::Shot| {
        shot.add_query(
            &url::form_urlencoded::Serializer::new(String::new()).append_pair("org_id", &org).finish(),
        );
        carrier.put(token.reveal(), shot) && SAYS_ORG.iter().all(|name| shot.add_header(name, &org))
    };
    plans.attempts.push(
        Plan::new(
            "identity/organisation-by-request",
            Severity::Critical,
            "another organisation's object, with a request that says it is one's own",
            Expected::Forbidden,
            with_words,
        )
        .because(
            "The organisation is taken from a header or the query, which the caller writes, instead of from the token, which the \
             issuer signs.",
            "Take the organisation from the verified token alone.",
        )
        .doubtful(doubt),
    );
}

/// Says what else an outsider is refused for: who may not do such things anywhere shows nothing of whose the object is.
fn doubt(scene: &Scene<'_>, outsider: &GoodToken) -> Option<String> {
    let asked = scene.carrier.asks(&scene.operation.access);
    // Where the owner's token does not have it either, tokens say it in other words than the description.
    if rights::missing(&scene.owner.unverified_claims(), &asked).is_some() {
        return None;
    }
    let name = rights::missing(&outsider.unverified_claims(), &asked)?;
    Some(format!("the token of the other organisation does not have {name:?}, which the operation asks for"))
}
