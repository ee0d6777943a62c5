//! A disk without room: nobody is signed out, nothing that was acknowledged is lost, and nobody has to do more than make room.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use handstamp_e2e::binary;
use handstamp_e2e::program::Running;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{PATIENCE, Reply, Served};

/// A file system of its own that only the service sees, gone with it. `$$` stays the number of the process through every `exec`.
const SCRIPT: &str = r#"
echo $$ > process
exec unshare --map-root-user --mount sh -c '
    mount -t tmpfs -o size=16m,mode=700 tmpfs data &&
    echo "a window full of plants" | "$PROGRAM" user add ann --email ann@example.org --password-stdin --data data >&2 &&
    exec "$PROGRAM" serve --data data --listen 127.0.0.1:0
'
"#;

/// Rotations are due after seconds.
const SETTINGS: [(&str, &str); 5] = [
    ("HANDSTAMP_SESSIONS_REFRESH_GRACE", "3s"),
    ("HANDSTAMP_SESSIONS_REFRESH_CLIENT_TIMEOUT", "1s"),
    ("HANDSTAMP_SESSIONS_REFRESH_SERVICE_TIMEOUT", "1s"),
    ("HANDSTAMP_SERVER_REQUEST_TIMEOUT", "1s"),
    ("HANDSTAMP_RATE_LIMITS_ACCOUNT_ATTEMPTS", "100000"),
];
const UNTIL_DUE: Duration = Duration::from_secs(4);

/// A service on a small disk.
struct House {
    served: Served,
    /// The small disk, as the service sees it.
    disk: PathBuf,
    _folder: TempDir,
}

impl House {
    fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let script = folder.path().join("start");
        fs::write(&script, format!("cd {}\n{SCRIPT}", folder.path().display())).expect("a file");
        fs::create_dir(folder.path().join("data")).expect("a folder");
        let program = binary::handstamp().to_string_lossy();
        let variables: Vec<_> = SETTINGS.into_iter().chain([("PROGRAM", program.as_ref())]).collect();
        let served = Served::of(Running::script(&script, &[], &variables));
        let process = fs::read_to_string(folder.path().join("process")).expect("its number");
        let root = Path::new("/proc").join(process.trim()).join("root");
        let disk = root.join(folder.path().strip_prefix("/").expect("it is absolute")).join("data");
        Self { served, disk, _folder: folder }
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut file = File::create(self.disk.join("filler")).expect("a file");
        let mut piece = 1 << 20;
        while piece > 0 {
            match file.write(&vec![0; piece]) {
                Ok(_) => {}
                Err(cause) if cause.kind() == ErrorKind::StorageFull => piece /= 2,
                Err(cause) => panic!("{cause}"),
            }
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.disk.join("filler")).expect("it goes");
    }

    /// Signs in until the disk is full for that as well, and returns what was acknowledged and what was said then.
    async fn sign_in_until_refused(&self) -> (Vec<Value>, Reply) {
        let deadline = Instant::now() + PATIENCE;
        let mut acknowledged = Vec::new();
        loop {
            let reply = self.served.sign_in("ann").await;
            if reply.status == 200 {
                acknowledged.push(reply.body["refresh_token"].clone());
            } else if self.served.ready().await.status == 503 {
                // And not for a busy machine's sake, which takes longer for one than it may.
                return (acknowledged, reply);
            }
            assert!(Instant::now() < deadline, "a full disk takes {} sessions", acknowledged.len());
        }
    }
}

#[tokio::test]
async fn a_full_disk_signs_nobody_out_and_loses_nothing() {
    let house = House::start();
    let early = house.served.sign_in("ann").await;
    assert_eq!(early.status, 200, "{early:?}");
    tokio::time::sleep(UNTIL_DUE).await;

    house.fill();
    let (acknowledged, refused) = house.sign_in_until_refused().await;

    assert_eq!(refused.status, 503, "{refused:?}");
    let access = early.body["access_token"].as_str().expect("a token");
    assert_eq!(house.served.whoami(access).await.status, 200, "what needs no room goes on");
    let refreshed = house.served.refresh(&early.body["refresh_token"]).await;
    assert!([200, 503].contains(&refreshed.status), "{refreshed:?}");
    let ready = house.served.ready().await;
    assert_eq!(ready.status, 503, "nobody can sign in, and it says so: {ready:?}");
    eprintln!(
        "{} sign-ins after the disk was full; a refresh that is due: {}",
        acknowledged.len(),
        refreshed.status
    );
    house.make_room();
    assert_eq!(house.served.ready().await.status, 200, "whoever was sent elsewhere comes back");
    assert_eq!(house.served.sign_in("ann").await.status, 200, "room is all it needs");
    let current = if refreshed.status == 200 { &refreshed } else { &early };
    let current = current.body.get("refresh_token").unwrap_or(&early.body["refresh_token"]);
    assert_eq!(house.served.refresh(current).await.status, 200);
    for refresh in &acknowledged {
        assert_eq!(house.served.refresh(refresh).await.status, 200, "an acknowledged session is lost");
    }
}
