//! Servers end with the test process that started them, even if it had no time for anything.

use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use handstamp_testbed::{Postgres, Redis};

#[test]
#[ignore = "the other half of the test below, which runs it in a process that dies"]
fn a_test_that_dies() {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    println!("ports {} {}", postgres.port(), redis.port());
    // A frozen server notices nothing by itself.
    postgres.pause();
    std::process::abort();
}

#[test]
fn servers_of_a_test_that_died_are_ended() {
    let me = std::env::current_exe().expect("a running test knows its own path");
    let dead = Command::new(me)
        .args(["--ignored", "--exact", "end::a_test_that_dies", "--nocapture"])
        .stderr(Stdio::null())
        .output()
        .expect("the test binary starts");
    assert!(!dead.status.success());
    let told = String::from_utf8(dead.stdout).expect("text");
    let ports = told.lines().find_map(|line| line.split_once("ports ")).expect("it says its ports").1;
    let ports: Vec<u16> = ports.split(' ').map(|port| port.parse().expect("a port")).collect();
    assert_eq!(ports.len(), 2);
    let deadline = Instant::now() + Duration::from_secs(20);
    for port in ports {
        while TcpStream::connect(("127.0.0.1", port)).is_ok() {
            assert!(Instant::now() < deadline, "somebody still listens at {port}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}
