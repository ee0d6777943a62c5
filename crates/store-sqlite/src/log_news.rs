use std::fs;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use handstamp_core::model::LogPosition;
use tokio::sync::watch;

use crate::folder;

/// How far the revocation log ever was, in a file beside the database. A backup that is put in the database's place leaves it
/// as it is, and so it tells that the log went back.
const MARK_FILE: &str = "revocation.mark";

/// Tells of commits that moved the revocation log: whoever waits in this process, and whoever opens the folder after the database
/// was put back to an older state.
#[derive(Debug)]
pub(crate) struct LogNews {
    mark: PathBuf,
    moved: watch::Sender<LogPosition>,
}

impl LogNews {
    pub(crate) fn new(folder: &Path) -> Self {
        let never = LogPosition { epoch: 0, seq: 0 };
        Self { mark: mark_file(folder), moved: watch::Sender::new(never) }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<LogPosition> {
        self.moved.subscribe()
    }

    /// Takes note of a commit. Not before it: a mark ahead of the database would tell of a loss that never was.
    pub(crate) fn moved(&self, head: LogPosition) {
        self.moved.send_replace(head);
        if let Err(error) = write(&self.mark, head) {
            tracing::warn!(
                file = %self.mark.display(), %error,
                "it could not be noted how far the revocation log is: a restored backup may go unnoticed"
            );
        }
    }
}

/// Returns how far the log of a folder ever was, as far as is known.
pub(crate) fn read(folder: &Path) -> io::Result<Option<LogPosition>> {
    match fs::read_to_string(mark_file(folder)) {
        Ok(text) => Ok(parse(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn mark_file(folder: &Path) -> PathBuf {
    folder.join(MARK_FILE)
}

/// Writes the mark in place, unless it is further already. All marks are of one length, so that none is ever half of two. Nothing
/// waits for the disk: after a power cut the mark is behind at worst.
fn write(mark: &Path, head: LogPosition) -> io::Result<()> {
    let mut file = folder::private_file(mark)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    if parse(&text).is_none_or(|mark| mark < head) {
        file.rewind()?;
        writeln!(file, "{:010}.{:020}", head.epoch, head.seq)?;
    }
    Ok(())
}

/// What is no mark of ours counts as none.
fn parse(text: &str) -> Option<LogPosition> {
    let (epoch, seq) = text.trim_end().split_once('.')?;
    Some(LogPosition { epoch: epoch.parse().ok()?, seq: seq.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(epoch: u32, seq: u64) -> LogPosition {
        LogPosition { epoch, seq }
    }

    #[test]
    fn the_mark_is_the_furthest_that_the_log_ever_was() {
        let folder = tempfile::tempdir().unwrap();
        let news = LogNews::new(folder.path());
        assert_eq!(read(folder.path()).unwrap(), None);

        for (head, mark) in
            [(at(5, 9), at(5, 9)), (at(5, 10), at(5, 10)), (at(5, 3), at(5, 10)), (at(6, 1), at(6, 1))]
        {
            news.moved(head);
            assert_eq!(read(folder.path()).unwrap(), Some(mark));
        }
    }

    #[test]
    fn a_mark_that_makes_no_sense_is_none_and_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(mark_file(folder.path()), "what is this").unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);

        LogNews::new(folder.path()).moved(at(5, 9));

        assert_eq!(read(folder.path()).unwrap(), Some(at(5, 9)));
    }
}
