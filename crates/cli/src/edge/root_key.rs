use std::io;
use std::path::Path;

use handstamp_core::root_key::{RootKey, RootKeyError};
use handstamp_token::Entropy;
use zeroize::Zeroizing;

use super::data_folder::DataFolder;
use super::{environment, secret_file};
use crate::failure::Failure;

/// Returns the root key: from the environment, or from its file in the data folder, which the first start makes.
pub(crate) fn load(folder: &DataFolder, entropy: &dyn Entropy) -> Result<RootKey, Failure> {
    let path = folder.root_key();
    match find(&path)? {
        Some(key) => Ok(key),
        // A database without its key holds signing keys nobody can open: a new key would only hide what is missing.
        None if folder.database().exists() => Err(Failure::new(format!(
            "the root key {} is missing, and the database beside it cannot be used without: restore the file or set {}",
            path.display(),
            environment::ROOT_KEY
        ))),
        None => make(&path, entropy),
    }
}

/// Returns the root key that is there, and makes none: what is to be opened with it was sealed elsewhere.
pub(crate) fn load_existing(folder: &DataFolder) -> Result<RootKey, Failure> {
    let path = folder.root_key();
    find(&path)?.ok_or_else(|| {
        Failure::new(format!(
            "there is no root key: put the one of the installation into {}, or into {}. For a new installation `handstamp key \
             generate-root FILE` makes one",
            path.display(),
            environment::ROOT_KEY
        ))
    })
}

/// The environment comes first. Nothing if neither has one.
fn find(path: &Path) -> Result<Option<RootKey>, Failure> {
    let Some(text) = environment::text(environment::ROOT_KEY).map(Zeroizing::new) else { return read(path) };
    RootKey::from_text(&text).map(Some).map_err(|cause| wrong(environment::ROOT_KEY, cause))
}

fn make(path: &Path, entropy: &dyn Entropy) -> Result<RootKey, Failure> {
    match secret_file::write_new(path, &RootKey::generate(entropy).to_text()) {
        // Another process may have been faster: its key is then the key.
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => {
            return Err(Failure::because(
                format_args!("cannot write the root key {}", path.display()),
                &cause,
            ));
        }
        _ => {}
    }
    read(path)?
        .ok_or_else(|| Failure::new(format!("the root key {} went away while it was made", path.display())))
}

fn read(path: &Path) -> Result<Option<RootKey>, Failure> {
    let Some(text) = secret_file::read(path, "the root key")? else { return Ok(None) };
    RootKey::from_text(&text).map(Some).map_err(|cause| wrong(&path.display().to_string(), cause))
}

fn wrong(place: &str, cause: RootKeyError) -> Failure {
    Failure::because(format_args!("{place} cannot be used"), &cause)
}
