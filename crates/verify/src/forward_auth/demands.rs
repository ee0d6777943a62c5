use handstamp_api_types::ErrorCode;

use super::Refusal;
use super::org_path::OrgPath;
use super::original::Address;
use crate::{AuthError, Principal};

/// What a route behind the proxy demands of whoever wants to pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Demands {
    /// One of each.
    roles: Vec<Vec<String>>,
    orgs: Vec<String>,
    org_paths: Vec<OrgPath>,
    lets_preflights_pass: bool,
}

impl Demands {
    /// Reads `role=…&org=…`: what the route demands in the address, and what stands in headers, which a client can send as well.
    pub(super) fn read<'q>(
        address: impl IntoIterator<Item = &'q str>,
        headers: impl IntoIterator<Item = &'q str>,
    ) -> Result<Self, Refusal> {
        let mut demands = Self::default();
        demands.add_all(headers)?;
        // A client may demand more of itself, and this is less.
        if demands.lets_preflights_pass {
            return Err(Refusal::invalid(PREFLIGHT_IN_HEADER));
        }
        demands.add_all(address)?;
        Ok(demands)
    }

    fn add_all<'q>(&mut self, texts: impl IntoIterator<Item = &'q str>) -> Result<(), Refusal> {
        let parameters = texts.into_iter().flat_map(|text| url::form_urlencoded::parse(text.as_bytes()));
        for (name, value) in parameters {
            self.add(&name, &value)?;
        }
        Ok(())
    }

    /// Adds one. A misspelt `rol=admin` must not let everybody in, so that an unknown name is refused.
    pub(super) fn add(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        match (name, value) {
            // No role has a comma in its name.
            ("role", roles) => self.roles.push(roles.split(',').map(str::to_owned).collect()),
            ("org", org) => self.orgs.push(org.to_owned()),
            ("org_path", pattern) => {
                let pattern = OrgPath::parse(pattern).ok_or_else(|| {
                    Refusal::invalid(format!(
                        "{pattern:?} does not say where the organisation stands: /orgs/{{org}} does."
                    ))
                })?;
                self.org_paths.push(pattern);
            }
            ("preflight", "pass") => self.lets_preflights_pass = true,
            ("preflight", _) => return Err(Refusal::invalid("preflight can only be \"pass\".")),
            (unknown, _) => {
                return Err(Refusal::invalid(format!(
                    "There is no parameter {unknown:?} here: role, org, org_path and preflight are."
                )));
            }
        }
        Ok(())
    }

    /// Returns whether browsers may ask the service behind if a script may send a request.
    pub(super) fn lets_preflights_pass(&self) -> bool {
        self.lets_preflights_pass
    }

    pub(super) fn judge(&self, principal: &Principal, address: Option<&Address<'_>>) -> Result<(), Refusal> {
        for any_of in &self.roles {
            if !any_of.iter().any(|role| principal.has_role(role)) {
                return Err(AuthError::RoleRequired { needed: any_of.clone() }.into());
            }
        }
        for org in &self.orgs {
            principal.org_scope()?.require(org)?;
        }
        for pattern in &self.org_paths {
            let address =
                address.ok_or_else(|| Refusal::detailed(ErrorCode::OrgMismatch, ADDRESS_MISSING))?;
            let org = pattern.org(address.path()).ok_or(AuthError::OrgMismatch)?;
            principal.org_scope()?.require(org)?;
        }
        Ok(())
    }
}

const PREFLIGHT_IN_HEADER: &str = "preflight=pass is for the proxy to say, in the address of the question or in context_extensions: the \
     header X-Handstamp-Require may come from the client.";

const ADDRESS_MISSING: &str = "The proxy did not say which address the original request had, or said two that differ, and the \
     organisation stands in it. Send X-Original-URL or X-Forwarded-Uri.";
