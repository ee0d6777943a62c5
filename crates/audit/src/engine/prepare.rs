use http::StatusCode;
use http::header;

use super::objects::{self, Known};
use super::run::Run;
use crate::carrier::Carrier;
use crate::openapi::Operation;
use crate::source::GoodToken;
use crate::synthesis::Variant;
use crate::wire::Answer;

/// So many requests are tried before an operation is given up.
const MAX_TRIES: usize = 24;

/// A way to make requests of an operation that its service takes.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) variant: Variant,
    pub(crate) known: Known,
}

/// Why a control was not let in.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) because: String,
    /// Whether what it asked for is not there.
    is_missing: bool,
    /// Whether it was the token that was refused.
    pub(super) is_unauthorized: bool,
    /// Whether it was never sent, because it would change what was there before.
    pub(super) would_touch: bool,
}

impl Refused {
    pub(super) fn because(because: impl Into<String>) -> Self {
        Self { because: because.into(), is_missing: false, is_unauthorized: false, would_touch: false }
    }

    /// The service has answered so.
    pub(super) fn by(answer: &Answer, who: &str) -> Self {
        Self {
            because: format!("{who} gets {}", answer.in_words()),
            is_missing: matches!(answer.status(), Some(StatusCode::NOT_FOUND | StatusCode::GONE)),
            is_unauthorized: answer.status() == Some(StatusCode::UNAUTHORIZED),
            would_touch: false,
        }
    }
}

impl<'a> Run<'a> {
    /// Sends requests with a good token until one is let in. The error says why none was.
    pub(super) async fn control(
        &mut self,
        operation: &Operation,
        carrier: &Carrier,
        token: &GoodToken,
    ) -> Result<Stage, Refused> {
        if objects::replaces_what_is_there(operation) && !self.site.options.touch_existing {
            let because = "it changes or removes what was there before: allow that with --touch-existing";
            return Err(Refused { would_touch: true, ..Refused::because(because) });
        }
        let touches = objects::works_on_one(operation);
        if touches {
            self.make_object(operation, token).await;
        }
        let refused = match self.control_on(operation, carrier, token, touches).await {
            Ok(stage) => return Ok(stage),
            Err(refused) => refused,
        };
        if !refused.is_missing {
            return Err(refused);
        }
        // What was listed before may be gone by now.
        if self.look_again(operation, token).await
            && let Ok(stage) = self.control_on(operation, carrier, token, touches).await
        {
            return Ok(stage);
        }
        // An order without an attachment has none to show: objects made in other ways may.
        for variant in self.other_ways_to_make(operation) {
            self.make_object_so(operation, variant, token).await;
            if let Ok(stage) = self.control_on(operation, carrier, token, touches).await {
                return Ok(stage);
            }
        }
        Err(refused)
    }

    async fn control_on(
        &mut self,
        operation: &Operation,
        carrier: &Carrier,
        token: &GoodToken,
        touches: bool,
    ) -> Result<Stage, Refused> {
        let mut refused = Refused::because("no request could be made");
        let mut tries = 0;
        for known in self.ways_to(operation, touches) {
            if touches && !self.is_to_be_touched(operation, &known) {
                return Err(Refused::because(self.nothing_to_touch()));
            }
            for variant in Variant::all(operation.body.as_ref().map_or(1, |body| body.media.len())) {
                if tries == MAX_TRIES {
                    return Err(refused);
                }
                tries += 1;
                let stage = Stage { variant, known: known.clone() };
                match self.try_control(operation, &stage, carrier, token).await {
                    Ok(Answer::Reply(reply)) if reply.status.is_success() => {
                        let target =
                            self.site.base_path.clone() + &objects::filled(&operation.name.path, &known);
                        if !self.everybody.contains(&reply, &target) {
                            return Ok(stage);
                        }
                        // Who is shown what anybody is shown anywhere was not let in by their token.
                        return Err(Refused::because(
                            "a good token is shown what everybody is shown at any address",
                        ));
                    }
                    Ok(answer) => {
                        refused = Refused::by(&answer, "a good token");
                        // Not a matter of what the request says.
                        if matches!(
                            answer.status(),
                            Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) | None
                        ) || answer.says_nothing()
                        {
                            return Err(refused);
                        }
                        if refused.is_missing {
                            break;
                        }
                    }
                    Err(problem) => refused = Refused::because(problem),
                }
            }
        }
        Err(refused)
    }

    /// Sends one control, and notes what it tells of.
    pub(super) async fn try_control(
        &mut self,
        operation: &Operation,
        stage: &Stage,
        carrier: &Carrier,
        token: &GoodToken,
    ) -> Result<Answer, String> {
        let mark = self.site.next_mark();
        let draft = self.site.draft(operation, stage.variant, &stage.known, &mark)?;
        let mut shot = self.site.shot(&draft);
        if !carrier.put(token.reveal(), &mut shot) {
            return Err("the good token cannot be written into a header".to_owned());
        }
        let answer = self.site.send(&shot).await;
        if answer.is_success() {
            self.note(operation, stage, &answer);
        }
        Ok(answer)
    }

    /// Notes the objects that an answer tells of, or that it says are gone.
    fn note(&mut self, operation: &Operation, stage: &Stage, answer: &Answer) {
        let Some(reply) = answer.reply() else { return };
        let path = objects::filled(&operation.name.path, &stage.known);
        match operation.name.method.as_str() {
            "GET" => {
                if let Some(json) = reply.json() {
                    self.shelf.note(&path, &json, false);
                }
            }
            "POST" => {
                if let Some(json) = reply.json() {
                    self.shelf.note(&path, &json, true);
                }
                if let Some(location) = reply.header(header::LOCATION) {
                    self.shelf.note_location(&path, location);
                }
            }
            "DELETE" => self.note_gone(operation, &stage.known),
            _ => {}
        }
    }

    /// Notes that the object of an operation is no more.
    pub(super) fn note_gone(&mut self, operation: &Operation, known: &Known) {
        if let Some(last) = objects::last_name(&operation.name.path)
            && let Some(id) = known.get(last.name)
        {
            self.shelf.remove(&objects::filled(last.collection, known), last.name, id);
        }
    }

    /// Makes an object for an operation to work on, where another operation makes such objects and is known to work.
    pub(super) async fn make_object(&mut self, operation: &Operation, token: &GoodToken) {
        let Some((_, stage, _)) = self.maker_of(operation) else { return };
        let variant = stage.variant;
        self.make_object_so(operation, variant, token).await;
    }

    /// Asks once more for the list of what an operation works on. Returns whether there is one.
    async fn look_again(&mut self, operation: &Operation, token: &GoodToken) -> bool {
        let Some(last) = objects::last_name(&operation.name.path) else { return false };
        let lister = self.site.document.operations().iter().find(|lister| {
            lister.name.method == http::Method::GET
                && lister.name.path.trim_end_matches('/') == last.collection
        });
        let Some((lister, (stage, carrier))) =
            lister.and_then(|lister| Some((lister, self.stages.get(&lister.name.to_string())?.clone())))
        else {
            return false;
        };
        self.try_control(lister, &stage, &carrier, token).await.is_ok_and(|answer| answer.is_success())
    }

    /// Returns the ways to make such an object that are not the usual one.
    fn other_ways_to_make(&self, operation: &Operation) -> Vec<Variant> {
        let Some((maker, stage, _)) = self.maker_of(operation) else { return Vec::new() };
        let media_types = maker.body.as_ref().map_or(1, |body| body.media.len());
        Variant::all(media_types).filter(|variant| *variant != stage.variant).collect()
    }

    async fn make_object_so(&mut self, operation: &Operation, variant: Variant, token: &GoodToken) {
        let Some((maker, stage, carrier)) = self.maker_of(operation) else { return };
        let stage = Stage { variant, ..stage };
        // That it cannot be made shows in what follows.
        let _ = self.try_control(maker, &stage, &carrier, token).await;
    }

    /// Returns the operation that makes what the last name in an operation's path stands for.
    fn maker_of(&self, operation: &Operation) -> Option<(&'a Operation, Stage, Carrier)> {
        let last = objects::last_name(&operation.name.path)?;
        let maker = self.site.document.operations().iter().find(|maker| {
            maker.name.method == http::Method::POST
                && maker.name.path.trim_end_matches('/') == last.collection
        })?;
        let (stage, carrier) = self.stages.get(&maker.name.to_string())?.clone();
        Some((maker, stage, carrier))
    }

    /// Returns the ways to fill in an operation's path.
    pub(super) fn ways_to(&self, operation: &Operation, touches: bool) -> Vec<Known> {
        let ours =
            objects::ways(operation, &self.shelf, &self.claims, &self.site.options.parameters, touches);
        let has_ours = ours.iter().any(|way| self.is_to_be_touched(operation, way));
        if touches && !has_ours && self.site.options.touch_existing {
            return objects::ways(operation, &self.shelf, &self.claims, &self.site.options.parameters, false);
        }
        ours
    }

    /// Returns whether a way leads to something that an operation may change.
    pub(super) fn is_to_be_touched(&self, operation: &Operation, way: &Known) -> bool {
        if self.site.options.touch_existing {
            objects::is_known(operation, way)
        } else {
            objects::is_named(operation, way)
        }
    }

    pub(super) fn nothing_to_touch(&self) -> String {
        if self.site.options.touch_existing {
            "there is no object to try it on: name one with --param".to_owned()
        } else {
            "there is no object of this run's own to try it on: name one with --param, or allow existing ones with --touch-existing"
                .to_owned()
        }
    }
}
