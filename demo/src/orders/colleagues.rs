use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::header;
use http::request::Parts;

use crate::http::OnBehalf;
use crate::profiles::ProfileList;

/// Names are a nicety: orders are shown without them rather than late.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The profiles service, asked on behalf of whoever asks us.
#[derive(Clone)]
pub(super) struct Colleagues {
    client: reqwest::Client,
    address: Arc<str>,
    cookie_name: Arc<str>,
}

impl Colleagues {
    /// Returns a client for the profiles service at this address.
    pub(super) fn new(profiles: &str, cookie_name: &str) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client, address: format!("{profiles}/profiles").into(), cookie_name: cookie_name.into() })
    }

    /// Returns the names of the caller's colleagues by `sub`; none where the service cannot be asked.
    pub(super) async fn names(&self, caller: &Parts) -> HashMap<String, String> {
        let Some(on_behalf) = OnBehalf::of(caller, &self.cookie_name) else { return HashMap::new() };
        match self.ask(&on_behalf).await {
            Ok(list) => list.profiles.into_iter().map(|profile| (profile.sub, profile.name)).collect(),
            Err(cause) => {
                tracing::warn!(%cause, "the profiles service does not answer: orders go without names");
                HashMap::new()
            }
        }
    }

    async fn ask(&self, on_behalf: &OnBehalf) -> Result<ProfileList, reqwest::Error> {
        let request =
            self.client.get(&*self.address).header(header::AUTHORIZATION, on_behalf.authorization());
        request.send().await?.error_for_status()?.json().await
    }
}
