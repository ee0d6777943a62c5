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

/// Looks for half a second how much of the machine others use, and says it.
///
/// Not the load average, which remembers for minutes that this program was compiled.
pub fn state() -> String {
    let before = Processors::now();
    std::thread::sleep(Duration::from_millis(500));
    match before.zip(Processors::now()).and_then(|(before, now)| now.idle_since(&before)) {
        Some(idle) => format!("{idle:.0} % idle when this began"),
        None => "this system does not tell how idle it is".to_owned(),
    }
}

/// What all processors together have spent their time on, in ticks.
struct Processors {
    idle: f64,
    all: f64,
}

impl Processors {
    fn now() -> Option<Self> {
        Self::read(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// Reads the first line: user, nice, system, idle, iowait, irq, softirq, steal. What guests use is in user.
    fn read(stat: &str) -> Option<Self> {
        let ticks = stat.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<f64> = ticks.split_whitespace().take(8).map_while(|tick| tick.parse().ok()).collect();
        Some(Self { idle: ticks.get(3)? + ticks.get(4)?, all: ticks.iter().sum() })
    }

    /// Returns the idle share of the time since, in percent.
    fn idle_since(&self, before: &Self) -> Option<f64> {
        let all = self.all - before.all;
        (all > 0.0).then(|| 100.0 * (self.idle - before.idle) / all)
    }
}

/// Returns processor, cores and system.
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

#[cfg(test)]
mod tests {
    use super::Processors;

    #[test]
    fn what_waits_for_the_disk_or_for_nothing_is_idle() {
        let before = Processors::read("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 …").unwrap();
        let now = Processors::read("cpu  120 10 60 830 60 5 5 10 30 0\ncpu0 …").unwrap();

        assert!((now.idle_since(&before).unwrap() - 40.0).abs() < 1e-9);
    }

    #[test]
    fn two_looks_within_one_tick_say_nothing() {
        let now = Processors::read("cpu  100 0 50 800 50 0 0 0 0 0\n").unwrap();

        assert_eq!(now.idle_since(&now), None);
    }
}
