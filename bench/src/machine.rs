//! The machine in one line, and pinning to one of its cores.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::{Outcome, failed};

/// Pins this thread, and with it every process it starts, to one core, so that nobody's second core counts.
///
/// Returns the sentence for the report.
pub fn pin_to_one_core() -> String {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    // The first core takes most interrupts.
    match cores.last() {
        Some(core) if core_affinity::set_for_current(*core) => format!("pinned to core {}", core.id),
        _ => "not pinned: this system does not allow it".to_owned(),
    }
}

/// Returns how long all threads of this process, this one excepted, have had a processor.
///
/// Unlike the clock on the wall it does not run while somebody else's program has the processor.
pub fn processor_time_of_other_threads() -> Duration {
    processor_time().saturating_sub(on_processor("/proc/thread-self/schedstat"))
}

/// Returns how long the threads of this process have had a processor.
pub fn processor_time() -> Duration {
    of_tasks("/proc/self/task".as_ref())
}

/// Returns the same of another process.
pub fn processor_time_of(pid: u32) -> Duration {
    of_tasks(format!("/proc/{pid}/task").as_ref())
}

/// Returns how many kilobytes of memory a process has right now.
pub fn memory_of(pid: u32) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(failed("a process's status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok());
    number.ok_or_else(|| "this system does not tell how much memory a process has".to_owned())
}

fn of_tasks(folder: &Path) -> Duration {
    let tasks = fs::read_dir(folder).into_iter().flatten().flatten();
    tasks.map(|task| on_processor(task.path().join("schedstat"))).sum()
}

fn on_processor(schedstat: impl AsRef<Path>) -> Duration {
    let text = fs::read_to_string(schedstat).unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Returns processor, cores, system and compiler.
pub fn description() -> String {
    // Not `available_parallelism`: a pinned process sees one.
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{}, {cores} cores, {} {}", processor(&info), std::env::consts::OS, kernel.trim())
}

fn processor(info: &str) -> String {
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}
