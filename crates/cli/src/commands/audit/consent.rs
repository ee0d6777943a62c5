use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use handstamp_audit::{Target, TargetError};

use crate::failure::Failure;

/// Returns the target. A host that is not this machine is attacked only when somebody says that it may be.
pub(super) fn target(address: &str, allowed: &[String]) -> Result<Target, Failure> {
    match Target::parse(address, allowed) {
        Ok(target) => Ok(target),
        Err(TargetError::NotAllowed { host }) if may_be_attacked(&host)? => {
            Target::parse(address, &[host]).map_err(|cause| Failure::usage(cause.to_string()))
        }
        Err(TargetError::NotAllowed { host }) => Err(Failure::usage(format!(
            "{host} is not this machine: name it with --allow-host {host} if you may attack it"
        ))),
        Err(cause) => Err(Failure::usage(cause.to_string())),
    }
}

fn may_be_attacked(host: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(false);
    }
    let unreadable = |cause: &io::Error| Failure::because("cannot read the answer", cause);
    let mut stderr = io::stderr().lock();
    write!(
        stderr,
        "This sends thousands of bad requests to {host}, and makes and removes objects there. May it? [y/N] "
    )
    .and_then(|()| stderr.flush())
    .map_err(|cause| unreadable(&cause))?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|cause| unreadable(&cause))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
