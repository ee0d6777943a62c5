use std::{cell::RefCell, io, sync::Once};

thread_local! {
    /// What was written on this thread since somebody began to listen.
    static HEARD: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// What the service writes about itself while this is there, on the thread of the story.
pub(crate) struct Log(());

struct ToThisThread;

/// Hears all that is written, on every thread and from the first line on: who begins to listen while others write may never hear
/// of a line that was passed by before.
pub(super) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(|| ToThisThread).finish();
        tracing::subscriber::set_global_default(subscriber).expect("nobody else does");
    });
}

impl Log {
    pub(crate) fn listen() -> Self {
        start();
        HEARD.set(Some(Vec::new()));
        Self(())
    }

    /// Returns the lines that hold this text.
    #[expect(clippy::unused_self, reason = "whoever asks has listened")]
    pub(crate) fn with(&self, text: &str) -> String {
        let bytes = HEARD.with_borrow(|heard| heard.clone().unwrap_or_default());
        let all = String::from_utf8(bytes).expect("logs are text");
        all.lines().filter(|line| line.contains(text)).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        HEARD.set(None);
    }
}

impl io::Write for ToThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        HEARD.with_borrow_mut(|heard| heard.iter_mut().for_each(|heard| heard.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
