//! Whether a 2xx at another address, or by another method, shows what is protected, or what everybody is shown at such addresses.

use http::StatusCode;
use serde_json::Value;

use super::attack::Field;
use super::attempt::{Attempt, Plan};
use super::run::Run;
use super::shown::Shown;
use crate::openapi::words;
use crate::report::Outcome;
use crate::wire::{Answer, Reply, Shot};

/// A shorter text stands in answers that have nothing to do with each other.
const TELLING_FROM: usize = 6;

impl Run<'_> {
    /// Returns the finding that an answer is, unless the same request shows something at an address where nothing is: a public route
    /// with a name in its path takes any (`/{page}`). Then what is protected must have come back.
    pub(super) async fn proven(
        &mut self,
        field: &Field<'_>,
        plan: &Plan,
        attempt: &Attempt,
        reply: &Reply,
        finding: Outcome,
    ) -> Outcome {
        if let Some(twin) = self.drafted(field).and_then(|shot| plan.twin_of(shot))
            && self.site.send(&twin).await.is_success()
        {
            let because = format!("{} is let in there without it", twin.method);
            return Outcome::NotTried { because };
        }
        let Some(decoy) = self.decoy(field, plan) else { return finding };
        let elsewhere = self.site.send(&decoy).await;
        let Some(shown) = elsewhere.reply().filter(|reply| reply.status.is_success()) else { return finding };
        let mut page = Shown::default();
        page.add(shown, &decoy.target);
        let target = &attempt.shot.target;
        if page.contains(reply, target) {
            return everybodys(reply.status);
        }
        let unclear = || Outcome::Inconclusive {
            because: "what it is answered cannot be told from what is shown at addresses where nothing is"
                .to_owned(),
        };
        if !field.operation.is_safe() {
            return unclear();
        }
        let control = self.try_control(field.operation, &field.stage, field.carrier, &field.owner).await;
        let Some(control) = control.ok().as_ref().and_then(Answer::reply).cloned() else { return unclear() };
        if shows_the_same(reply, &control, &shown.text(), target) {
            return finding;
        }
        let is_a_page =
            reply.media_type() == shown.media_type() && reply.media_type() != control.media_type();
        if is_a_page { everybodys(reply.status) } else { unclear() }
    }

    /// Returns the same request to an address where nothing is, and that looks like the operation's.
    fn decoy(&self, field: &Field<'_>, plan: &Plan) -> Option<Shot> {
        let mut shot = self.drafted(field)?;
        shot.target = elsewhere(&shot.target, &self.site.base_path, &field.operation.name.path)?;
        let shot = plan.on(shot)?.shot;
        // Where only names stand, what is turned around may be the name of somebody's.
        (shot.method.is_safe() || last_word(&field.operation.name.path).is_some()).then_some(shot)
    }

    /// Returns a request of the operation without credentials.
    fn drafted(&self, field: &Field<'_>) -> Option<Shot> {
        let mark = self.site.next_mark();
        let draft = self.site.draft(field.operation, field.stage.variant, &field.stage.known, &mark).ok()?;
        Some(self.site.shot(&draft))
    }
}

fn everybodys(status: StatusCode) -> Outcome {
    Outcome::Refused { with: format!("{status}, what everybody is shown") }
}

/// Returns a target with the last word of its template turned around: of the same length and letters, so that what takes the one takes
/// the other.
fn elsewhere(target: &str, base_path: &str, template: &str) -> Option<String> {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let path = path.strip_prefix(base_path)?;
    let mut segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    let word =
        segments.get_mut(last_word(template).unwrap_or(template.split('/').count().checked_sub(1)?))?;
    let turned: String = word.chars().rev().collect();
    // What reads the same from behind, or is written with percent signs, is made longer.
    *word = if turned == *word || word.contains('%') { format!("{word}x") } else { turned };
    let path = format!("{base_path}{}", segments.join("/"));
    Some(query.map_or_else(|| path.clone(), |query| format!("{path}?{query}")))
}

/// Returns which segment of a path is its last word, and no name.
fn last_word(template: &str) -> Option<usize> {
    words(template).last().map(|(at, _)| at)
}

/// Returns whether an answer tells what the owner is told, and what neither the request nor other addresses tell.
fn shows_the_same(reply: &Reply, control: &Reply, elsewhere: &str, target: &str) -> bool {
    let text = reply.text();
    let owners = match control.json() {
        Some(json) => texts(&json),
        None => vec![control.text()],
    };
    owners.iter().any(|told| {
        told.len() >= TELLING_FROM
            && text.contains(told.as_str())
            && !elsewhere.contains(told.as_str())
            && !target.contains(told.as_str())
    })
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::{elsewhere, shows_the_same};
    use crate::wire::Reply;

    #[test]
    fn an_address_where_nothing_is_looks_like_the_one_where_something_is() {
        for (target, base_path, template, expected) in [
            ("/lamps?page=1", "", "/lamps", "/spmal?page=1"),
            ("/v1/lamps/17", "/v1", "/lamps/{id}", "/v1/spmal/17"),
            ("/orgs/acme/lamps", "", "/orgs/{org}/lamps", "/orgs/acme/spmal"),
            ("/level", "", "/level", "/levelx"),
            ("/17", "", "/{id}", "/71"),
        ] {
            assert_eq!(elsewhere(target, base_path, template).as_deref(), Some(expected), "{target}");
        }
    }

    #[test]
    fn only_what_the_owner_alone_is_told_proves_anything() {
        let reply = |body: &'static str| Reply {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        };
        let control =
            reply(r#"{"lamps":[{"id":"7","name":"the red one","kind":"standard","path":"/lamps/7"}]}"#);
        let same = |body| shows_the_same(&reply(body), &control, "standard", "/lamps/7.json");

        assert!(same("<li>the red one</li>"));
        assert!(!same("<p>7, standard: /lamps/7.json is a page</p>"));
    }
}
