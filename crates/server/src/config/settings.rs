use std::collections::BTreeMap;

use handstamp_core::{
    model::UpstreamName,
    settings::{PasswordSettings, SessionSettings, Settings, TokenSettings, UpstreamSettings},
};

use super::{Config, Problems, PublicUrl, UpstreamConfig};
use crate::cookies::CookieNames;

impl Config {
    /// Returns the part of the configuration that the rules go by, for a service at this URL.
    ///
    /// What stands in `tokens.encryption_key_file` and `tokens.secret_file` is for the caller to read, and to put into the
    /// settings' `tokens.encryption` and `tokens.secrets`.
    pub fn settings(&self, url: &PublicUrl) -> Settings {
        let cookie_name_len = CookieNames::new(&self.cookies, url).access.len();
        let settings = Settings {
            tokens: TokenSettings {
                lifetime: self.tokens.lifetime,
                algorithm: self.tokens.algorithm,
                custom_claims: self.tokens.custom_claims.clone(),
                leeway: self.tokens.leeway,
                cookie_name_len,
                ..TokenSettings::default()
            },
            keys: self.keys.settings(),
            sessions: SessionSettings {
                absolute_lifetime: self.sessions.absolute_lifetime,
                idle_lifetime: self.sessions.idle_lifetime,
                refresh_grace: self.sessions.refresh_grace,
                refresh_client_timeout: self.sessions.refresh_client_timeout,
                refresh_service_timeout: self.sessions.refresh_service_timeout,
                max_per_user: self.sessions.max_per_user,
            },
            passwords: self.password_settings(),
            status_lists: self.status_lists.settings(),
            upstreams: self.upstream_settings(),
            ..Settings::new(url.as_str())
        };
        self.tokens.audiences.iter().fold(settings, Settings::audience)
    }

    /// What cannot be a name was refused when the configuration was loaded.
    fn upstream_settings(&self) -> BTreeMap<UpstreamName, UpstreamSettings> {
        let read =
            |(name, upstream): (&String, &UpstreamConfig)| Some((name.parse().ok()?, upstream.settings()));
        self.upstreams.iter().filter_map(read).collect()
    }

    fn password_settings(&self) -> PasswordSettings {
        let rules = PasswordSettings::default();
        PasswordSettings {
            min_length: self.passwords.min_length,
            memory_kib: self.passwords.memory_kib,
            iterations: self.passwords.iterations,
            parallelism: self.passwords.parallelism,
            concurrent_hashes: self.passwords.concurrent_hashes.unwrap_or(rules.concurrent_hashes),
            queue_length: self.passwords.queue_length,
            queue_deadline: self.passwords.queue_deadline,
        }
    }

    /// Asks the rules whether they can live with the settings: at start, not at the first sign-in.
    pub(super) fn check_settings(&self, problems: &mut Problems) {
        // Which URL it is makes no difference to the rules; a URL that cannot be was reported already.
        let Ok(url) = PublicUrl::parse("https://issuer.invalid", false) else { return };
        if let Err(error) = self.settings(&url).check() {
            problems.wrong(error.name, error.problem);
        }
        if self.tokens.secret_file.is_some() && !self.tokens.algorithm.is_symmetric() {
            problems.wrong(
                "tokens.secret_file",
                format_args!(
                    "{} signs with a key pair that the service makes by itself: leave the secret out, or set tokens.algorithm \
                     to HS256",
                    self.tokens.algorithm
                ),
            );
        }
        if self.sessions.idle_lifetime < self.tokens.lifetime {
            problems.wrong(
                "sessions.idle_lifetime",
                "must not be below tokens.lifetime: a token would outlive its session",
            );
        }
        if self.server.request_timeout > self.sessions.refresh_service_timeout {
            problems.wrong(
                "server.request_timeout",
                "must not be above sessions.refresh_service_timeout: a refresh would be handled after clients gave it up",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_secret_that_nothing_is_signed_with_is_refused() {
        let text = "[tokens]\nalgorithm = \"ES256\"\nsecret_file = \"tokens.secret\"\n";
        let refused = Config::load(Some(("handstamp.toml", text)), &[]).unwrap_err().to_string();

        assert_eq!(
            refused,
            "tokens.secret_file: ES256 signs with a key pair that the service makes by itself: leave the secret out, or set \
             tokens.algorithm to HS256 (handstamp.toml line 3)"
        );
    }
}
