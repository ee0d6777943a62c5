use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The folder that holds the embedded database and the root key.
#[derive(Debug, Clone)]
pub(crate) struct DataFolder {
    path: PathBuf,
}

/// While this lives, no other `serve` starts on the folder. The operating system lets go of it however we end.
#[derive(Debug)]
pub(crate) struct ServeLock {
    _file: File,
}

impl DataFolder {
    /// Opens the folder, and makes it where it is missing: for its owner alone.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(path)
            .map_err(|cause| Failure::because(format_args!("cannot use {shown} as the data folder"), &cause))?;
        Ok(Self { path: path.to_owned() })
    }

    /// Returns the folder's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns where the embedded database is.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("handstamp.db")
    }

    /// Returns where the root key is, unless the environment holds it.
    pub(crate) fn root_key(&self) -> PathBuf {
        self.path.join("root.key")
    }

    /// Makes sure that this is the only `serve` on the folder.
    pub(crate) fn lock_for_serving(&self) -> Result<ServeLock, Failure> {
        let shown = self.path.display();
        let failed = |cause: io::Error| Failure::because(format_args!("cannot lock the data folder {shown}"), &cause);
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(self.path.join("serve.lock"))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                note_owner(&file).map_err(failed)?;
                Ok(ServeLock { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(Failure::new(format!(
                "the data folder {shown} is already served by {}: stop it first, or give this one a folder of its own with --data",
                owner(&file)
            ))),
            Err(TryLockError::Error(cause)) => Err(failed(cause)),
        }
    }
}

fn note_owner(mut file: &File) -> io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())
}

fn owner(mut file: &File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse::<u32>().ok()) {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}
