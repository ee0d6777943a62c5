use super::Question;
use super::original::Address;
use crate::csrf::AllowedOrigins;

/// Where people sign in, and how far the cookie reaches that they get there.
#[derive(Debug, Clone)]
pub(super) struct SignInPage {
    page: String,
    host: String,
    cookie_domain: Option<String>,
}

/// Somebody who signs in there would come back without a cookie.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Signing in at {at} sets no cookie that reaches {wanted}. Let the proxy serve /auth under {wanted} as well, or set \
     cookies.domain to a domain that both hosts belong to."
)]
pub(super) struct OutOfReach {
    at: String,
    wanted: String,
}

impl SignInPage {
    pub(super) fn new(page: &str, cookie_domain: Option<&str>) -> Self {
        let host = Address::whole(page).and_then(|page| page.host()).unwrap_or_default();
        Self { page: page.to_owned(), host: host.to_owned(), cookie_domain: cookie_domain.map(str::to_owned) }
    }

    /// Returns the page's address for somebody on their way elsewhere, to which it sends them back if that is an origin of ours.
    pub(super) fn address_for(
        &self,
        question: &Question<'_>,
        allowed: &AllowedOrigins,
    ) -> Result<String, OutOfReach> {
        let Some(wanted) = question.address else { return Ok(self.page.clone()) };
        if let Some(host) = wanted.host().filter(|host| !self.reaches(host)) {
            return Err(OutOfReach { at: self.host.clone(), wanted: host.to_owned() });
        }
        let Some(return_to) = wanted.at_home(allowed) else { return Ok(self.page.clone()) };
        let return_to: String = url::form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
        Ok(format!("{}?return_to={return_to}", self.page))
    }

    fn reaches(&self, host: &str) -> bool {
        match &self.cookie_domain {
            Some(domain) => {
                host == domain || host.strip_suffix(domain.as_str()).is_some_and(|sub| sub.ends_with('.'))
            }
            None => host == self.host,
        }
    }
}
