//! Peers that are programs of their own, built or installed into `target/` at first use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Outcome, failed};

/// A program that offers one or more contestants.
pub(super) struct Peer {
    /// The contestants' rows. The first does `verify ES256`, the second `verify ES256 1`, and so on.
    pub(super) names: &'static [&'static str],
    kind: Kind,
}

enum Kind {
    /// A package of `bench/peers`, with what building it needs.
    Rust {
        package: &'static str,
        needs: &'static str,
    },
    Node {
        packages: &'static [&'static str],
    },
    Python {
        packages: &'static [&'static str],
    },
}

/// All of them. Versions are pinned: a run today and a run next year compare the same.
pub(super) const PEERS: &[Peer] = &[
    Peer {
        names: &["jwt-simple 0.15 (BoringSSL)"],
        kind: Kind::Rust { package: "peer-jwt-simple", needs: "cmake, a C++ compiler and libclang" },
    },
    Peer {
        names: &["josekit 0.10 (OpenSSL)"],
        kind: Kind::Rust { package: "peer-josekit", needs: "OpenSSL's headers" },
    },
    Peer {
        names: &["node: jose 6.2", "node: fast-jwt 6.3", "node: fast-jwt 6.3, cache hit"],
        kind: Kind::Node { packages: &["jose@6.2.17", "fast-jwt@6.3.6"] },
    },
    Peer {
        names: &["python: PyJWT 2.15"],
        kind: Kind::Python { packages: &["PyJWT==2.15.1", "cryptography==50.0.2"] },
    },
];

impl Peer {
    /// Makes sure that the program is there, and returns the command that starts it.
    pub(super) fn install(&self) -> Outcome<Command> {
        match self.kind {
            Kind::Rust { package, needs } => {
                rust(package).map_err(|problem| format!("{problem}; building it needs {needs}"))
            }
            Kind::Node { packages } => node(packages),
            Kind::Python { packages } => python(packages),
        }
    }
}

fn rust(package: &str) -> Outcome<Command> {
    let target = target().join("bench/peers");
    let manifest = here().join("peers/Cargo.toml");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--quiet", "--locked", "--package", package, "--manifest-path"]);
    run(cargo.arg(manifest).env("CARGO_TARGET_DIR", &target), "cargo build")?;
    Ok(Command::new(target.join("release").join(package)))
}

fn node(packages: &[&str]) -> Outcome<Command> {
    let folder = target().join("peers/bench-node");
    install_once(&folder, packages, || {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]).arg(&folder).args(packages);
        run(&mut npm, "npm install")
    })?;
    // Modules are looked up from where the script lies.
    let script = folder.join("peer.mjs");
    fs::copy(here().join("peers/node/peer.mjs"), &script).map_err(failed("copying the script"))?;
    let mut command = Command::new("node");
    command.arg(script);
    Ok(command)
}

fn python(packages: &[&str]) -> Outcome<Command> {
    let folder = target().join("peers/bench-python");
    install_once(&folder, packages, || {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder), "python3 -m venv")?;
        let mut pip = Command::new(folder.join("bin/pip"));
        run(pip.args(["install", "-q", "--disable-pip-version-check"]).args(packages), "pip install")
    })?;
    let mut command = Command::new(folder.join("bin/python"));
    command.arg(here().join("peers/python/peer.py"));
    Ok(command)
}

/// A folder counts as installed only when its stamp was written last: an interrupted installation is repeated.
fn install_once(folder: &Path, packages: &[&str], install: impl FnOnce() -> Outcome) -> Outcome {
    let (stamp, stamp_file) = (packages.join(" "), folder.join("installed"));
    if fs::read_to_string(&stamp_file).is_ok_and(|text| text == stamp) {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(failed("creating a folder"))?;
    install()?;
    fs::write(stamp_file, stamp).map_err(failed("writing the stamp"))
}

fn run(command: &mut Command, what: &str) -> Outcome {
    // Standard output is the report's.
    let output = command.stdin(Stdio::null()).output().map_err(failed(what))?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let first = errors.lines().find(|line| !line.trim().is_empty()).unwrap_or("no message");
    Err(format!("{what} failed: {first}"))
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn target() -> PathBuf {
    here().parent().unwrap_or(here()).join("target")
}
