//! A server as a process of ours: started, stopped, killed, paused.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::watchdog::Watchdog;

/// A server on a machine with two busy cores is slow; one that hangs is still found.
const PATIENCE: Duration = Duration::from_mins(1);
const LOG: &str = "log";

/// What kind of server it is.
pub(crate) trait Program: Send + Sync {
    /// Returns the command that starts it in this folder.
    fn command(&self, folder: &Path) -> Command;
    /// Returns whether it, and not what was there before it, answers.
    fn ready(&self, folder: &Path, pid: u32) -> bool;
    /// Returns the signal that asks it for an orderly end.
    fn end(&self) -> Signal;
}

/// A server, its folder, and the watchdog over both.
pub(crate) struct Process<P> {
    pub(crate) program: P,
    folder: PathBuf,
    running: Mutex<Running>,
}

struct Running {
    /// None while the server is stopped.
    child: Option<Child>,
    watchdog: Watchdog,
}

impl<P: Program> Process<P> {
    /// Starts a server in a folder that is removed with it. Nothing is returned if it ends before it answers.
    pub(crate) fn start(program: P, folder: PathBuf) -> Result<Self, String> {
        let running = Running { child: None, watchdog: Watchdog::of(&folder) };
        let process = Self { program, folder, running: Mutex::new(running) };
        process.launch(&mut process.running())?;
        Ok(process)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns what the server has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read(self.folder.join(LOG))
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running().child.is_some()
    }

    /// Asks the server to end, and waits until it has.
    pub(crate) fn stop(&self) {
        let mut running = self.running();
        if let Some(child) = running.child.take() {
            signal(child.id(), self.program.end());
            self.wait(child);
            running.watchdog.watch(None);
        }
    }

    /// Kills the server and its children where they stand.
    pub(crate) fn kill(&self) {
        let mut running = self.running();
        if let Some(child) = running.child.take() {
            // Stopped first, so that it starts no children while they are counted.
            signal(child.id(), Signal::STOP);
            let children = children(child.id());
            signal(child.id(), Signal::KILL);
            signal_all(&children, Signal::KILL);
            self.wait(child);
            running.watchdog.watch(None);
        }
    }

    /// Stops the server and its children in the middle of what they do. Their connections stay open and silent.
    pub(crate) fn pause(&self) {
        let running = self.running();
        let server = running.child.as_ref().expect("only a running server can be paused").id();
        signal(server, Signal::STOP);
        signal_all(&children(server), Signal::STOP);
    }

    /// Lets a paused server go on.
    pub(crate) fn resume(&self) {
        let running = self.running();
        let server = running.child.as_ref().expect("only a running server can be resumed").id();
        signal_all(&children(server), Signal::CONT);
        signal(server, Signal::CONT);
    }

    /// Starts the server again on what it left, at the same address.
    pub(crate) fn start_again(&self) {
        let mut running = self.running();
        assert!(running.child.is_none(), "the server is still running");
        let deadline = Instant::now() + PATIENCE;
        // What was killed may hold its port or its shared memory for a moment.
        while let Err(problem) = self.launch(&mut running) {
            assert!(Instant::now() < deadline, "{problem}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn launch(&self, running: &mut Running) -> Result<(), String> {
        let log = File::options().create(true).append(true).open(self.folder.join(LOG));
        let log = log.map_err(|cause| format!("{}: {cause}", self.folder.display()))?;
        let mut command = self.program.command(&self.folder);
        let errors = log.try_clone().map_err(|cause| cause.to_string())?;
        command.stdin(Stdio::null()).stdout(log).stderr(errors).process_group(0);
        let mut child = command.spawn().map_err(|cause| format!("{command:?}: {cause}"))?;
        running.watchdog.watch(Some(child.id()));
        let deadline = Instant::now() + PATIENCE;
        while !self.program.ready(&self.folder, child.id()) {
            let ended = child.try_wait().expect("a child of ours can be asked");
            if ended.is_some() || Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                running.watchdog.watch(None);
                return Err(format!("{command:?} does not start: {}", self.log()));
            }
            thread::sleep(Duration::from_millis(5));
        }
        running.child = Some(child);
        Ok(())
    }

    fn wait(&self, mut child: Child) {
        let deadline = Instant::now() + PATIENCE;
        while child.try_wait().expect("a child of ours can be asked").is_none() {
            assert!(Instant::now() < deadline, "the server does not end: {}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        // A test that failed while it held the server leaves a server that can still be stopped.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P> Drop for Process<P> {
    fn drop(&mut self) {
        let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut child) = running.child.take() {
            signal_all(&children(child.id()), Signal::KILL);
            let _ = child.kill();
            let _ = child.wait();
            running.watchdog.watch(None);
        }
    }
}

/// Sends a signal to one process, which may be gone by now.
fn signal(pid: u32, with: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let _ = kill_process(pid.expect("a process has a positive number"), with);
}

fn signal_all(pids: &[u32], with: Signal) {
    for pid in pids {
        signal(*pid, with);
    }
}

fn children(pid: u32) -> Vec<u32> {
    let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}
