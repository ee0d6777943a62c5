//! The services in other languages: `examples/express`, `fastapi`, `go` and `spring`.
//!
//! Each is built and tested by its language's own tools. What they need,
//! [`toolchains`](crate::toolchains) has brought. Their tests ask the issuer of this build for good and bad tokens.

use crate::{process, program};

/// Where the service in Go is built. The tests in `e2e` start it there.
const GO_BINARY: &str = "../../target/examples/go/orders";

/// Builds all of them and runs their own tests.
pub(crate) fn test() -> Result<(), String> {
    let issuer = Environment { program: program::build()?.to_string_lossy().into_owned() };
    issuer.run("npm", &["--prefix", "examples/express", "test", "--silent"])?;
    fastapi(&issuer)?;
    go(&issuer)?;
    spring(&issuer)
}

/// Where the tests find the program whose issuer they ask.
struct Environment {
    program: String,
}

impl Environment {
    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        self.run_with(program, arguments, &[])
    }

    fn run_with(&self, program: &str, arguments: &[&str], more: &[(&str, &str)]) -> Result<(), String> {
        process::run_with(program, arguments, &[more, &[("HANDSTAMP", &self.program)]].concat())
    }
}

fn fastapi(issuer: &Environment) -> Result<(), String> {
    let python = process::root().join("target/peers/fastapi/bin/python");
    // No caches beside the sources.
    let arguments = [
        "-B",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        "examples/fastapi",
        "examples/fastapi",
    ];
    issuer.run(&python.to_string_lossy(), &arguments)
}

fn go(issuer: &Environment) -> Result<(), String> {
    for arguments in [&["vet", "./..."][..], &["test", "./..."], &["build", "-o", GO_BINARY, "."]] {
        issuer.run("go", &[&["-C", "examples/go"], arguments].concat())?;
    }
    issuer.run("go", &["-C", "clients/testing/go", "vet", "./..."])
}

/// Compiles with warnings as errors, tests and packs.
fn spring(issuer: &Environment) -> Result<(), String> {
    // It runs once: compiling Maven well takes longer than it does.
    let quick_start = [("MAVEN_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")];
    issuer.run_with("mvn", &["-q", "-B", "-f", "examples/spring", "verify"], &quick_start)
}
