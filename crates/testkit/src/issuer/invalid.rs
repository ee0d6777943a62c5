use handstamp_api_types::ACCESS_TOKEN_TYP;
use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_token::{Rejection, SigningKey};
use serde_json::{Map, Value};

use super::TestIssuer;
use super::token::random_text;
use crate::recipe::{Case, Forged, Material, Missing, Mode, Recipe, Severity};

/// A token that must not pass, with what it is and what a service has to answer.
#[derive(Debug, Clone)]
pub struct InvalidToken {
    case: &'static Case,
    forged: Forged,
}

/// What the recipe makes of one good token.
pub(crate) struct Set {
    pub(crate) tokens: Vec<InvalidToken>,
    /// Each with the reason.
    pub(crate) left_out: Vec<(&'static Case, Missing)>,
}

impl TestIssuer {
    /// Returns every class of bad token, made of a good one of this issuer.
    ///
    /// ```
    /// # use handstamp_testkit::TestIssuer;
    /// let issuer = TestIssuer::start();
    /// let verifier = issuer.verifier();
    /// for bad in issuer.invalid_tokens().iter().filter(|bad| !bad.is_about_sending()) {
    ///     assert!(verifier.try_verify(bad.token()).is_err(), "{}: {}", bad.name(), bad.reason());
    /// }
    /// ```
    pub fn invalid_tokens(&self) -> Vec<InvalidToken> {
        let good = self.token().role("admin").org("acme").mint();
        // It was signed just now.
        self.invalid_tokens_like(&good).expect("a minted token can be taken apart")
    }

    /// Returns every class of bad token, made of this good one: one that the tested service lets in, with the roles it asks for.
    /// Only then does it show something that it refuses the bad ones.
    ///
    /// # Errors
    ///
    /// What is no token of this issuer cannot be changed into a bad one: signed by one key under the name of another, each would be
    /// refused for that alone, and not for what it is about.
    pub fn invalid_tokens_like(&self, good: &str) -> Result<Vec<InvalidToken>, Rejection> {
        Ok(self.set_of_invalid(good)?.tokens)
    }

    /// Returns the bad tokens, and the cases that say nothing about tokens like this one.
    pub(crate) fn set_of_invalid(&self, good: &str) -> Result<Set, Rejection> {
        let material = self.material(good)?;
        let mut set = Set { tokens: Vec::new(), left_out: Vec::new() };
        for case in Recipe::built_in().cases() {
            match case.make(&material) {
                Ok(forged) => set.tokens.push(InvalidToken { case, forged }),
                Err(missing) => set.left_out.push((case, missing)),
            }
        }
        Ok(set)
    }

    /// Returns all there is to make bad tokens from, tokens included that this issuer has just taken back.
    ///
    /// # Errors
    ///
    /// As those of [`invalid_tokens_like`](Self::invalid_tokens_like).
    pub fn material(&self, good: &str) -> Result<Material, Rejection> {
        let key = self.key_that_signed(good)?;
        let material = Material::of_token(good, self.now())?.signing_key(key.clone());
        let twin = |level: RevocationLevel, kind| {
            let name = format!("testkit-{}-{}", level.as_str(), self.count());
            let token = self.twin(&material, &key, level, &name);
            self.revoke(level, &name, kind);
            token
        };
        let (ended, revoked, disabled, changed) = (
            twin(RevocationLevel::Session, RevocationKind::Dead),
            twin(RevocationLevel::Token, RevocationKind::Dead),
            twin(RevocationLevel::Subject, RevocationKind::Dead),
            twin(RevocationLevel::Subject, RevocationKind::Stale),
        );
        let says = |claim: &str| material.claims().contains_key(claim);
        let wider = [
            (
                "org-suspended",
                says("org_id").then(|| twin(RevocationLevel::Organization, RevocationKind::Dead)),
            ),
            (
                "client-removed",
                says("client_id").then(|| twin(RevocationLevel::Client, RevocationKind::Dead)),
            ),
        ];
        let material = material
            .made("session-ended", ended)
            .made("token-revoked", revoked)
            .made("account-disabled", disabled)
            .made("roles-changed", changed)
            .made("refresh-token", random_text() + &random_text());
        // Of what the good token does not name, nothing can be taken back.
        let wider = wider.into_iter().filter_map(|(name, token)| Some((name, token?)));
        Ok(wider.fold(material, |material, (name, token)| material.made(name, token)))
    }

    /// Returns a token like the good one, with a name of its own at one level, so that it can be taken back alone.
    fn twin(&self, material: &Material, key: &SigningKey, level: RevocationLevel, name: &str) -> String {
        let mut claims: Map<String, Value> = material.claims().clone();
        let rev = self.log().position();
        claims.insert("jti".to_owned(), random_text().into());
        claims.insert("rev".to_owned(), rev.to_string().into());
        // A machine's own token is about the client: it is the same machine's still.
        if level == RevocationLevel::Client && claims.get("sub") == claims.get("client_id") {
            claims.insert("sub".to_owned(), name.into());
        }
        claims.insert(level.as_str().to_owned(), name.into());
        claims.remove("status");
        self.minted().place(&mut claims, self, rev);
        // The good token was not longer, but for a few characters.
        key.sign(ACCESS_TOKEN_TYP, &claims).unwrap_or_default()
    }
}

impl InvalidToken {
    /// Returns the case's name: `unsigned/stripped/lower`.
    pub fn name(&self) -> &'static str {
        self.case.name()
    }

    /// Returns in a few words what is bad.
    pub fn title(&self) -> &'static str {
        self.case.title()
    }

    /// Returns why it must not pass.
    pub fn reason(&self) -> &'static str {
        self.case.why()
    }

    /// Returns what a service that lets it pass has to do.
    pub fn fix(&self) -> &'static str {
        self.case.fix()
    }

    /// Returns what it means that it passes.
    pub fn severity(&self) -> Severity {
        self.case.severity()
    }

    /// Returns the status to expect.
    pub fn status(&self) -> u16 {
        self.case.status()
    }

    /// Returns the `code` to expect of a service behind the verify layer.
    pub fn code(&self) -> Option<&'static str> {
        self.case.code()
    }

    /// Returns the case of the recipe.
    pub fn case(&self) -> &'static Case {
        self.case
    }

    /// Returns the token.
    pub fn token(&self) -> &str {
        self.forged.token()
    }

    /// Returns whether it is about how a token is sent, or what a route asks for, so that the token alone shows nothing.
    pub fn is_about_sending(&self) -> bool {
        self.forged.has_own_carriage() || self.case.is_for_roles()
    }

    /// Returns the headers to send. `cookie` is the name of the service's cookie.
    pub fn headers(&self, mode: Mode, cookie: &str) -> Vec<(String, String)> {
        self.forged.headers(mode, cookie)
    }

    /// Returns what to send in the query, if anything.
    pub fn query(&self, cookie: &str) -> Option<String> {
        self.forged.query(cookie)
    }
}
