use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::path::Path;

/// The database's name in the data folder. SQLite keeps two more files beside it while it is open, `-wal` and `-shm`.
pub const DATABASE_FILE: &str = "handstamp.db";

/// Makes the folder where it is missing: for its owner alone.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Opens a file, makes it where it is missing, and takes away everybody's rights but the owner's.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    if let Some(permissions) = narrowed(&file.metadata()?) {
        file.set_permissions(permissions)?;
    }
    Ok(file)
}

/// Makes a database's file where it is missing, and takes away everybody's rights but the owner's.
///
/// One that is there is not opened: to close a file is to let go of all locks that the process has on it, and SQLite's are such. Another
/// process would then take itself for the last one that has the database open, and remove a log that is in use.
pub(crate) fn private_database(path: &Path) -> io::Result<()> {
    let found = match fs::metadata(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return private_file(path).map(drop),
        found => found?,
    };
    if !found.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    match narrowed(&found) {
        Some(permissions) => fs::set_permissions(path, permissions),
        None => Ok(()),
    }
}

/// Returns the rights that a file is to have, where others may do something with it.
#[cfg(unix)]
fn narrowed(found: &Metadata) -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    let others_may_something = found.permissions().mode() & 0o077 != 0;
    others_may_something.then(|| Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn narrowed(_: &Metadata) -> Option<Permissions> {
    None
}
