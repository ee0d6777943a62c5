use std::fs::{DirBuilder, File, OpenOptions};
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
    #[cfg(unix)]
    close_to_others(&file)?;
    Ok(file)
}

#[cfg(unix)]
fn close_to_others(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = file.metadata()?.permissions();
    let others_may_something = permissions.mode() & 0o077 != 0;
    if others_may_something {
        permissions.set_mode(0o600);
        file.set_permissions(permissions)?;
    }
    Ok(())
}
