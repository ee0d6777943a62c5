//! One run of the program: what goes in, what comes out, and a clean end whatever the test does.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::binary;

/// A debug build under a loaded machine is slow; a program that hangs is still found.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a finished run left.
#[derive(Debug)]
pub struct Finished {
    /// The exit code, `None` when a signal ended it.
    pub code: Option<i32>,
    /// Everything it wrote to stdout.
    pub stdout: String,
    /// Everything it wrote to stderr.
    pub stderr: String,
}

impl Finished {
    /// Runs another program than the one under test to its end: another version of it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn of<S: AsRef<OsStr>>(
        program: &Path,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
        variables: &[(&str, &str)],
        stdin: &[u8],
    ) -> Self {
        let mut command = without_settings(program);
        finish(command.args(arguments).current_dir(folder).envs(variables.iter().copied()), stdin)
    }

    /// Returns stdout as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|cause| panic!("not JSON ({cause}): {self:?}"))
    }

    /// Returns the run if it succeeded.
    ///
    /// # Panics
    /// When it did not.
    #[expect(clippy::return_self_not_must_use, reason = "often the success is all a test wants to know")]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }
}

/// Runs `handstamp` to its end.
pub fn run<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Finished {
    run_with_stdin(folder, arguments, b"")
}

/// Runs `handstamp` to its end with this on stdin.
///
/// # Panics
/// When it cannot be started.
pub fn run_with_stdin<S: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = S>,
    stdin: &[u8],
) -> Finished {
    run_with(folder, arguments, &[], stdin)
}

/// Runs `handstamp` to its end with these variables and this on stdin.
///
/// # Panics
/// When it cannot be started.
pub fn run_with<S: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = S>,
    variables: &[(&str, &str)],
    stdin: &[u8],
) -> Finished {
    finish(command(folder, arguments).envs(variables.iter().copied()), stdin)
}

fn finish(command: &mut Command, stdin: &[u8]) -> Finished {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the binary starts");
    // A program that does not read its stdin may be gone before we have written it.
    let _ = child.stdin.take().expect("stdin is piped").write_all(stdin);
    let output = child.wait_with_output().expect("the binary ends");
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A run that goes on. It is killed when the test lets go of it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Behind a lock, so that tests may share a program.
    lines: Mutex<Receiver<String>>,
    stderr: Arc<Mutex<String>>,
}

impl Running {
    /// Starts `handstamp` in a folder of its own.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Self {
        Self::start_with(folder, arguments, &[])
    }

    /// Starts `handstamp` with these variables.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_with<S: AsRef<OsStr>>(
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
        variables: &[(&str, &str)],
    ) -> Self {
        Self::spawn(command(folder, arguments).envs(variables.iter().copied()).stdin(Stdio::null()))
    }

    /// Starts another program than the one under test: another version of it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn program<S: AsRef<OsStr>>(
        program: &Path,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = without_settings(program);
        command.args(arguments).current_dir(folder).envs(variables.iter().copied()).stdin(Stdio::null());
        Self::spawn(&mut command)
    }

    /// Starts a script of Node.js that is told what to do in one argument. It sees the end of its stdin when the test is gone.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn node(script: &Path, argument: &str) -> Self {
        let mut command = Command::new("node");
        command.arg(script).arg(argument).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::spawn(&mut command)
    }

    /// Starts a shell script with these variables. When it is asked to stop, it has to end what it has started.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn script(script: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = without_settings("sh");
        command.arg(script).args(arguments).envs(variables.iter().copied()).stdin(Stdio::null());
        Self::spawn(&mut command)
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut errors = child.stderr.take().expect("stderr is piped");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let stderr = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&stderr);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = errors.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
                heard.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
            }
        });
        Self { child, lines: Mutex::new(lines), stderr }
    }

    /// Returns the next line of stdout.
    ///
    /// # Panics
    /// When the program ends or stays silent instead.
    pub fn line(&mut self) -> String {
        let lines = self.lines.get_mut().unwrap_or_else(PoisonError::into_inner);
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("no line on stdout; stderr: {}", self.stderr()),
            Err(RecvTimeoutError::Disconnected) => panic!("the program ended; stderr: {}", self.stderr()),
        }
    }

    /// Returns the address after `listening on`, once the program says it.
    ///
    /// # Panics
    /// When it says something else, or nothing.
    pub fn address(&mut self) -> String {
        let line = self.line();
        let address =
            line.strip_prefix("listening on ").unwrap_or_else(|| panic!("unexpected line {line:?}"));
        address.to_owned()
    }

    /// Returns what the program has written to stderr so far.
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns stderr once it holds this text.
    ///
    /// # Panics
    /// When it never does.
    pub fn stderr_with(&self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let stderr = self.stderr();
            if stderr.contains(text) {
                return stderr;
            }
            assert!(Instant::now() < deadline, "stderr never holds {text:?}: {stderr}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns how many bytes of memory the program holds just now. `None` where the system does not tell.
    pub fn resident_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    }

    /// Asks the program to stop, as an operator's `kill` does, and waits for its end.
    ///
    /// # Panics
    /// When it does not stop.
    pub fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Kills the program where it stands, as a power cut would, and waits until it is gone.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(mut self) -> ExitStatus {
        self.child.kill().expect("a child of ours can be killed");
        self.wait()
    }

    /// Sends a signal to this one process.
    fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(status.is_ok_and(|status| status.success()), "the signal {name} could not be sent");
    }

    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours can be waited for") {
                return status;
            }
            assert!(Instant::now() < deadline, "the program does not stop; stderr: {}", self.stderr());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = without_settings(binary::handstamp());
    command.args(arguments).current_dir(folder);
    command
}

fn without_settings(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // The settings of whoever runs the tests are not the test's.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HANDSTAMP_") {
            command.env_remove(name);
        }
    }
    command
}
