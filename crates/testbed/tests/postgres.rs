use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;
use std::{iter, thread};

use handstamp_testbed::{Admin, Postgres};

const TLS_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 210, 22, 47];

/// Asks whether the server speaks TLS, which it answers before anything else, and returns what it says.
fn hello(port: u16) -> std::io::Result<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_millis(300)))?;
    stream.write_all(TLS_REQUEST)?;
    let mut answer = [0];
    stream.read_exact(&mut answer)?;
    Ok(answer[0])
}

#[test]
fn every_database_is_empty_and_belongs_to_an_ordinary_role() {
    let server = Postgres::shared();
    let (first, second) = (server.database(), server.database());
    assert_ne!(first, second);
    let (_, name) = first.rsplit_once('/').expect("a URL with a database");
    assert_eq!(server.sql(name, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    let owner = "SELECT rolname, rolsuper, rolcreatedb FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba \
                 WHERE datname = current_database()";
    assert_eq!(server.sql(name, owner), "handstamp|f|f");
}

#[test]
fn what_was_committed_is_there_after_a_kill() {
    let server = Postgres::start();
    server.sql("postgres", "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)");
    server.kill();
    let refused = hello(server.port()).expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    server.start_again();
    assert_eq!(server.sql("postgres", "SELECT n FROM kept"), "7");
    assert!(server.log().contains("was not properly shut down"), "{}", server.log());
}

#[test]
fn what_was_saved_can_be_put_back_and_what_came_later_is_gone() {
    let server = Postgres::start();
    server.sql("postgres", "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)");
    server.stop();
    server.save();
    server.start_again();
    server.sql("postgres", "INSERT INTO kept VALUES (8)");
    server.stop();

    server.put_back();
    server.start_again();

    assert_eq!(server.sql("postgres", "SELECT n FROM kept"), "7");
}

#[test]
fn a_restart_keeps_the_address() {
    let server = Postgres::start();
    let url = server.url("postgres");
    server.restart();
    assert_eq!(server.url("postgres"), url);
    assert_eq!(hello(server.port()).expect("an answer"), b'N');
}

#[test]
fn clients_that_come_while_it_stops_and_say_nothing_do_not_hold_it_up() {
    let server = Postgres::start();
    let port = server.port();
    let (first, began) = mpsc::channel();
    let silent = thread::spawn(move || {
        let connect = || TcpStream::connect(("127.0.0.1", port)).ok();
        // They hang up when they are dropped: after the server is gone, which takes no connections any more. Others in this
        // process need files too, so they are not without end.
        iter::from_fn(connect)
            .take(400)
            .inspect(|_| {
                let _ = first.send(());
                thread::sleep(Duration::from_millis(1));
            })
            .collect::<Vec<_>>()
    });
    began.recv().expect("somebody is on the way when the server is told to stop");
    server.stop();
    drop(silent.join().expect("it only connects"));
}

#[test]
fn a_frozen_server_takes_connections_and_says_nothing_until_it_goes_on() {
    let server = Postgres::start();
    server.pause();
    let silence = hello(server.port()).expect_err("it is frozen");
    assert!(matches!(silence.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silence}");
    server.resume();
    assert_eq!(hello(server.port()).expect("an answer"), b'N');
}

#[test]
fn whoever_comes_while_it_is_frozen_is_answered_by_nobody() {
    let server = Postgres::start();
    let port = server.port();
    for round in 0..20_u64 {
        let coming = thread::spawn(move || {
            (0..20).map(|_| TcpStream::connect(("127.0.0.1", port))).collect::<Result<Vec<_>, _>>()
        });
        // In the middle of it: at this moment it starts a process for each of them.
        thread::sleep(Duration::from_micros(100 * round));
        server.pause();
        let mut came = coming.join().expect("it only connects").expect("the kernel takes them");
        for stream in &mut came {
            stream.write_all(TLS_REQUEST).expect("the connection is open");
            stream.set_nonblocking(true).expect("a socket of ours");
        }
        thread::sleep(Duration::from_millis(20));
        for mut stream in came {
            let heard = stream.read(&mut [0]).expect_err("nobody is there to answer");
            assert_eq!(heard.kind(), ErrorKind::WouldBlock, "round {round}");
        }
        server.resume();
        // Those who wait to be let in are let in one after another, and there is room for so many only.
        while hello(port).is_err() {}
    }
}

#[test]
fn another_process_makes_databases_by_what_it_was_told() {
    let server = Postgres::shared();
    let Ok(admin) = server.admin().to_string().parse::<Admin>();
    let made = admin.database("made_elsewhere");
    assert_eq!(made, server.url("made_elsewhere"));
    admin.sql("made_elsewhere", "CREATE TABLE kept (n int)");
    assert_eq!(admin.database("made_elsewhere"), made, "it is left as it is");
    assert_eq!(server.sql("made_elsewhere", "SELECT count(*) FROM kept"), "0");
}

#[test]
fn settings_are_the_servers() {
    let server = Postgres::start_with(&["max_connections=17"]);
    assert_eq!(server.sql("postgres", "SHOW max_connections"), "17");
    assert_eq!(server.sql("postgres", "SHOW fsync"), "on");
}
