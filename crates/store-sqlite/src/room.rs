use std::fs;
use std::io::{self, Write};
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, TryLockError};

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
    /// Held by who looks for room.
    turn: Mutex<()>,
}

impl Room {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { probe: folder.join(FILE), is_refused: AtomicBool::new(false), turn: Mutex::new(()) }
    }

    /// Takes note that something could not be written.
    pub(crate) fn refused(&self) {
        if !self.is_refused.swap(true, Ordering::Relaxed) {
            tracing::error!("the database cannot be written: its disk is full, or it is read-only");
        }
    }

    /// Returns whether something could not be written, and nobody has found that it can be again.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Relaxed)
    }

    /// Finds out whether there is room again. One looks at a time, and whoever asks meanwhile hears that there is none yet: anybody may ask
    /// whether a service is ready, and a disk that is full must not be kept busy with that.
    pub(crate) fn look(&self) -> io::Result<()> {
        let _turn = match self.turn.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(io::Error::other("somebody is looking just now")),
            turn => turn,
        };
        let found = folder::private_file(&self.probe).and_then(|mut file| {
            file.write_all(&filling())?;
            file.sync_all()
        });
        // Another process may look at the same time: then it is gone already.
        let _ = fs::remove_file(&self.probe);
        found?;
        if self.is_refused.swap(false, Ordering::Relaxed) {
            tracing::info!("there is room for the database again");
        }
        Ok(())
    }
}

/// Returns bytes that cannot be packed: a file system that compresses takes no room at all for zeros.
fn filling() -> Vec<u8> {
    // Xorshift, which no number comes out of twice.
    let words = iter::successors(Some(0x9e37_79b9_7f4a_7c15_u64), |&word| {
        let word = word ^ (word << 13);
        let word = word ^ (word >> 7);
        Some(word ^ (word << 17))
    });
    words.take(ENOUGH / 8).flat_map(u64::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn what_is_written_needs_room_on_every_file_system() {
        let filling = filling();

        assert_eq!(filling.len(), ENOUGH);
        let words: HashSet<&[u8]> = filling.chunks(8).collect();
        assert_eq!(words.len(), ENOUGH / 8, "nothing comes twice");
        let mut counts = [0_usize; 256];
        for byte in &filling {
            counts[usize::from(*byte)] += 1;
        }
        let usual = ENOUGH / 256;
        assert!(counts.iter().all(|count| (usual * 3 / 4..usual * 5 / 4).contains(count)), "{counts:?}");
    }

    #[test]
    fn one_looks_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::new(folder.path());
        room.refused();

        let looking = room.turn.lock().unwrap();
        assert!(room.look().is_err() && room.is_refused());
        drop(looking);

        room.look().unwrap();
        assert!(!room.is_refused());
    }

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
