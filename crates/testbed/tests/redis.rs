use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use handstamp_testbed::Redis;

/// Sends commands as the URL's password allows, and returns all answers.
fn ask(server: &Redis, commands: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port()))?;
    stream.set_read_timeout(Some(Duration::from_millis(300)))?;
    write!(stream, "AUTH testbed\r\n{commands}\r\nQUIT\r\n")?;
    let mut answers = String::new();
    stream.read_to_string(&mut answers)?;
    Ok(answers)
}

#[test]
fn an_emptied_server_has_forgotten() {
    let server = Redis::start();
    ask(&server, "SET colour green").expect("an answer");
    assert!(ask(&server, "GET colour").expect("an answer").contains("green"));
    server.flush();
    assert!(ask(&server, "GET colour").expect("an answer").contains("$-1"));
}

#[test]
fn a_killed_server_comes_back_empty_at_its_address() {
    let server = Redis::start();
    ask(&server, "SET colour green").expect("an answer");
    server.kill();
    assert_eq!(ask(&server, "PING").expect_err("it is gone").kind(), ErrorKind::ConnectionRefused);
    server.start_again();
    assert!(ask(&server, "GET colour").expect("an answer").contains("$-1"));
}

#[test]
fn a_frozen_server_says_nothing_until_it_goes_on() {
    let server = Redis::start();
    server.pause();
    let silence = ask(&server, "PING").expect_err("it is frozen");
    assert!(matches!(silence.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silence}");
    server.resume();
    assert!(ask(&server, "PING").expect("an answer").contains("PONG"));
}

#[test]
fn it_asks_for_the_password() {
    let mut stream = TcpStream::connect(("127.0.0.1", Redis::shared().port())).expect("a connection");
    stream.write_all(b"PING\r\nQUIT\r\n").expect("it reads");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("it answers");
    assert!(answers.starts_with("-NOAUTH"), "{answers}");
}
