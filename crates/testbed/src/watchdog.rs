//! Ends a server when the test process is gone, in whatever way it went.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Reads which process to watch, line by line, until the other end of the pipe is closed: by us, or by the kernel after a SIGKILL.
/// A server's own children go with it, because a stopped one would never notice that its parent is gone.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
server=
while read -r line; do server=$line; done
if [ -n "$server" ]; then
    kill -KILL "$server" $(cat "/proc/$server/task/$server/children")
    sleep 0.1
fi
rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
"#;

/// A shell that waits for the end of this process, then kills the server it was told of and removes its folder.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
    /// Taken away at the end: closing it is what the shell waits for.
    told: Option<ChildStdin>,
}

impl Watchdog {
    /// Starts a watchdog that will remove this folder.
    pub(crate) fn of(folder: &Path) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "watchdog"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in the terminal is for the tests; this has to outlive them.
            .process_group(0)
            .spawn()
            .expect("every machine has a shell");
        let told = shell.stdin.take();
        Self { shell, told }
    }

    /// Says which process there is to kill; none after an orderly end.
    pub(crate) fn watch(&mut self, server: Option<u32>) {
        let line = server.map(|pid| pid.to_string()).unwrap_or_default() + "\n";
        let told = self.told.as_mut().expect("it is told nothing after its end");
        told.write_all(line.as_bytes()).expect("the watchdog listens");
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.told.take());
        let _ = self.shell.wait();
    }
}
