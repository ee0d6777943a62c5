//! Who may read answers from a page of another origin.

use handstamp_testkit::recipe::{Mode, Severity};
use http::{Method, header};

use super::{Plans, Scene};
use crate::engine::{Expected, Plan};
use crate::wire::{Reply, Shot};

const WHY: &str = "Any page the user visits can call this with the user's cookies and read the answer.";
const FIX: &str = "Name the origins that may read answers, exactly, and never echo the Origin header or `null` together with \
                   Access-Control-Allow-Credentials.";

pub(super) fn plan(scene: &Scene<'_>, plans: &mut Plans) {
    // A bearer token is added by whoever has it, never by the browser: only cookies make this an attack.
    let severity = if scene.carrier.mode() == Mode::Cookie { Severity::High } else { Severity::Note };
    let host = scene.origin.split_once("://").map_or(scene.origin, |(_, host)| host);
    let origins = [
        ("cors/any-origin", "https://page.invalid".to_owned(), "a page of any origin"),
        ("cors/null-origin", "null".to_owned(), "a page without an origin, such as a sandboxed frame"),
        (
            "cors/longer-origin",
            format!("https://{host}.page.invalid"),
            "an origin that begins like the service's own",
        ),
        ("cors/ending-origin", format!("https://page{host}"), "an origin that ends like the service's own"),
    ];
    for (rule, origin, title) in origins {
        let method = scene.operation.name.method.clone();
        // A preflight carries no token, and what it allows matters most where browsers add one.
        if scene.is_first_carrier || scene.carrier.mode() == Mode::Cookie {
            let origin = origin.clone();
            let preflight = move |shot: &mut Shot| {
                let wanted = method.as_str().to_owned();
                shot.method = Method::OPTIONS;
                shot.body = bytes::Bytes::new();
                comes_from(&origin, shot)
                    && shot.add_header("access-control-request-method", &wanted)
                    && shot.add_header("access-control-request-headers", "authorization,content-type")
            };
            plans.attempts.push(complaint(rule, "preflight", severity, title, preflight));
        }
        if scene.operation.is_safe() {
            let (carrier, token) = (scene.carrier.clone(), scene.owner.clone());
            let request =
                move |shot: &mut Shot| comes_from(&origin, shot) && carrier.put(token.reveal(), shot);
            plans.attempts.push(complaint(rule, "request", severity, title, request));
        }
    }
}

/// Sets the page's origin, whatever `--header` says: a request has one.
fn comes_from(origin: &str, shot: &mut Shot) -> bool {
    shot.headers.remove(header::ORIGIN);
    shot.add_header("origin", origin)
}

fn complaint(
    rule: &str,
    what: &str,
    severity: Severity,
    title: &str,
    change: impl Fn(&mut Shot) -> bool + Send + Sync + 'static,
) -> Plan {
    Plan::new(format!("{rule}/{what}"), severity, title, Expected::Unless(lets_it_read), change)
        .complaint(format!("lets {title} read its answers"))
        .because(WHY, FIX)
}

/// Returns whether a browser would show the answer to the page that asked, cookies and all.
fn lets_it_read(shot: &Shot, reply: &Reply) -> bool {
    let origin = shot.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    origin.is_some()
        && reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN) == origin
        && reply.header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS) == Some("true")
}
