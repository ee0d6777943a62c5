//! Starts what the replicas share, and then the command.

use std::ffi::OsString;
use std::process::Command;

use handstamp_e2e::binary;
use handstamp_testbed::{Postgres, Redis};

use crate::stand_in::Backing;

/// Tests run side by side, each with three pools.
const SETTINGS: &[&str] = &["fsync=off", "max_connections=400"];

/// Runs the command, and returns how it ended.
pub(crate) fn run() -> Result<u8, String> {
    let mut words = std::env::args_os().skip(1);
    let Some(program) = words.next() else {
        return Err("say which command to run: three-replicas cargo test -p handstamp-e2e".to_owned());
    };
    let arguments: Vec<OsString> = words.collect();
    let me = std::env::current_exe().map_err(|cause| cause.to_string())?;
    let (postgres, redis) = (Postgres::start_with(SETTINGS), Redis::start());
    let backing =
        Backing { program: binary::handstamp().to_owned(), postgres: postgres.admin(), redis: redis.url() };
    let status = Command::new(&program)
        .args(arguments)
        .env(binary::GIVEN, me)
        .envs(backing.told_as())
        .status()
        .map_err(|cause| format!("{}: {cause}", program.display()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
