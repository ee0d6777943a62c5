use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use handstamp_token::{Entropy, SystemEntropy};

use super::data_folder::DataFolder;
use crate::failure::Failure;

/// A file that appears whole or not at all, for its owner alone. Until it is kept it is a draft beside its place.
pub(crate) struct FreshFile {
    target: PathBuf,
    draft: PathBuf,
    replaces: bool,
    is_kept: bool,
}

impl FreshFile {
    /// Says where. Writes nothing yet, but refuses what would be refused at the end: there may be hours between the two.
    pub(crate) fn new(target: &Path, replaces: bool, installation: &DataFolder) -> Result<Self, Failure> {
        let shown = target.display();
        if installation.owns(target) {
            return Err(Failure::new(format!(
                "{shown} is a file of the installation itself: name another one"
            )));
        }
        let Some(name) = target.file_name().filter(|_| !target.is_dir()) else {
            return Err(Failure::new(format!("{shown} is a folder: name the file that is to be made in it")));
        };
        if !replaces && target.symlink_metadata().is_ok() {
            return Err(is_there(target));
        }
        let folder = folder_of(target);
        if !folder.is_dir() {
            return Err(Failure::new(format!("there is no folder {}: make it first", folder.display())));
        }
        // A number nobody else has. The id of a process is none: in a container it is the same each time, and one that was killed has left
        // its draft behind.
        let mut number = [0; 8];
        SystemEntropy.fill(&mut number);
        let number = u64::from_ne_bytes(number);
        let draft = folder.join(format!(".{}.{number:016x}.part", name.to_string_lossy()));
        Ok(Self { target: target.to_owned(), draft, replaces, is_kept: false })
    }

    /// Returns where the draft belongs. It is not there yet.
    pub(crate) fn draft(&self) -> &Path {
        &self.draft
    }

    /// Makes the draft.
    pub(crate) fn create(&self) -> Result<File, Failure> {
        let mut options = OpenOptions::new();
        // One that is there was not made by us, whatever it leads to.
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.draft).map_err(|cause| self.failed(&cause))
    }

    /// Puts the file in its place, on the disk.
    pub(crate) fn keep(mut self) -> Result<(), Failure> {
        File::open(&self.draft).and_then(|draft| draft.sync_all()).map_err(|cause| self.failed(&cause))?;
        self.put().map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => is_there(&self.target),
            _ => self.failed(&cause),
        })?;
        self.is_kept = true;
        // The name is on the disk when its folder is. Not every system lets a folder be opened.
        #[cfg(unix)]
        File::open(folder_of(&self.target))
            .and_then(|folder| folder.sync_all())
            .map_err(|cause| self.failed(&cause))?;
        Ok(())
    }

    fn put(&self) -> io::Result<()> {
        if self.replaces {
            return fs::rename(&self.draft, &self.target);
        }
        // A rename would take the place of what came meanwhile.
        match fs::hard_link(&self.draft, &self.target) {
            Ok(()) => fs::remove_file(&self.draft),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Err(cause),
            // A disk for backups may have a file system without links.
            Err(_) => fs::rename(&self.draft, &self.target),
        }
    }

    fn failed(&self, cause: &io::Error) -> Failure {
        Failure::because(format_args!("cannot write {}", self.target.display()), cause)
    }
}

impl Drop for FreshFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // It may never have been made.
            let _ = fs::remove_file(&self.draft);
        }
    }
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn is_there(target: &Path) -> Failure {
    Failure::new(format!("{} is there already: name another file, or say --replace", target.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::FreshFile;
    use crate::edge::data_folder::DataFolder;

    #[test]
    fn no_copy_takes_the_place_of_the_installation() {
        let scratch = tempfile::TempDir::new().unwrap();
        let data = scratch.path().join("data");
        fs::create_dir(&data).unwrap();
        let installation = DataFolder::at(&data);
        for name in ["handstamp.db", "handstamp.db-wal", "root.key"] {
            fs::write(data.join(name), "everything").unwrap();
            let by_another_way = data.join("..").join("data").join(name);

            let refused = FreshFile::new(&by_another_way, true, &installation).err();

            assert!(
                refused.is_some_and(|refused| refused.to_string().contains("installation itself")),
                "{name}"
            );
        }
    }

    #[test]
    fn what_a_process_that_was_killed_has_left_is_in_nobodys_way() {
        let scratch = tempfile::TempDir::new().unwrap();
        let (nightly, data) = (scratch.path().join("nightly.db"), scratch.path().join("data"));
        let killed = FreshFile::new(&nightly, false, &DataFolder::at(&data)).unwrap();
        drop(killed.create().unwrap());
        std::mem::forget(killed);

        let file = FreshFile::new(&nightly, false, &DataFolder::at(&data)).unwrap();
        drop(file.create().unwrap());
        file.keep().unwrap();

        assert!(nightly.is_file());
    }

    #[test]
    fn a_copy_of_yesterday_may_lie_beside_the_database_and_be_replaced() {
        let scratch = tempfile::TempDir::new().unwrap();
        let nightly = scratch.path().join("nightly.db");
        fs::write(&nightly, "yesterday").unwrap();

        let file = FreshFile::new(&nightly, true, &DataFolder::at(scratch.path())).unwrap();
        drop(file.create().unwrap());
        file.keep().unwrap();

        assert_eq!(fs::read_to_string(nightly).unwrap(), "");
    }
}
