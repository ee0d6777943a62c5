use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use handstamp_core::root_key::{RootKey, RootKeyError};
use handstamp_token::Entropy;
use zeroize::Zeroizing;

use super::data_folder::DataFolder;
use super::environment;
use crate::failure::Failure;

/// Returns the root key: from the environment, or from its file in the data folder, which the first start makes.
pub(crate) fn load(folder: &DataFolder, entropy: &dyn Entropy) -> Result<RootKey, Failure> {
    if let Some(text) = environment::text(environment::ROOT_KEY).map(Zeroizing::new) {
        return RootKey::from_text(&text).map_err(|cause| wrong(environment::ROOT_KEY, cause));
    }
    let path = folder.root_key();
    match read(&path)? {
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

fn make(path: &Path, entropy: &dyn Entropy) -> Result<RootKey, Failure> {
    write_once(path, &RootKey::generate(entropy).to_text()).map_err(|cause| {
        Failure::because(format_args!("cannot write the root key {}", path.display()), &cause)
    })?;
    // Another process may have been faster: its key is then the key.
    read(path)?
        .ok_or_else(|| Failure::new(format!("the root key {} went away while it was made", path.display())))
}

/// Writes the whole file, or leaves the one that is there: nobody ever reads half a key.
fn write_once(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => Err(cause),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<RootKey>, Failure> {
    let shown = path.display();
    let failed =
        |cause: io::Error| Failure::because(format_args!("cannot read the root key {shown}"), &cause);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(failed(cause)),
    };
    refuse_open_permissions(&file, path).map_err(failed)??;
    let mut text = Zeroizing::new(String::new());
    file.take(1024).read_to_string(&mut text).map_err(failed)?;
    RootKey::from_text(&text).map(Some).map_err(|cause| wrong(&shown.to_string(), cause))
}

/// A root key that others on the machine can read is no secret: say so before it is used.
#[cfg(unix)]
fn refuse_open_permissions(file: &File, path: &Path) -> io::Result<Result<(), Failure>> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    let open_to_others = mode & 0o077;
    Ok(if open_to_others == 0 {
        Ok(())
    } else {
        let shown = path.display();
        Err(Failure::new(format!(
            "the root key {shown} can be read by others (mode {mode:o}): run chmod 600 {shown}"
        )))
    })
}

#[cfg(not(unix))]
fn refuse_open_permissions(_: &File, _: &Path) -> io::Result<Result<(), Failure>> {
    Ok(Ok(()))
}

fn wrong(place: &str, cause: RootKeyError) -> Failure {
    Failure::because(format_args!("{place} cannot be used"), &cause)
}
