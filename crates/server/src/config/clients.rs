use std::path::PathBuf;

use handstamp_core::{
    flows::clients,
    model::{Client, ClientId, ClientProof, is_scope},
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Problems;

/// `[clients.NAME]`: a machine client, such as `handstamp client add` makes. NAME is its `client_id`, of `a-z`, `0-9` and `-`. What
/// stands here is not changed by commands, and is heard before what they have added under the same name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientConfig {
    /// A file with its secret, 32 bytes or more. The variable `HANDSTAMP_CLIENTS_NAME_SECRET` can hold it instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// A file with its public key, or keys, in the place of a secret: a JWK, a JWK Set or PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key_file: Option<PathBuf>,
    /// The scopes it may ask for. `token-exchange` lets it act on behalf of users, `introspection` and `revocations` let it ask here.
    pub scopes: Vec<String>,
    /// The audiences it may ask for: whom its tokens are for.
    pub audiences: Vec<String>,
}

impl ClientConfig {
    /// Returns the variable that may hold a client's secret.
    pub fn secret_variable(name: &str) -> String {
        super::secret_variable("clients", name, "secret")
    }

    /// Returns the client, once the caller has read how it proves who it is. `None` for a name that [`super::Config::load`]
    /// refuses.
    pub fn client(&self, name: &str, proof: ClientProof) -> Option<Client> {
        Some(Client {
            id: name.parse().ok()?,
            proof,
            scopes: self.scopes.iter().cloned().collect(),
            audiences: self.audiences.iter().cloned().collect(),
            // Nobody made it at any time: it is there for as long as it stands in the file.
            created_at: Timestamp::UNIX_EPOCH,
        })
    }

    pub(super) fn check(&self, name: &str, problems: &mut Problems) {
        let section = format!("clients.{name}");
        // Narrower than what commands take: a variable could not tell `a-b`, `a_b` and `a.b` apart.
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let id = name.parse::<ClientId>().ok().filter(|_| name.bytes().all(is_plain));
        match id.map(|id| clients::check_id(&id)) {
            None => problems.wrong(
                &section,
                "the name of a client has 1 to 64 of a-z, 0-9 and '-', and begins with no '-'",
            ),
            Some(Err(error)) => problems.wrong(&section, error),
            Some(Ok(())) => {}
        }
        if self.secret_file.is_some() && self.public_key_file.is_some() {
            problems.wrong(
                &format!("{section}.public_key_file"),
                "a client proves who it is in one way: leave out this or secret_file",
            );
        }
        if let Some(wrong) = self.scopes.iter().find(|scope| !is_scope(scope)) {
            problems.wrong(
                &format!("{section}.scopes"),
                format_args!("{wrong:?} is no scope: a word without quotes, backslashes and spaces"),
            );
        }
        if self.audiences.iter().any(|audience| audience.trim().is_empty()) {
            problems.wrong(&format!("{section}.audiences"), "an audience is empty");
        }
    }
}

#[cfg(test)]
mod tests {
    use handstamp_core::model::{ClientProof, ClientSecretHash};

    use crate::config::{ClientConfig, Config};

    const REPORTS: &str = "[clients.reports]\nsecret_file = \"reports.secret\"\nscopes = [\"orders:read\"]\n";

    fn load(text: &str) -> Result<Config, crate::config::ConfigError> {
        Config::load(Some(("handstamp.toml", text)), &[])
    }

    fn refused(text: &str) -> String {
        load(text).unwrap_err().to_string()
    }

    #[test]
    fn a_client_reads_as_people_write_it() {
        let config = load(&format!("{REPORTS}audiences = [\"orders\", \"ledger\"]\n")).unwrap();

        let proof = ClientProof::Secret(ClientSecretHash::of("a secret"));
        let client = config.clients["reports"].client("reports", proof).unwrap();
        assert_eq!(client.id.as_str(), "reports");
        assert!(client.scopes.iter().eq(["orders:read"]));
        assert!(client.audiences.iter().eq(["ledger", "orders"]));
    }

    #[test]
    fn a_client_with_nothing_in_its_section_is_there() {
        assert_eq!(load("[clients.reports]\n").unwrap().clients["reports"], ClientConfig::default());
    }

    #[test]
    fn a_variable_can_change_a_setting_and_hold_the_secret() {
        let variables = [
            ("HANDSTAMP_CLIENTS_REPORTS_AUDIENCES", "orders, ledger"),
            ("HANDSTAMP_CLIENTS_REPORTS_SECRET", "it is read elsewhere"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let overrides = Config::overrides(variables, &[]).unwrap();
        let config = Config::load(Some(("handstamp.toml", REPORTS)), &overrides).unwrap();
        assert_eq!(config.clients["reports"].audiences, ["orders", "ledger"]);
        assert_eq!(ClientConfig::secret_variable("our-reports"), "HANDSTAMP_CLIENTS_OUR_REPORTS_SECRET");
        assert!(!config.to_toml().contains("elsewhere"));
    }

    #[test]
    fn a_name_that_no_client_may_have_is_refused() {
        for name in ["Reports", "\"a b\"", "a_b", "\"a.b\"", "-a", "\"\""] {
            let refused = refused(&format!("[clients.{name}]\n"));
            assert!(refused.contains("the name of a client has 1 to 64 of a-z, 0-9 and '-'"), "{refused}");
        }
        assert!(refused("[clients.handstamp]\n").contains("the client id is taken"));
        let user = "[clients.00000000-0000-4000-8000-000000000000]\n";
        assert!(refused(user).contains("the client id has the form of a user's id"));
    }

    #[test]
    fn two_proofs_are_refused() {
        let refused = refused(&format!("{REPORTS}public_key_file = \"reports.pub\"\n"));
        assert!(refused.contains("clients.reports.public_key_file: a client proves who it is in one way"));
    }

    #[test]
    fn a_scope_of_several_words_is_refused() {
        let refused = refused("[clients.reports]\nscopes = [\"orders:read orders:write\"]\n");
        assert!(
            refused.contains("clients.reports.scopes: \"orders:read orders:write\" is no scope"),
            "{refused}"
        );
    }

    #[test]
    fn an_empty_audience_is_refused() {
        let refused = refused("[clients.reports]\naudiences = [\"\"]\n");
        assert!(refused.contains("clients.reports.audiences: an audience is empty"), "{refused}");
    }

    #[test]
    fn a_setting_that_there_is_not_is_refused_with_one_that_is_near() {
        let refused = refused("[clients.reports]\nsecret_fil = \"x\"\n");
        assert!(refused.contains("did you mean clients.reports.secret_file?"), "{refused}");
    }
}
