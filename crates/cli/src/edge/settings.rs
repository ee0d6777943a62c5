use std::path::{Path, PathBuf};

use clap::Args;
use handstamp_gateway::config as gateway;
use handstamp_server::config::{Config, ConfigError, ConfigProblem, Override, SECRETS_OF_ENTRIES, SecretUrl};
use handstamp_settings::{Keys, Settings, Source};

use super::environment;
use crate::failure::Failure;

/// Read when nobody names another file, and only if it is there.
const DEFAULT_FILE: &str = "handstamp.toml";

/// Where settings and data are: the same for every command that touches the store.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SettingsArgs {
    /// The configuration file (default: `handstamp.toml` in this folder, if there is one)
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    config: Option<PathBuf>,

    /// The folder of the embedded database: `[storage] data`
    #[arg(long, value_name = "DIR", help_heading = "Settings")]
    data: Option<PathBuf>,

    /// A PostgreSQL database to use instead: `[storage] database_url`. One with a password is refused here and belongs into
    /// `HANDSTAMP_STORAGE_DATABASE_URL`
    #[arg(long, value_name = "URL", help_heading = "Settings")]
    database_url: Option<String>,
}

/// Why there is no configuration.
pub(crate) enum SettingsError {
    /// The file cannot be read.
    Unreadable(Failure),
    /// It says something that cannot be.
    Wrong(ConfigError),
}

impl SettingsArgs {
    /// Returns the configuration: defaults, file, variables, flags.
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        self.load_with(&[])
    }

    /// Returns the configuration with further flags on top.
    pub(crate) fn load_with(&self, flags: &[Override]) -> Result<Config, Failure> {
        self.try_load_with(flags).map_err(told)
    }

    /// Returns the configuration, or every mistake in it.
    pub(crate) fn try_load_with(&self, flags: &[Override]) -> Result<Config, SettingsError> {
        let mut above = Vec::new();
        if let Some(data) = &self.data {
            above.push(Override::flag("--data", "storage.data", data.to_string_lossy()));
        }
        if let Some(url) = &self.database_url {
            check_flag(url)?;
            above.push(Override::flag("--database-url", "storage.database_url", url));
        }
        above.extend_from_slice(flags);
        self.sources()?.service(&above).map_err(SettingsError::Wrong)
    }

    /// Returns what the gateway's part of the same file and variables says.
    pub(crate) fn load_gateway(&self) -> Result<gateway::Config, Failure> {
        self.try_load_gateway().map_err(told)
    }

    /// Returns what the gateway's part of the same file and variables says, or every mistake in it.
    pub(crate) fn try_load_gateway(&self) -> Result<gateway::Config, SettingsError> {
        self.sources()?.try_gateway(&[]).map_err(SettingsError::Wrong)
    }

    fn sources(&self) -> Result<Sources, SettingsError> {
        Sources::try_read(self.config.as_deref())
    }
}

/// Refuses a password where every user of the machine can read it.
fn check_flag(database_url: &str) -> Result<(), SettingsError> {
    if !SecretUrl::from(database_url).has_password() {
        return Ok(());
    }
    let problem = ConfigProblem {
        key: Some("storage.database_url".to_owned()),
        place: Some("--database-url".to_owned()),
        message: "every user of this machine can read a command line: name the database without the password, and put that \
                  into a file, storage.database_password_file; or all of it into HANDSTAMP_STORAGE_DATABASE_URL"
            .to_owned(),
    };
    Err(SettingsError::Wrong(ConfigError { problems: vec![problem] }))
}

/// What a file and the variables say to all programs of the house.
pub(crate) struct Sources {
    file: Option<(String, String)>,
    overrides: Vec<Override>,
}

impl Sources {
    /// Reads the file, or the one that is read when nobody names another, and the variables.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        Self::try_read(file).map_err(told)
    }

    fn try_read(file: Option<&Path>) -> Result<Self, SettingsError> {
        let file = read_file(file).map_err(SettingsError::Unreadable)?;
        Ok(Self { file, overrides: variables().map_err(SettingsError::Wrong)? })
    }

    /// Returns the auth service's configuration.
    fn service(&self, flags: &[Override]) -> Result<Config, ConfigError> {
        self.load(flags, gateway::Config::keys())
    }

    /// Returns the gateway's configuration.
    pub(crate) fn gateway(&self, flags: &[Override]) -> Result<gateway::Config, Failure> {
        self.try_gateway(flags).map_err(|error| wrong(&error))
    }

    fn try_gateway(&self, flags: &[Override]) -> Result<gateway::Config, ConfigError> {
        self.load(flags, Config::keys())
    }

    fn load<T: Settings>(&self, flags: &[Override], others: &Keys) -> Result<T, ConfigError> {
        let file = self.file.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        let overrides = [self.overrides.as_slice(), flags].concat();
        Source { file, overrides: &overrides, others: Some(others) }.load()
    }
}

fn read_file(named: Option<&Path>) -> Result<Option<(String, String)>, Failure> {
    let path = match named {
        Some(path) => path,
        None if Path::new(DEFAULT_FILE).exists() => Path::new(DEFAULT_FILE),
        None => return Ok(None),
    };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Failure::because(format_args!("cannot read the configuration {name}"), &cause))?;
    Ok(Some((name, text)))
}

/// Returns what the variables say. One that names a setting of any program of the house is no mistake.
fn variables() -> Result<Vec<Override>, ConfigError> {
    let reserved = [environment::SECRETS, &SECRETS_OF_ENTRIES].concat();
    Override::from_variables(&[Config::keys(), gateway::Config::keys()], environment::ours(), &reserved)
}

/// Returns the JSON Schema of the configuration file: what every program of the house reads in it.
pub(crate) fn schema() -> serde_json::Value {
    let mut schema = Config::schema();
    let gateway = handstamp_settings::schema::<gateway::Config>();
    if let (Some(sections), Some(gateway)) =
        (schema["properties"].as_object_mut(), gateway["properties"].as_object())
    {
        for (name, section) in gateway {
            // Sections that both read are the same.
            sections.entry(name).or_insert_with(|| section.clone());
        }
    }
    schema
}

/// Returns a configuration of these defaults, the variables above them, and these flags on top, whatever files there are.
pub(crate) fn around_variables(defaults: &[Override], flags: &[Override]) -> Result<Config, Failure> {
    let variables = variables().map_err(|error| wrong(&error))?;
    let sources = Sources { file: None, overrides: [defaults, &variables].concat() };
    sources.service(flags).map_err(|error| wrong(&error))
}

fn told(error: SettingsError) -> Failure {
    match error {
        SettingsError::Unreadable(failure) => failure,
        SettingsError::Wrong(error) => wrong(&error),
    }
}

fn wrong(error: &ConfigError) -> Failure {
    let first = error.problems.first().map(ToString::to_string).unwrap_or_default();
    Failure::new(match error.problems.len() {
        0 | 1 => first,
        n => format!("{first} – and {} more: `handstamp config check` lists them", n - 1),
    })
}
