//! A server as a process of ours: started, stopped, killed, paused.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::watchdog::Watchdog;

/// A server on a machine with two busy cores is slow; one that hangs is still found.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often somebody may be faster at taking a free port.
const ATTEMPTS: u32 = 5;
const LOG: &str = "log";

/// What kind of server it is.
pub trait Program: Send + Sync {
    /// Returns a new folder for it to be started on.
    fn folder(&self) -> PathBuf;
    /// Returns the command that starts it.
    fn command(&self, place: &Place) -> Command;
    /// Returns whether it, and not what was there before it, answers.
    fn ready(&self, place: &Place, pid: u32) -> bool;
    /// Returns the signal that asks it for an orderly end.
    fn end(&self) -> Signal;
}

/// Where a server is.
pub struct Place {
    /// What it keeps.
    pub folder: PathBuf,
    /// Where it listens on the loopback address.
    pub port: u16,
}

/// A server of its own on a loopback port, that a test may stop, kill and pause. It ends with the test process.
pub struct Server<P: Program> {
    pub(crate) program: P,
    pub(crate) place: Place,
    running: Mutex<Running>,
}

struct Running {
    /// None while the server is stopped.
    child: Option<Child>,
    watchdog: Watchdog,
}

impl<P: Program> Server<P> {
    /// Starts a server on a free port, and again on another where somebody was faster.
    pub(crate) fn of(program: P) -> Self {
        let mut problem = String::new();
        for _ in 0..ATTEMPTS {
            let place = Place { folder: program.folder(), port: free_port() };
            let mut running = Running { child: None, watchdog: Watchdog::of(&place.folder) };
            match running.launch(&program, &place) {
                Ok(()) => return Self { program, place, running: Mutex::new(running) },
                Err(cause) => problem = cause,
            }
        }
        panic!("{problem}");
    }

    /// Returns the port on the loopback address.
    pub fn port(&self) -> u16 {
        self.place.port
    }

    /// Returns what the server has logged so far.
    pub fn log(&self) -> String {
        self.place.log()
    }

    /// Stops the server in good order, and waits until it has ended.
    pub fn stop(&self) {
        let mut running = self.running();
        if let Some(child) = running.child.take() {
            signal(child.id(), self.program.end());
            self.wait(child);
            running.watchdog.watch(None);
        }
    }

    /// Kills the server and its children where they stand.
    pub fn kill(&self) {
        let mut running = self.running();
        if let Some(child) = running.child.take() {
            let children = freeze_all(child.id());
            signal(child.id(), Signal::KILL);
            signal_all(&children, Signal::KILL);
            self.wait(child);
            running.watchdog.watch(None);
        }
    }

    /// Starts a stopped or killed server again on what it left, at the same address.
    pub fn start_again(&self) {
        let mut running = self.running();
        assert!(running.child.is_none(), "the server is still running");
        let deadline = Instant::now() + PATIENCE;
        // What was killed may hold its port or its shared memory for a moment.
        while let Err(problem) = running.launch(&self.program, &self.place) {
            assert!(Instant::now() < deadline, "{problem}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops the server in good order and starts it again.
    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    /// Freezes the server and its children in the middle of what they do: connections stay open, nothing answers.
    pub fn pause(&self) {
        let running = self.running();
        let server = running.child.as_ref().expect("only a running server can be paused").id();
        freeze_all(server);
    }

    /// Lets a frozen server go on.
    pub fn resume(&self) {
        let running = self.running();
        let server = running.child.as_ref().expect("only a running server can be resumed").id();
        signal_all(&children(server), Signal::CONT);
        signal(server, Signal::CONT);
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running().child.is_some()
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

impl Running {
    fn launch(&mut self, program: &impl Program, place: &Place) -> Result<(), String> {
        let log = File::options().create(true).append(true).open(place.folder.join(LOG));
        let log = log.map_err(|cause| format!("{}: {cause}", place.folder.display()))?;
        let mut command = program.command(place);
        let errors = log.try_clone().map_err(|cause| cause.to_string())?;
        command.stdin(Stdio::null()).stdout(log).stderr(errors).process_group(0);
        let mut child = command.spawn().map_err(|cause| format!("{command:?}: {cause}"))?;
        self.watchdog.watch(Some(child.id()));
        let deadline = Instant::now() + PATIENCE;
        while !program.ready(place, child.id()) {
            let ended = child.try_wait().expect("a child of ours can be asked");
            if ended.is_some() || Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                self.watchdog.watch(None);
                return Err(format!("{command:?} does not start: {}", place.log()));
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.child = Some(child);
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            signal_all(&children(child.id()), Signal::KILL);
            let _ = child.kill();
            let _ = child.wait();
            self.watchdog.watch(None);
        }
    }
}

impl Place {
    fn log(&self) -> String {
        fs::read(self.folder.join(LOG))
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }
}

/// Returns a port of the loopback address that is free just now: a server cannot be told "any port" and asked later which one it took.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback address has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
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

/// Stops a process and its children, and returns the children. The process first: as long as it runs it may have another one.
fn freeze_all(pid: u32) -> Vec<u32> {
    freeze(pid);
    loop {
        // A child that ends while they are listed may hide others. Of children that all stand still, none does.
        let children = children(pid);
        let moving: Vec<u32> = children.iter().copied().filter(|child| !is_still(*child)).collect();
        if moving.is_empty() {
            return children;
        }
        moving.into_iter().for_each(freeze);
    }
}

/// Stops a process, and waits until it stands still: a signal that was sent has not arrived yet.
fn freeze(pid: u32) {
    signal(pid, Signal::STOP);
    let deadline = Instant::now() + PATIENCE;
    while !is_still(pid) {
        assert!(Instant::now() < deadline, "process {pid} does not stop");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Returns whether a process has stopped or ended.
fn is_still(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name before it may hold anything, also parentheses.
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    matches!(state, None | Some('T' | 'Z' | 'X'))
}

fn children(pid: u32) -> Vec<u32> {
    let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}
