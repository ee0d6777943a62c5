use std::fs;
use std::path::{Path, PathBuf};

use handstamp_store_sqlite::DATABASE_FILE;

use crate::failure::Failure;

/// What an installation cannot lose: the database with what was written last, and what everything in it is sealed under.
const OWN: [&str; 3] = [DATABASE_FILE, "handstamp.db-wal", ROOT_KEY_FILE];
const ROOT_KEY_FILE: &str = "root.key";

/// The folder that holds the embedded database and the root key.
#[derive(Debug, Clone)]
pub(crate) struct DataFolder {
    path: PathBuf,
}

impl DataFolder {
    /// Opens the folder, and makes it where it is missing: for its owner alone.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(|cause| {
            Failure::because(format_args!("cannot use {shown} as the data folder"), &cause)
        })?;
        Ok(Self { path: path.to_owned() })
    }

    /// Names the folder, wherever that is. Makes nothing.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Returns whether there is a database in this folder. Makes nothing.
    pub(crate) fn holds_database(path: &Path) -> bool {
        path.join(DATABASE_FILE).exists()
    }

    /// Returns where the embedded database is.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE_FILE)
    }

    /// Returns where the root key is, unless the environment holds it.
    pub(crate) fn root_key(&self) -> PathBuf {
        self.path.join(ROOT_KEY_FILE)
    }

    /// Returns whether this is a file of the installation itself, by whatever way it is named.
    pub(crate) fn owns(&self, file: &Path) -> bool {
        let Ok(file) = file.canonicalize() else { return false };
        OWN.iter().any(|own| self.path.join(own).canonicalize().is_ok_and(|own| own == file))
    }
}
