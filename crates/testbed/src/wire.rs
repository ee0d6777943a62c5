//! The network between a program and a server, and what goes wrong with it.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A TCP connection's way to a port of this machine, that a test can cut, silence and slow down.
pub struct Wire {
    port: u16,
    line: Arc<Line>,
}

/// What all connections of a wire have in common.
struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    weather: Weather,
    /// Both ends of every open connection, to be closed when the wire is cut.
    open: HashMap<u64, [TcpStream; 2]>,
    connected: u64,
    over: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Weather {
    #[default]
    Good,
    Cut,
    Silent,
    Slow(Duration),
}

impl Wire {
    /// Opens a wire to a port of the loopback address.
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback address has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let line = Arc::new(Line { state: Mutex::default(), changed: Condvar::new() });
        let carried = Arc::clone(&line);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if carried.state().over {
                    return;
                }
                carried.connect(client, target);
            }
        });
        Self { port, line }
    }

    /// Returns the port to connect to in the target's place.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns a URL of the target as it is through this wire.
    ///
    /// # Panics
    /// When the URL does not name the target's port.
    pub fn through(&self, url: &str, target: u16) -> String {
        let (before, after) = (format!("127.0.0.1:{target}"), format!("127.0.0.1:{}", self.port));
        assert!(url.contains(&before), "{url} does not lead to {before}");
        url.replace(&before, &after)
    }

    /// Closes every connection, and each new one at once.
    pub fn cut(&self) {
        let mut state = self.line.state();
        state.weather = Weather::Cut;
        for end in state.open.drain().flat_map(|(_, ends)| ends) {
            // It may be closed already.
            let _ = end.shutdown(Shutdown::Both);
        }
        drop(state);
        self.line.changed.notify_all();
    }

    /// Lets nothing through, and closes nothing: what is sent waits. New connections are made, and silent as well.
    pub fn silence(&self) {
        self.set(Weather::Silent);
    }

    /// Lets every piece wait for so long, in both directions.
    pub fn slow(&self, by: Duration) {
        self.set(Weather::Slow(by));
    }

    /// Lets everything through again, what has waited first.
    pub fn mend(&self) {
        self.set(Weather::Good);
    }

    fn set(&self, weather: Weather) {
        self.line.state().weather = weather;
        self.line.changed.notify_all();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.cut();
        self.line.state().over = true;
        // So that the listener looks up.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(self: &Arc<Self>, client: TcpStream, target: u16) {
        if self.state().weather == Weather::Cut {
            return;
        }
        // Without a server nobody answers here either.
        let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else { return };
        let copies = [client.try_clone(), server.try_clone(), client.try_clone(), server.try_clone()];
        let [Ok(from_client), Ok(from_server), Ok(kept_client), Ok(kept_server)] = copies else { return };
        let mut state = self.state();
        let number = state.connected;
        state.connected += 1;
        state.open.insert(number, [kept_client, kept_server]);
        drop(state);
        for (from, to) in [(from_client, server), (from_server, client)] {
            let _ = to.set_nodelay(true);
            let line = Arc::clone(self);
            thread::spawn(move || line.carry(number, from, to));
        }
    }

    fn carry(&self, number: u64, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            let heard = self.changed.wait_while(self.state(), |state| state.weather == Weather::Silent);
            let weather = heard.unwrap_or_else(PoisonError::into_inner).weather;
            if let Weather::Slow(by) = weather {
                thread::sleep(by);
            }
            if weather == Weather::Cut || to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        // Either direction ends both, and closing twice is no matter.
        let _ = (to.shutdown(Shutdown::Both), from.shutdown(Shutdown::Both));
        self.state().open.remove(&number);
    }
}
