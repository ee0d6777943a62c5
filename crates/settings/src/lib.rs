//! How Handstamp's programs read their configuration: one file, overridden by variables, overridden by flags.
//!
//! A program describes its settings as structs, one for each section, and reads them with [`Source::load`]. Every mistake is told at
//! once, with the place where it was made, and an unknown name with the nearest known one. Auth service and gateway may share a
//! file: each passes over what is the other's.
//!
//! This crate reads text it is given. Which file, which variables and which flags there are, the command line says.
//!
//! ```
//! use std::{sync::LazyLock, time::Duration};
//!
//! use handstamp_settings::{Keys, Problems, Settings, Source, duration};
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! #[derive(Debug, Default, Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields, default)]
//! struct Config {
//!     shop: Shop,
//! }
//!
//! #[derive(Debug, Default, Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields, default)]
//! struct Shop {
//!     #[serde(with = "duration")]
//!     #[schemars(with = "String")]
//!     open_for: Duration,
//! }
//!
//! impl Settings for Config {
//!     fn keys() -> &'static Keys {
//!         static KEYS: LazyLock<Keys> = LazyLock::new(Keys::of::<Config>);
//!         &KEYS
//!     }
//!
//!     fn check(&self, problems: &mut Problems) {
//!         if self.shop.open_for.is_zero() {
//!             problems.wrong("shop.open_for", "nobody could ever come in");
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), handstamp_settings::ConfigError> {
//! let source = Source { file: Some(("shop.toml", "[shop]\nopen_for = \"8h\"")), ..Source::default() };
//! let config: Config = source.load()?;
//! assert_eq!(config.shop.open_for, Duration::from_hours(8));
//!
//! let source = Source { file: Some(("shop.toml", "[shop]\nopen_form = \"8h\"")), ..Source::default() };
//! let refused = source.load::<Config>().unwrap_err().to_string();
//! assert_eq!(
//!     refused,
//!     "shop.open_form: there is no such setting: did you mean shop.open_for? (shop.toml line 2)"
//! );
//! # Ok(())
//! # }
//! ```

pub mod address;
mod cookie_names;
mod cookies;
pub mod duration;
mod keys;
mod load;
mod log;
mod loopback;
mod network;
mod overrides;
mod problems;
mod public_url;
mod tls;

pub use cookie_names::CookieNames;
pub use cookies::{ClearSiteData, CookieConfig, SameSite};
pub use keys::{Keys, schema};
pub use load::{Settings, Source};
pub use log::{LogConfig, LogFormat};
pub use loopback::is_loopback;
pub use network::{Network, NetworkError, stands_for_many};
pub use overrides::{Override, VARIABLE_PREFIX, secret_variable};
pub use problems::{ConfigError, ConfigProblem, Problems};
pub use public_url::{PublicUrl, PublicUrlError};
pub use tls::{CertificateConfig, TlsConfig};
