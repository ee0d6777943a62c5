//! The services in other languages: `examples/express`, `fastapi`, `go` and `spring`.
//!
//! Each is built and tested by its language's own tools. What they need,
//! [`toolchains`](crate::toolchains) has brought.

use crate::process;

/// Where the service in Go is built. The tests in `e2e` start it there.
const GO_BINARY: &str = "../../target/examples/go/orders";

/// Builds all of them and runs their own tests.
pub(crate) fn test() -> Result<(), String> {
    process::run("npm", &["--prefix", "examples/express", "test", "--silent"])?;
    fastapi()?;
    go()?;
    spring()
}

fn fastapi() -> Result<(), String> {
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
    process::run(&python.to_string_lossy(), &arguments)
}

fn go() -> Result<(), String> {
    for arguments in [&["vet", "./..."][..], &["test", "./..."], &["build", "-o", GO_BINARY, "."]] {
        process::run("go", &[&["-C", "examples/go"], arguments].concat())?;
    }
    Ok(())
}

/// Compiles with warnings as errors, tests and packs.
fn spring() -> Result<(), String> {
    // It runs once: compiling Maven well takes longer than it does.
    let quick_start = [("MAVEN_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")];
    process::run_with("mvn", &["-q", "-B", "-f", "examples/spring", "verify"], &quick_start)
}
