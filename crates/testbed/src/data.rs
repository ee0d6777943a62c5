//! The data folder of a PostgreSQL server: made once by `initdb`, then copied, which is ten times faster.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Counts up when [`make`] changes what it makes.
const REVISION: u32 = 1;

/// The role that tests connect as: it owns its databases and nothing else, as an operator would set it up.
pub(crate) const ROLE: &str = "handstamp";
pub(crate) const PASSWORD: &str = "testbed";

/// PostgreSQL's programs, and who may run them.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    folder: PathBuf,
    /// Whom to become, when we are root: PostgreSQL refuses to run as root.
    user: Option<(u32, u32)>,
}

impl Programs {
    /// Finds the newest PostgreSQL of this machine.
    pub(crate) fn find() -> Self {
        let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let newest = debian
            .filter_map(|version| {
                Some((version.file_name().to_str()?.parse::<u32>().ok()?, version.path().join("bin")))
            })
            .filter(|(_, folder)| folder.join("postgres").is_file())
            .max();
        let folder = newest.map(|(_, folder)| folder).or_else(|| {
            let told = Command::new("pg_config").arg("--bindir").output().ok()?;
            let folder = PathBuf::from(String::from_utf8(told.stdout).ok()?.trim());
            folder.join("postgres").is_file().then_some(folder)
        });
        let folder = folder.expect("PostgreSQL is needed for this test: `cargo xtask install` brings it");
        let user = rustix::process::geteuid().is_root().then(|| {
            user("postgres").or_else(|| user("nobody")).expect("this machine has the user postgres or nobody")
        });
        Self { folder, user }
    }

    /// Returns the command of this name, to be run as somebody who may.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.env("LC_ALL", "C").current_dir("/");
        // The settings of whoever runs the tests are not the test's.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// Returns a new folder that a server can be started on.
    pub(crate) fn data(&self) -> PathBuf {
        let folder = TempDir::with_prefix("handstamp-postgres-").expect("a temporary folder").keep();
        self.copy(&self.template(), &folder);
        folder
    }

    /// Copies a data folder to a place where nothing is.
    pub(crate) fn copy_folder(&self, from: &Path, to: &Path) {
        fs::create_dir(to).unwrap_or_else(|cause| panic!("{}: {cause}", to.display()));
        self.copy(from, to);
    }

    fn template(&self) -> PathBuf {
        let version =
            self.command("postgres").arg("--version").output().expect("PostgreSQL says its version");
        let version = String::from_utf8_lossy(&version.stdout);
        let version = version.split_whitespace().nth(2).unwrap_or("unknown").to_owned();
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/testbed");
        let template = beside.join(format!("postgres-{version}-{REVISION}"));
        if template.is_dir() {
            return template;
        }
        fs::create_dir_all(&beside).unwrap_or_else(|cause| panic!("{}: {cause}", beside.display()));
        // Under a name of its own until it is whole; whoever renames first wins, and both are the same.
        let made = TempDir::new_in(&beside).expect("a temporary folder");
        self.make(made.path());
        if let Err(cause) = fs::rename(made.path(), &template) {
            assert!(template.is_dir(), "{}: {cause}", template.display());
        }
        template
    }

    fn make(&self, template: &Path) {
        // The server's user may not be able to reach the source tree.
        let work = TempDir::new().expect("a temporary folder");
        self.give(work.path());
        let data = work.path().join("data");
        let initdb = self
            .command("initdb")
            .args(["--no-sync", "--username=postgres", "--encoding=UTF8", "--locale=C", "--pgdata"])
            .arg(&data)
            .args(["--auth-local=trust", "--auth-host=scram-sha-256"])
            .output()
            .expect("initdb starts");
        succeeded("initdb", &initdb);
        let role = format!("CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'\n");
        let mut single = self.command("postgres");
        single.args(["--single", "-D"]).arg(&data).arg("postgres");
        let mut single = single
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("postgres starts");
        single.stdin.take().expect("stdin is piped").write_all(role.as_bytes()).expect("postgres reads");
        succeeded("CREATE ROLE", &single.wait_with_output().expect("postgres ends"));
        self.copy(work.path(), template);
    }

    /// Copies a folder into one that is there. The copy is its user's alone.
    fn copy(&self, from: &Path, to: &Path) {
        for entry in fs::read_dir(from).unwrap_or_else(|cause| panic!("{}: {cause}", from.display())) {
            let entry = entry.expect("a folder can be listed");
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                self.copy_folder(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), &target)
                    .unwrap_or_else(|cause| panic!("{}: {cause}", target.display()));
                self.give(&target);
            }
        }
        fs::set_permissions(to, Permissions::from_mode(0o700)).expect("a folder of ours has permissions");
        self.give(to);
    }

    fn give(&self, path: &Path) {
        if let Some((user, group)) = self.user {
            chown(path, Some(user), Some(group))
                .unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
        }
    }
}

fn succeeded(what: &str, output: &Output) {
    let errors = String::from_utf8_lossy(&output.stderr);
    // A server in single-user mode says ERROR and ends with success.
    assert!(output.status.success() && !errors.contains("ERROR"), "{what}: {errors}");
}

fn user(name: &str) -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let mut fields = users.lines().find(|line| line.split(':').next() == Some(name))?.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
