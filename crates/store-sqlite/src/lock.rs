use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process;

use crate::folder;
use crate::open_error::OpenError;

const LOCK_FILE: &str = "serve.lock";

/// Whether a second service may serve the folder at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShareMode {
    /// No. The right choice unless somebody means otherwise: two services by accident are a mistake in the deployment.
    #[default]
    Exclusive,
    /// Yes, if it shares too: to replace one by the other without a gap.
    Shared,
}

/// While this lives, nobody else serves the folder who must not. The operating system lets go of it however we end.
#[derive(Debug)]
pub(crate) struct ServeLock {
    _file: File,
}

/// Locks the folder for serving.
pub(crate) fn lock(folder: &Path, mode: ShareMode) -> Result<ServeLock, OpenError> {
    let failed = |source| OpenError::Lock { folder: folder.to_owned(), source };
    let mut file = folder::private_file(&folder.join(LOCK_FILE)).map_err(failed)?;
    let locked = match mode {
        ShareMode::Exclusive => file.try_lock(),
        ShareMode::Shared => file.try_lock_shared(),
    };
    match locked {
        Ok(()) => {
            sign(&mut file).map_err(failed)?;
            Ok(ServeLock { _file: file })
        }
        Err(TryLockError::WouldBlock) => {
            Err(OpenError::AlreadyServed { folder: folder.to_owned(), by: holder(&mut file) })
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Writes our process id into the file, for whoever is refused. Among those who share, the newest one's stands.
fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", process::id())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse::<u32>().ok()) {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}
