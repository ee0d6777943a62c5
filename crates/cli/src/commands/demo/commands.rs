use std::path::Path;

use super::shell;

/// What to type in another terminal, so that it works where it is pasted.
#[derive(Debug, Clone)]
pub(super) struct Commands {
    /// This program, as it was called.
    program: String,
    /// The folder of the auth service's data.
    data: String,
}

impl Commands {
    pub(super) fn new(auth_data: &Path) -> Self {
        // Whoever pastes it may stand elsewhere.
        let data = std::path::absolute(auth_data).unwrap_or_else(|_| auth_data.to_owned());
        Self { program: shell::program(), data: shell::quoted(&data.to_string_lossy()) }
    }

    /// Returns the command as it is typed, without the data it works on.
    pub(super) fn anywhere(&self, arguments: &str) -> String {
        format!("{} {arguments}", self.program)
    }

    /// Returns a command that works on the auth service's data and reads this.
    pub(super) fn fed(&self, quoted: &str, arguments: &str) -> String {
        format!("echo {quoted} | {}", self.on_data(arguments))
    }

    /// Returns a command that works on the auth service's data.
    pub(super) fn on_data(&self, arguments: &str) -> String {
        format!("{} {arguments} --data {}", self.program, self.data)
    }
}
