//! The same hit where the allocator asks the system for huge pages: with many tokens, half of the time goes into finding out
//! where in memory a page is. The allocator is told at start, so that this is a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use handstamp_bench::race::Contestant;
use handstamp_bench::remembered::Remembered;
use handstamp_bench::{Outcome, failed};

/// Says to the process how many tokens to remember, and that it is not the benchmark.
const ASKED: &str = "HANDSTAMP_BENCH_REMEMBERED";
const TUNABLES: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");

/// Starts the process. It ends when its standard input does, with us.
pub(super) fn hit_by_request(tokens: usize) -> Outcome<Contestant<'static>> {
    let program = std::env::current_exe().map_err(failed("finding this program"))?;
    let mut process = Command::new(program)
        .env(ASKED, tokens.to_string())
        .env(TUNABLES.0, TUNABLES.1)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed("starting a process with huge pages"))?;
    let (Some(mut questions), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
        return Err("the process with huge pages cannot be asked".to_owned());
    };
    let mut answers = BufReader::new(answers);
    let name = format!("{tokens} live tokens, huge pages ({}={})", TUNABLES.0, TUNABLES.1);
    Ok(Contestant::measuring_itself(name, move |count| {
        writeln!(questions, "{count}").map_err(failed("asking the process with huge pages"))?;
        let mut nanos = String::new();
        answers.read_line(&mut nanos).map_err(failed("hearing the process with huge pages"))?;
        nanos.trim().parse().map(Duration::from_nanos).map_err(failed("the process with huge pages stopped"))
    }))
}

/// Is that process, where it was started as such: a count in each line, and the nanoseconds of so many hits in return.
pub(crate) fn answer_if_asked() -> Option<ExitCode> {
    let tokens = std::env::var(ASKED).ok()?;
    let answered = tokens.parse().map_err(failed(ASKED)).and_then(answer);
    Some(answered.map_or_else(
        |message| {
            eprintln!("bench: {message}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    ))
}

fn answer(tokens: usize) -> Outcome {
    let remembered = Remembered::new(tokens)?;
    let mut hits = remembered.hit_by_request();
    for question in std::io::stdin().lines() {
        let count = question.map_err(failed("reading a question"))?;
        let took = hits.turn(count.parse().map_err(failed("a question is a count"))?)?;
        println!("{}", took.as_nanos());
    }
    Ok(())
}
