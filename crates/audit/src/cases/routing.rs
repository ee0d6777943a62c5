//! Other ways to write the same address, and other methods on it, without credentials.

use handstamp_testkit::recipe::Severity;
use http::Method;

use super::{Plans, Scene};
use crate::engine::{Expected, Plan};
use crate::openapi::{Operation, words};
use crate::wire::Shot;

const SPELLING_WHY: &str = "The check looks at the address as it was written, and the route at what it means: whoever writes it \
                            otherwise passes by the check.";
const SPELLING_FIX: &str = "Tie the check to the route, not to a pattern of paths. Where a proxy decides, let it and the service read \
                            paths alike.";

const WOULD_TOUCH: &str = "it could change what was there before: allow that with --touch-existing";

/// A second way to write a path.
type Spelling = (&'static str, &'static str, fn(&str) -> Option<String>);

const SPELLINGS: [Spelling; 14] = [
    ("slash-after", "a slash after the path", |path| Some(format!("{path}/"))),
    ("slash-before", "two slashes before the path", |path| Some(format!("/{path}"))),
    ("slash-within", "two slashes within the path", |path| {
        let at = path.rfind('/').filter(|at| *at > 0)?;
        Some(format!("{}/{}", path.get(..at)?, path.get(at..)?))
    }),
    ("capitals", "the path in capitals", |path| {
        let capitals = path.to_ascii_uppercase();
        (capitals != path).then_some(capitals)
    }),
    ("encoded", "a letter of the path percent-encoded", |path| {
        let letter = path.as_bytes().get(1).filter(|letter| letter.is_ascii_alphanumeric())?;
        Some(format!("/%{letter:02X}{}", path.get(2..)?))
    }),
    ("encoded-twice", "a letter of the path percent-encoded twice", |path| {
        let letter = path.as_bytes().get(1).filter(|letter| letter.is_ascii_alphanumeric())?;
        Some(format!("/%25{letter:02X}{}", path.get(2..)?))
    }),
    ("dot", "a dot segment before the path", |path| Some(format!("/.{path}"))),
    ("dot-dot", "a way back before the path", |path| Some(format!("/public/..{path}"))),
    ("dot-dot-encoded", "a way back before the path, percent-encoded", |path| {
        Some(format!("/public/%2e%2e{path}"))
    }),
    ("dot-dot-semicolon", "a way back that only some readers see", |path| Some(format!("/public/..;{path}"))),
    ("semicolon", "a path parameter after the path", |path| Some(format!("{path};a=b"))),
    ("extension", "an extension after the path", |path| Some(format!("{path}.json"))),
    ("zero", "an encoded zero byte after the path", |path| Some(format!("{path}%00"))),
    ("backslash", "backslashes for slashes", |path| {
        Some(format!("/{}", path.get(1..)?.replace('/', "\\"))).filter(|changed| changed != path)
    }),
];

/// The same for its last word alone: what stands in front may find its way by how the path begins, and would not come to the service.
const LAST_WORDS: [Spelling; 2] = [
    ("capitals-last", "the path's last word in capitals", |word| {
        let capitals = word.to_ascii_uppercase();
        (capitals != word).then_some(capitals)
    }),
    ("encoded-last", "a letter of the path's last word percent-encoded", |word| {
        let letter = word.as_bytes().first().filter(|letter| letter.is_ascii_alphanumeric())?;
        Some(format!("%{letter:02X}{}", word.get(1..)?))
    }),
];

pub(super) fn plan(scene: &Scene<'_>, plans: &mut Plans) {
    // The braces are filled in later; whether a path can be spelled in another way does not depend on that.
    let template = scene.operation.name.path.as_str();
    for (name, title, spell) in SPELLINGS.into_iter().filter(|(_, _, spell)| spell(template).is_some()) {
        respell(name, title, spell, plans);
    }
    let whole = format!("{}{template}", scene.base_path);
    if let Some((at, word)) = last_word(&whole) {
        for (name, title, spell) in LAST_WORDS.into_iter().filter(|(_, _, spell)| spell(word).is_some()) {
            respell(name, title, move |path| with_word(path, at, spell), plans);
        }
    }
    override_method(scene, plans);
    rewrite(scene, plans);
    internal_address(plans);
    if is_first_of_its_path(scene) {
        undocumented_methods(scene, plans);
    }
}

fn respell(
    name: &str,
    title: &str,
    spell: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    plans: &mut Plans,
) {
    let change = move |shot: &mut Shot| {
        let (path, query) =
            shot.target.split_once('?').map_or((shot.target.as_str(), None), |(p, q)| (p, Some(q)));
        let Some(path) = spell(path) else { return false };
        shot.target = query.map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
        true
    };
    plans.attempts.push(
        open(format!("routing/{name}"), format!("{title}, without credentials"), change)
            .because(SPELLING_WHY, SPELLING_FIX),
    );
}

/// Returns the last word of a path, and which segment it is; none where it is the first as well, which other spellings change.
fn last_word(template: &str) -> Option<(usize, &str)> {
    words(template).skip(1).last()
}

/// Returns a path with one segment in another spelling.
fn with_word(path: &str, at: usize, spell: fn(&str) -> Option<String>) -> Option<String> {
    let mut segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    let word = segments.get_mut(at)?;
    *word = spell(word)?;
    Some(segments.join("/"))
}

fn open(rule: String, title: String, change: impl Fn(&mut Shot) -> bool + Send + Sync + 'static) -> Plan {
    Plan::new(rule, Severity::Critical, title, Expected::AnyRefusal, change).by_address()
}

/// A framework that takes the method from a header checks the one and runs the other.
fn override_method(scene: &Scene<'_>, plans: &mut Plans) {
    let method = &scene.operation.name.method;
    let instead = if *method == Method::POST { Method::GET } else { Method::POST };
    // What is open on purpose answers as itself, whatever the header says.
    if on_this_path(scene).any(|operation| operation.name.method == instead && (scene.is_public)(operation)) {
        return;
    }
    let may_send = instead.is_safe() || scene.may_touch || makes_one(scene);
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let rule = format!("routing/method-override/{name}");
        if !may_send {
            plans.leave_out(scene, &rule, WOULD_TOUCH);
            continue;
        }
        let (method, twins, instead) = (method.clone(), instead.clone(), instead.clone());
        let change = move |shot: &mut Shot| {
            shot.method = instead.clone();
            shot.add_header(name, method.as_str())
        };
        plans.attempts.push(
            open(rule, format!("another method that {name} changes, without credentials"), change)
                .because(
                    "The check sees one method and the handler runs another.",
                    "Turn method overriding off, or put it before the check.",
                )
                .unlike(move |shot| {
                    shot.method = twins.clone();
                    true
                }),
        );
    }
}

/// Some frameworks serve the address in a header instead of the one asked for.
fn rewrite(scene: &Scene<'_>, plans: &mut Plans) {
    for name in ["x-original-url", "x-rewrite-url"] {
        let nowhere = scene.nowhere.to_owned();
        let change = move |shot: &mut Shot| {
            let target = std::mem::replace(&mut shot.target, nowhere.clone());
            shot.add_header(name, &target)
        };
        plans.attempts.push(
            open(
                format!("routing/rewrite/{name}"),
                format!("another address that {name} changes, without credentials"),
                change,
            )
            .because(
                "The check sees one address and the handler of another runs.",
                "Ignore this header, and let the proxy in front remove it.",
            ),
        );
    }
}

fn internal_address(plans: &mut Plans) {
    let change = |shot: &mut Shot| {
        [
            ("x-forwarded-for", "127.0.0.1"),
            ("x-real-ip", "127.0.0.1"),
            ("x-client-ip", "127.0.0.1"),
            ("forwarded", "for=127.0.0.1"),
            ("x-internal", "true"),
            ("x-internal-request", "true"),
        ]
        .iter()
        .all(|(name, value)| shot.add_header(name, value))
    };
    plans.attempts.push(
        open(
            "routing/internal-address".to_owned(),
            "a request that says it comes from within, without credentials".to_owned(),
            change,
        )
        .because(
            "Anybody can write these headers: they say nothing of where a request comes from.",
            "Ask everybody for a token, wherever they come from.",
        ),
    );
}

/// A path without a name is a list, and to send there makes something new.
fn makes_one(scene: &Scene<'_>) -> bool {
    scene.operation.path_names().next().is_none()
}

/// Tried once for each path, at its first operation that is attacked.
fn is_first_of_its_path(scene: &Scene<'_>) -> bool {
    let mut attacked = on_this_path(scene).filter(|operation| !(scene.is_public)(operation));
    attacked.next().is_some_and(|first| first.name == scene.operation.name)
}

fn on_this_path<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Operation> {
    let path = scene.operation.name.path.as_str();
    scene.document.operations().iter().filter(move |operation| operation.name.path == path)
}

fn undocumented_methods(scene: &Scene<'_>, plans: &mut Plans) {
    let mut documented: Vec<&Method> = on_this_path(scene).map(|operation| &operation.name.method).collect();
    // HEAD is GET without its body, and as public as that.
    if on_this_path(scene)
        .any(|operation| operation.name.method == Method::GET && (scene.is_public)(operation))
    {
        documented.push(&Method::HEAD);
    }
    // OPTIONS is how browsers ask, and tells nothing of anybody.
    let others =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE];
    for method in others.into_iter().filter(|method| !documented.contains(&method)) {
        let rule = format!("routing/undocumented-method/{}", method.as_str().to_ascii_lowercase());
        if !(method.is_safe() || scene.may_touch || (method == Method::POST && makes_one(scene))) {
            plans.leave_out(scene, &rule, WOULD_TOUCH);
            continue;
        }
        let title = format!("{method}, which the description does not know, without credentials");
        let change = move |shot: &mut Shot| {
            shot.method = method.clone();
            true
        };
        plans.attempts.push(open(rule, title, change).because(
            "A method that nobody wrote down is one that nobody checks.",
            "Answer 405 to methods that are not meant, and check every method of a path alike.",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::{LAST_WORDS, last_word, with_word};

    #[test]
    fn the_last_word_of_a_path_is_spelled_alone() {
        for (template, path, expected) in [
            ("/v1/lamps", "/v1/lamps", ["/v1/LAMPS", "/v1/%6Camps"]),
            ("/v1/lamps/{id}", "/v1/lamps/a7", ["/v1/LAMPS/a7", "/v1/%6Camps/a7"]),
        ] {
            let (at, word) = last_word(template).unwrap();

            assert_eq!(word, "lamps");
            let spelled = LAST_WORDS.map(|(_, _, spell)| with_word(path, at, spell).unwrap());
            assert_eq!(spelled, expected);
        }
        assert_eq!(last_word("/lamps/{id}"), None);
        assert_eq!(last_word("/{page}"), None);
    }
}
