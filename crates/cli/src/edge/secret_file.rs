//! Files that hold a secret: read only if nobody else on the machine can, written for the owner alone.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// Larger than any key or set of keys; a wrong file name must not fill the memory.
const MAX_LEN: u64 = 64 * 1024;

// Permissions, as `chmod` counts them.
const GROUP: u32 = 0o070;
const GROUP_WRITES: u32 = 0o020;
const OTHERS: u32 = 0o007;

/// Reads the file; `None` if there is none. `what` says in errors what it is: "the root key".
pub(crate) fn read(path: &Path, what: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    read_unless_open_to(path, what, GROUP | OTHERS)
}

/// Reads a file that its group may read too: keys of certificates are often shared so by the servers of a machine.
pub(crate) fn read_with_group(path: &Path, what: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    read_unless_open_to(path, what, GROUP_WRITES | OTHERS)
}

/// Reads the password that `setting` names a file for. The line end that editors add is no part of it.
pub(crate) fn password(path: &Path, what: &str, setting: &str) -> Result<Zeroizing<String>, Failure> {
    let text = read_with_group(path, what)?
        .ok_or_else(|| Failure::new(format!("{setting}: there is no file {}", path.display())))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn read_unless_open_to(path: &Path, what: &str, refused: u32) -> Result<Option<Zeroizing<String>>, Failure> {
    let shown = path.display();
    let failed = |cause: io::Error| Failure::because(format_args!("cannot read {what} {shown}"), &cause);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(failed(cause)),
    };
    refuse_open_permissions(&file, path, what, refused).map_err(failed)??;
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_LEN).read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}

/// Writes the whole file, or fails with [`io::ErrorKind::AlreadyExists`] and leaves the one that is there: nobody ever reads
/// half a secret.
pub(crate) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    // A crash may have left one, or somebody with plans for what we write has put one there: it is not written into.
    let _ = fs::remove_file(&draft);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    linked
}

/// What others on the machine can read is no secret: say so before it is used.
#[cfg(unix)]
fn refuse_open_permissions(
    file: &File,
    path: &Path,
    what: &str,
    refused: u32,
) -> io::Result<Result<(), Failure>> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    let open_to_others = mode & refused;
    Ok(if open_to_others == 0 {
        Ok(())
    } else {
        let shown = path.display();
        Err(Failure::new(format!(
            "{what} {shown} can be read by others (mode {mode:o}): run chmod 600 {shown}"
        )))
    })
}

#[cfg(not(unix))]
fn refuse_open_permissions(_: &File, _: &Path, _: &str, _: u32) -> io::Result<Result<(), Failure>> {
    Ok(Ok(()))
}
