//! Runs the binary of this build.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|cause| panic!("not JSON ({cause}): {self:?}"))
    }

    /// Returns stdout of a run that succeeded.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// Returns the verdict of a run that refused a token.
    pub(crate) fn refused(&self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        let verdict = self.json();
        assert!(verdict["detail"].is_string(), "{self:?}");
        verdict["code"].as_str().expect("a verdict has a code").to_owned()
    }
}

pub(crate) fn run<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Run {
    run_with_stdin(folder, arguments, "")
}

pub(crate) fn run_with_stdin<S: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = S>,
    stdin: &str,
) -> Run {
    run_in(&[], folder, arguments, stdin)
}

/// Runs with these environment variables and no others.
pub(crate) fn run_in<S: AsRef<OsStr>>(
    environment: &[(&str, &str)],
    folder: &Path,
    arguments: impl IntoIterator<Item = S>,
    stdin: &str,
) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_handstamp"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // A program that does not read its stdin may be gone before we have written it.
    let _ = child.stdin.take().expect("stdin is piped").write_all(stdin.as_bytes());
    let output = child.wait_with_output().expect("the binary ends");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("stdout is text"),
        stderr: String::from_utf8(output.stderr).expect("stderr is text"),
    }
}
