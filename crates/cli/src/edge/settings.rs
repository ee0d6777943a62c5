use std::path::{Path, PathBuf};

use clap::Args;
use handstamp_server::config::{Config, ConfigError, Override};

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

    /// A PostgreSQL URL, to use instead: `[storage] database_url`. One with a password belongs into `HANDSTAMP_STORAGE_DATABASE_URL`
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
        self.try_load_with(flags).map_err(|error| match error {
            SettingsError::Unreadable(failure) => failure,
            SettingsError::Wrong(error) => wrong(&error),
        })
    }

    /// Returns the configuration, or every mistake in it.
    pub(crate) fn try_load_with(&self, flags: &[Override]) -> Result<Config, SettingsError> {
        let file = self.file().map_err(SettingsError::Unreadable)?;
        let variables = environment::ours();
        let mut overrides =
            Config::overrides(variables, environment::SECRETS).map_err(SettingsError::Wrong)?;
        if let Some(data) = &self.data {
            overrides.push(Override::flag("--data", "storage.data", data.to_string_lossy()));
        }
        if let Some(url) = &self.database_url {
            overrides.push(Override::flag("--database-url", "storage.database_url", url));
        }
        overrides.extend_from_slice(flags);
        let file = file.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        Config::load(file, &overrides).map_err(SettingsError::Wrong)
    }

    fn file(&self) -> Result<Option<(String, String)>, Failure> {
        let path = match &self.config {
            Some(path) => path.as_path(),
            None if Path::new(DEFAULT_FILE).exists() => Path::new(DEFAULT_FILE),
            None => return Ok(None),
        };
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|cause| {
            Failure::because(format_args!("cannot read the configuration {name}"), &cause)
        })?;
        Ok(Some((name, text)))
    }
}

/// Returns a configuration of these defaults, the variables above them, and these flags on top, whatever files there are.
pub(crate) fn around_variables(defaults: &[Override], flags: &[Override]) -> Result<Config, Failure> {
    let variables = Config::overrides(environment::ours(), environment::SECRETS);
    let variables = variables.map_err(|error| wrong(&error))?;
    Config::load(None, &[defaults, &variables, flags].concat()).map_err(|error| wrong(&error))
}

fn wrong(error: &ConfigError) -> Failure {
    let first = error.problems.first().map(ToString::to_string).unwrap_or_default();
    Failure::new(match error.problems.len() {
        0 | 1 => first,
        n => format!("{first} – and {} more: `handstamp config check` lists them", n - 1),
    })
}
