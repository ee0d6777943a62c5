//! An installation as a file: what is written is read, and anything else is refused.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a story are part of it: what fails there fails the test"
)]

use std::io::{BufReader, Cursor};
use std::sync::Arc;

use handstamp_core::export_file::{ExportFileError, ExportReader, ExportWriter, FORMAT};
use handstamp_core::store::Store;
use handstamp_core::store::transfer::{Contents, Counts, Parcel, Row};
use handstamp_core::test_support::MemoryStore;
use handstamp_core::test_support::contract::furnished;
use handstamp_core::test_support::contract::transfer::export_all;
use jiff::Timestamp;

fn now() -> Timestamp {
    "2026-11-22T15:00:00Z".parse().unwrap()
}

/// Something of every kind.
async fn given() -> (Contents, Vec<Row>) {
    let store = Arc::new(MemoryStore::default());
    furnished(&(Arc::clone(&store) as Arc<dyn Store>)).await;
    let (mut contents, mut all) = (None, Vec::new());
    for parcel in export_all(&*store).await {
        match parcel {
            Parcel::Contents(first) => contents = Some(first),
            Parcel::Rows(rows) => all.extend(rows),
            Parcel::End => {}
        }
    }
    (contents.unwrap(), all)
}

fn written(contents: &Contents, rows: &[Row]) -> Vec<u8> {
    let mut writer = ExportWriter::begin(Vec::new(), contents, "1.2.3", now()).unwrap();
    for row in rows {
        writer.row(row).unwrap();
    }
    writer.end().unwrap()
}

fn read(file: &[u8]) -> Result<Vec<Row>, ExportFileError> {
    let mut reader = ExportReader::begin(BufReader::new(Cursor::new(file)))?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(row);
    }
    Ok(rows)
}

async fn file() -> Vec<u8> {
    let (contents, rows) = given().await;
    written(&contents, &rows)
}

fn refused(file: &[u8]) -> ExportFileError {
    read(file).expect_err("it is no sound export")
}

fn lines(file: &[u8]) -> Vec<String> {
    String::from_utf8(file.to_vec()).unwrap().lines().map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn what_is_written_is_read() {
    let (contents, rows) = given().await;
    let file = written(&contents, &rows);

    let reader = ExportReader::begin(&file[..]).unwrap();

    assert_eq!((reader.contents(), reader.program(), reader.at()), (&contents, "1.2.3", now()));
    assert_eq!(read(&file).unwrap(), rows);
    // Equal by what the model compares, and equal once more as bytes: nothing is lost on the way.
    assert_eq!(written(&contents, &read(&file).unwrap()), file);
}

#[test]
fn an_empty_installation_is_two_lines() {
    let head = handstamp_core::model::LogPosition { epoch: 7, seq: 0 };
    let counts = Counts::default();
    let contents = Contents { store: "memory".to_owned(), schema: 1, head, mark: Some(head), counts };

    let file = written(&contents, &[]);

    assert_eq!(lines(&file).len(), 2);
    assert_eq!(read(&file).unwrap(), []);
    assert_eq!(ExportReader::begin(&file[..]).unwrap().contents(), &contents);
}

/// Who reads a file of ours next year has to read what we write today.
#[tokio::test]
async fn the_format_is_what_it_was() {
    let lines = lines(&file().await);

    assert!(lines[0].starts_with(
        r#"{"handstamp_export":1,"program":"1.2.3","at":"2026-11-22T15:00:00Z","store":"memory""#
    ));
    let of = |kind: &str| {
        lines.iter().find(|line| line.starts_with(&format!("{{\"{kind}\":"))).unwrap().trim_end()
    };
    assert_eq!(
        of("organization"),
        r#"{"organization":{"id":"acme","name":"The acme company","status":"active","created_at":"2026-11-22T12:00:00.123456Z"}}"#
    );
    assert_eq!(
        of("user"),
        r#"{"user":{"id":"616e6e00-0000-0000-0000-000000000000","username":"ann","email":"ann@example.org","org_id":"acme","roles":["admin","buyer"],"claims":{"desk":{"floor":[4,null,"Ä\u0001"]},"height":1.8000000000000003},"status":"active","password":"the hash of ann","origin":"corp","created_at":"2026-11-22T12:00:00.123456Z","version":0}}"#
    );
    assert_eq!(
        of("session"),
        r#"{"session":{"id":"01010101010101010101010101010101","user_id":"616e6e00-0000-0000-0000-000000000000","client_id":"handstamp","device":"Firefox on Linux","created_at":"2026-11-22T12:00:00.123456Z","auth_time":"2026-11-22T12:00:00.123456Z","amr":["pwd"],"absolute_expiry":"2026-11-23T12:00:00.123456Z","idle_expiry":"2026-11-22T13:00:00.123456Z","refresh":{"generation":0,"branch":0,"parent_branch":null,"rotated_at":"2026-11-22T12:00:00.123456Z","handed_out_at":"2026-11-22T12:00:01.123456Z","confirmed":false},"last_seen_at":"2026-11-22T12:00:00.123456Z","status":{"list":"0101010101010101","index":17},"carried":null,"state":"active"}}"#
    );
    assert_eq!(
        of("upstream_session"),
        r#"{"upstream_session":{"session_id":"01010101010101010101010101010101","upstream":"corp","subject":{"issuer":"https://id.example","sub":"person 7"},"sid":"their session","exchanged":false,"secret":"AAH_","check":{"checked_at":"2026-11-22T12:00:00.123456Z","asked_at":"2026-11-22T13:00:00.123456Z"}}}"#
    );
    assert_eq!(
        of("key"),
        r#"{"key":{"id":"key-0","purpose":"access_token","algorithm":"ES256","sealed":"AAD_","state":{"next":{"asked_at":null}},"created_at":"2026-11-22T12:00:00.123456Z"}}"#
    );
    assert_eq!(
        of("event"),
        r#"{"event":{"seq":1,"event":{"selector":{"session":"01010101010101010101010101010101"},"kind":"dead","reason":"operator","at":"2026-11-22T12:00:00.123456Z","forget_at":"2026-11-22T13:00:00.123456Z","user":"616e6e00-0000-0000-0000-000000000000","org_id":"acme"}}}"#
    );
    assert!(lines.iter().any(|line| line.contains(r#""selector":"everything""#)));
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_refused_wherever() {
    let file = file().await;
    let first = lines(&file)[0].len();
    for length in (0..first).step_by(7) {
        assert!(matches!(refused(&file[..length]), ExportFileError::NotAnExport), "{length}");
    }
    for length in (first..file.len()).step_by(97).chain([file.len() - 1]) {
        assert!(matches!(refused(&file[..length]), ExportFileError::CutOff { .. }), "{length}");
    }
}

#[tokio::test]
async fn a_change_that_still_reads_is_noticed_at_the_end() {
    let text = String::from_utf8(file().await).unwrap();
    let changed = text.replace("\"roles\":[\"admin\",\"buyer\"]", "\"roles\":[\"admin\",\"owner\"]");
    assert_ne!(changed, text);
    assert!(matches!(refused(changed.as_bytes()), ExportFileError::Damaged));
}

#[tokio::test]
async fn a_line_that_was_taken_out_is_noticed_at_the_end() {
    let mut lines = lines(&file().await);
    lines.remove(3);
    assert!(matches!(refused(lines.concat().as_bytes()), ExportFileError::Damaged));
}

#[tokio::test]
async fn something_after_the_last_line_is_refused() {
    let mut file = file().await;
    file.push(b'\n');
    assert!(matches!(refused(&file), ExportFileError::Trailing));
}

#[tokio::test]
async fn another_format_is_refused_by_its_number() {
    let text = String::from_utf8(file().await).unwrap();
    let newer = text.replacen("{\"handstamp_export\":1,", "{\"handstamp_export\":2,\"new\":true,", 1);
    assert!(matches!(refused(newer.as_bytes()), ExportFileError::Format { format } if format == FORMAT + 1));
}

#[test]
fn a_file_of_something_else_is_refused() {
    let endless = vec![b'x'; 3 << 20];
    for other in [
        &b""[..],
        b"\n",
        b"{}\n",
        b"[1]\n",
        b"SQLite format 3\0",
        b"{\"handstamp_export\":\"1\"}\n",
        &endless,
    ] {
        assert!(matches!(refused(other), ExportFileError::NotAnExport), "{} bytes", other.len());
    }
}

#[tokio::test]
async fn a_row_with_a_member_too_many_or_too_few_is_refused_with_its_line() {
    let file = file().await;
    for (from, to) in [
        ("\"username\":", "\"nickname\":\"a\",\"username\":"),
        ("\"username\":\"ann\",", ""),
        ("\"username\":\"ann\"", "\"username\":\"a b\""),
        ("{\"user\":", "{\"account\":"),
        ("\"id\":\"616e6e00-", "\"id\":\"616E6E00-"),
    ] {
        let text = String::from_utf8(file.clone()).unwrap();
        let broken = text.replacen(from, to, 1);
        assert_ne!(broken, text, "{from}");
        assert!(matches!(refused(broken.as_bytes()), ExportFileError::Line { line: 4, .. }), "{to}");
    }
}

#[tokio::test]
async fn a_line_without_an_end_does_not_fill_the_memory() {
    let mut file = lines(&file().await)[0].clone().into_bytes();
    file.extend(vec![b' '; 3 << 20]);
    assert!(matches!(refused(&file), ExportFileError::TooLong { line: 2 }));
}

/// A log of the command is not the place for it.
#[tokio::test]
async fn what_is_wrong_with_a_profile_is_said_without_quoting_it() {
    let text = String::from_utf8(file().await).unwrap();
    let broken = text.replacen("\"profile\":{\"desk\"", "\"profile\":[{\"desk\"", 1).replacen(
        "\"name\":\"Ann Ärmel\"}",
        "\"name\":\"Ann Ärmel\"}]",
        1,
    );
    let refused = refused(broken.as_bytes());
    assert!(matches!(refused, ExportFileError::Line { .. }));
    assert!(!format!("{refused:?}").contains("Ärmel"), "{refused:?}");
}
