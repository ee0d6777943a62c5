use std::io::{self, Write};

use http::StatusCode;
use serde::Serialize;

use crate::edge::fetch::{self, Told};
use crate::failure::Failure;
use crate::output::{self, Styled};

/// What a service says to a token, and to nobody.
#[derive(Debug, Serialize)]
pub(super) struct ServiceAnswer {
    service: String,
    status: u16,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    www_authenticate: Option<String>,
    /// Whether it says the same to somebody without a token, so that its answer says nothing about this one.
    open_to_everybody: bool,
}

impl ServiceAnswer {
    /// Asks a service with the token, and once without.
    pub(super) fn ask(service: &str, token: &str) -> Result<Self, Failure> {
        let with: Told = fetch::status_with_token(service, token)?;
        let without = fetch::status_without_token(service)?;
        Ok(Self {
            service: service.to_owned(),
            status: with.status.as_u16(),
            reason: with.reason(),
            www_authenticate: with.www_authenticate,
            open_to_everybody: with.status.is_success() && without.status.is_success(),
        })
    }

    /// Returns whether the service turns the token away: as no good, or as lacking a right.
    pub(super) fn is_refusal(&self) -> bool {
        [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].iter().any(|status| status.as_u16() == self.status)
    }

    /// Prints what it means.
    pub(super) fn print<W: Write>(&self, out: &mut Styled<W>) -> io::Result<()> {
        let status = StatusCode::from_u16(self.status).unwrap_or_default();
        let meaning = match status {
            _ if self.open_to_everybody => {
                out.style.bad("it lets everybody in: its answer says nothing about this token")
            }
            status if status.is_success() => out.style.good("it lets this token in"),
            StatusCode::UNAUTHORIZED => out.style.bad("it refuses this token"),
            StatusCode::FORBIDDEN => out.style.bad("it takes the token, and misses a right"),
            StatusCode::NOT_FOUND => "there is nothing at this address, or nothing for this token".to_owned(),
            _ => "that says nothing about the token".to_owned(),
        };
        writeln!(out, "\n{} {}: {meaning}", self.service, output::printable(&self.reason))?;
        if let Some(challenge) = &self.www_authenticate {
            writeln!(out, "  {}", out.style.dim(output::printable(challenge)))?;
        }
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::ServiceAnswer;

    #[test]
    fn a_service_refuses_with_401_and_403_alone() {
        for (status, is_refusal) in
            [(200, false), (302, false), (401, true), (403, true), (404, false), (503, false)]
        {
            let answer = ServiceAnswer {
                service: "https://orders.example".to_owned(),
                status,
                reason: status.to_string(),
                www_authenticate: None,
                open_to_everybody: false,
            };

            assert_eq!(answer.is_refusal(), is_refusal, "{status}");
        }
    }
}
