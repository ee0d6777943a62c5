use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::{Outcome, failed, machine};

/// The program as it is released, in a process of its own. It ends when this is dropped.
pub struct Program {
    /// Where it listens.
    pub address: SocketAddr,
    process: Child,
}

impl Program {
    /// What all replicas call themselves, so that each takes the tokens of the others.
    pub const PUBLIC_URL: &str = "http://localhost:8600";

    /// Runs `handstamp serve` with these variables in this folder, and waits until it is ready.
    pub fn serve(folder: &Path, variables: &[(&str, &str)]) -> Outcome<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
        let program = root.join("target/release/handstamp");
        if !program.exists() {
            return Err("there is no release of the program: `cargo build --release -p handstamp`".to_owned());
        }
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder).current_dir(folder);
        command.env("HANDSTAMP_SERVER_PUBLIC_URL", Self::PUBLIC_URL).envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(failed("starting the program"))?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(failed("the program"))?;
        }
        match line.trim().rsplit_once("http://").and_then(|(_, address)| address.parse().ok()) {
            Some(address) => Ok(Self { address, process }),
            None => Err(format!("the program did not start, and said {line:?}")),
        }
    }

    /// Returns how many kilobytes of memory it has.
    pub fn memory(&self) -> Outcome<f64> {
        machine::memory_of(self.process.id())
    }

    /// Returns how long it has had a processor.
    pub fn processor_time(&self) -> std::time::Duration {
        machine::processor_time_of(self.process.id())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // An error means that it has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
