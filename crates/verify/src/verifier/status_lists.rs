use super::{BuildError, VerifierBuilder};
use crate::http_client::HttpClient;
use crate::keys::SharedKeys;
use crate::revocation::status_list::{
    StatusError, StatusListChecker, StatusListOptions, Statuses, WhenUnknown,
};

/// What a builder was told about status lists.
pub(super) struct StatusListChoice {
    lists_below: String,
    when_unknown: WhenUnknown,
}

/// Status lists in the place of the feed.
impl VerifierBuilder {
    /// Looks each token up in the issuer's status lists, in the place of following its revocations: for issuers that do not
    /// speak our feed. `lists_below` is what all addresses of lists begin with; Handstamp's are below
    /// `https://auth.example/status-lists/`. What happens while a list cannot be had has no default: see [`WhenUnknown`].
    ///
    /// A list is fetched with the first token that names it, kept for its `ttl`, and believed until its `exp`, whatever HTTP
    /// headers say. So long after a sign-out its tokens may still pass; the feed tells within milliseconds. A
    /// [watch](super::Verifier::watch) over an open connection hears nothing of lists: it ends when its token expires.
    #[must_use]
    pub fn check_status_lists(mut self, lists_below: impl Into<String>, when_unknown: WhenUnknown) -> Self {
        self.status_lists = Some(StatusListChoice { lists_below: lists_below.into(), when_unknown });
        self.without_revocations()
    }

    /// Returns who decides by status lists, if that was asked for.
    pub(super) fn statuses(
        &mut self,
        keys: &SharedKeys,
        client: &HttpClient,
    ) -> Result<Option<Statuses>, BuildError> {
        let Some(choice) = self.status_lists.take() else { return Ok(None) };
        let problem =
            |problem: &dyn std::fmt::Display| BuildError::StatusLists { problem: problem.to_string() };
        let options = StatusListOptions {
            issuer: self.issuer().to_owned(),
            lists_below: choice.lists_below.parse().map_err(|error| problem(&error))?,
            algorithms: self.allowed_algorithms().to_vec(),
            keys: keys.clone(),
        };
        let checker =
            StatusListChecker::with_client(options, client.clone()).map_err(|error| match error {
                StatusError::Options(error) => error.into(),
                error => problem(&error),
            })?;
        Ok(Some(Statuses::new(checker, choice.when_unknown)))
    }
}
