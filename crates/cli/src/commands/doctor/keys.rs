//! The keys in the database: whether there are any, and whether this root key opens them.

use handstamp_core::Context;
use handstamp_core::model::{KeyPurpose, KeyState};
use handstamp_core::store::Store;
use handstamp_server::config::{Config, PublicUrl};
use handstamp_store_sqlite::OpenMode;

use super::{Finding, bad, good, not_looked_at, note};
use crate::edge::data_folder::DataFolder;
use crate::edge::house::{House, Missing};
use crate::edge::{clients, encryption_key, root_key, token_secret};
use crate::failure::Failure;

/// Opens the keys as the service would, but makes none: `import` takes a store without keys and no other.
pub(super) async fn look(config: &Config, url: &PublicUrl, store: &dyn Store) -> [Finding; 2] {
    match opened(config, url, store).await {
        Ok(found) => found,
        Err(failure) => [
            bad("database", failure.to_string()),
            not_looked_at(&["keys"], "without what is said of the database they cannot be opened"),
        ],
    }
}

async fn opened(config: &Config, url: &PublicUrl, store: &dyn Store) -> Result<[Finding; 2], Failure> {
    if let Some(told) = missing(config, url, store).await? {
        // As much as a start looks at before it makes them.
        encryption_key::load(config)?;
        token_secret::load(config)?;
        clients::load_without_secrets(config)?;
        root_key::load_existing(&DataFolder::at(&config.storage.data))?;
        let told = format!("{told}. Until then nothing shows whether this root key opens them");
        return Ok([good("database", "it opens"), note("keys", told)]);
    }
    let house = House::open(config, url, OpenMode::Command, Missing::Refuse).await?;
    let opened = house.store();
    let signs = signing(&house.context).await;
    drop(house);
    opened.close().await?;
    Ok([good("database", "it opens, and its keys do with this root key"), signs])
}

/// Says what opening the house would make.
async fn missing(config: &Config, url: &PublicUrl, store: &dyn Store) -> Result<Option<String>, Failure> {
    let keys = store.keys().await.map_err(|cause| Failure::because("cannot read the keys", &cause))?;
    if keys.is_empty() {
        let told =
            "there are none yet: the first `handstamp serve` makes them, or `handstamp import` brings them";
        return Ok(Some(told.to_owned()));
    }
    let is_shared_secret = config.settings(url).tokens.algorithm.is_symmetric();
    let missing = KeyPurpose::ALL.iter().find(|purpose| {
        let comes_from_outside = **purpose == KeyPurpose::AccessToken && is_shared_secret;
        !comes_from_outside && !keys.iter().any(|key| key.purpose == **purpose)
    });
    Ok(missing.map(|purpose| {
        format!("there is none of the kind {} yet: the next `handstamp serve` makes it", purpose.as_str())
    }))
}

async fn signing(context: &Context) -> Finding {
    if context.keyring.secrets().is_some() {
        let key = context.keyring.signing_key();
        let told = format!(
            "the secret {} signs with {}: whoever verifies could sign",
            key.key_id(),
            key.algorithm()
        );
        return note("keys", told);
    }
    match context.store.keys().await {
        Ok(keys) => {
            let signs = keys.iter().find(|key| {
                key.purpose == KeyPurpose::AccessToken && matches!(key.state, KeyState::Active { .. })
            });
            match signs {
                Some(key) => good("keys", format!("{} signs with {}", key.id, key.algorithm)),
                None => bad("keys", "no key signs access tokens: run `handstamp key rotate`"),
            }
        }
        Err(cause) => bad("keys", cause.to_string()),
    }
}
