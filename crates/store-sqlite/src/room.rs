use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::folder;

/// What is written beside the database to find out whether there is room again, and taken away at once.
const FILE: &str = "room.probe";
/// Several times what a unit of work takes: SQLite itself may find some in a file that is larger than it needs just now.
const ENOUGH: usize = 256 * 1024;

/// Whether what is written finds room: as long as nothing else is known, it does.
#[derive(Debug)]
pub(crate) struct Room {
    probe: PathBuf,
    is_refused: AtomicBool,
}

impl Room {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { probe: folder.join(FILE), is_refused: AtomicBool::new(false) }
    }

    /// Takes note that something could not be written.
    pub(crate) fn refused(&self) {
        if !self.is_refused.swap(true, Ordering::Relaxed) {
            tracing::error!("the database cannot be written: make room on its disk");
        }
    }

    /// Returns whether something could not be written, and nobody has found that it can be again.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Relaxed)
    }

    /// Finds out whether there is room again.
    pub(crate) fn look(&self) -> io::Result<()> {
        let found = folder::private_file(&self.probe).and_then(|mut file| {
            file.write_all(&vec![0; ENOUGH])?;
            file.sync_all()
        });
        // Two may look at the same time: then it is gone already.
        let _ = fs::remove_file(&self.probe);
        found?;
        if self.is_refused.swap(false, Ordering::Relaxed) {
            tracing::info!("there is room for the database again");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_stays_so_until_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let room = Room::new(&data);
        assert!(!room.is_refused());

        room.refused();
        assert!(room.look().is_err() && room.is_refused(), "there is no such folder");
        fs::create_dir(&data).unwrap();
        room.look().unwrap();

        assert!(!room.is_refused());
        assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "nothing is left behind");
    }
}
