use handstamp_verify::forward_auth::{Check, Passed, Question, Refused};

use crate::{AppState, access::Caller};

/// Answers proxies that ask whether a request may pass, over HTTP and over gRPC.
#[derive(Clone)]
pub(crate) struct Door(pub(crate) AppState);

impl Check for Door {
    async fn check(&self, question: &Question<'_>) -> Result<Passed, Refused> {
        let forward_auth = self.0.forward_auth();
        let right = self.0.right_time().check();
        right.map_err(|error| forward_auth.refuse(question, error.into_problem().into()))?;
        let passed = forward_auth.check(question).await?;
        if let Some(principal) = passed.principal() {
            // Tokens of somebody who is no user of ours do not pass, and the session was seen.
            Caller::new(&self.0, principal.clone())
                .map_err(|error| forward_auth.refuse(question, error.into_problem().into()))?;
        }
        Ok(passed)
    }
}
