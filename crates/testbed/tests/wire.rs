use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use handstamp_testbed::Wire;

/// Starts somebody who says everything back, and returns the port.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut byte = [0];
                while stream.read_exact(&mut byte).and_then(|()| stream.write_all(&byte)).is_ok() {}
            });
        }
    });
    port
}

fn connect(wire: &Wire) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", wire.port())).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a time-out");
    stream
}

fn ask(stream: &mut TcpStream, byte: u8) -> std::io::Result<u8> {
    stream.write_all(&[byte])?;
    let mut answer = [0];
    stream.read_exact(&mut answer)?;
    Ok(answer[0])
}

#[test]
fn a_cut_wire_closes_what_is_open_and_what_is_new_until_it_is_mended() {
    let wire = Wire::to(echo());
    let mut stream = connect(&wire);
    assert_eq!(ask(&mut stream, 1).expect("an answer"), 1);

    wire.cut();

    assert!(ask(&mut stream, 2).is_err_and(|cause| cause.kind() != ErrorKind::WouldBlock));
    assert!(ask(&mut connect(&wire), 3).is_err_and(|cause| cause.kind() != ErrorKind::WouldBlock));
    wire.mend();
    assert_eq!(ask(&mut connect(&wire), 4).expect("an answer"), 4);
}

#[test]
fn a_silent_wire_keeps_connections_open_and_delivers_later() {
    let wire = Wire::to(echo());
    let mut stream = connect(&wire);
    assert_eq!(ask(&mut stream, 1).expect("an answer"), 1);

    wire.silence();

    assert_eq!(ask(&mut stream, 2).expect_err("silence").kind(), ErrorKind::WouldBlock);
    assert_eq!(ask(&mut connect(&wire), 3).expect_err("silence").kind(), ErrorKind::WouldBlock);
    wire.mend();
    let mut late = [0];
    stream.read_exact(&mut late).expect("what has waited");
    assert_eq!(late, [2]);
}

#[test]
fn a_slow_wire_takes_its_time() {
    let wire = Wire::to(echo());
    let mut stream = connect(&wire);
    wire.slow(Duration::from_millis(50));

    let asked = Instant::now();

    assert_eq!(ask(&mut stream, 1).expect("an answer"), 1);
    assert!(asked.elapsed() >= Duration::from_millis(100), "once there and once back: {:?}", asked.elapsed());
}

#[test]
fn a_url_leads_through_the_wire() {
    let wire = Wire::to(5432);
    let url = wire.through("postgres://u:p@127.0.0.1:5432/db", 5432);
    assert_eq!(url, format!("postgres://u:p@127.0.0.1:{}/db", wire.port()));
}
