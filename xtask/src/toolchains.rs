//! What the services in other languages are built with: `examples/express`, `fastapi`, `go` and `spring`.

use crate::install::{create, node_package, python_requirements, stamped, write_stamp};
use crate::process::{output, root, run};

/// A language's own tool, and the oldest version of it that the example is written for.
struct Toolchain {
    name: &'static str,
    asked: (&'static str, &'static str),
    oldest: (u32, u32),
    /// What to do where it is older. Debian 12 has an older Go; nothing of it is brought up to date behind anybody's back.
    otherwise: &'static str,
}

const TOOLCHAINS: &[Toolchain] = &[
    Toolchain {
        name: "Python",
        asked: ("python3", "--version"),
        oldest: (3, 11),
        otherwise: "Debian 12 and later have one",
    },
    Toolchain {
        name: "Go",
        asked: ("go", "version"),
        oldest: (1, 22),
        otherwise: "Debian 12 has one in bookworm-backports, Debian 13 has one, and go.dev/dl has all of them",
    },
    Toolchain {
        name: "the Java compiler",
        asked: ("javac", "-version"),
        oldest: (17, 0),
        otherwise: "Debian 12 and later have one in default-jdk-headless",
    },
];

/// Installs what the services with planted mistakes need: those of `crates/audit/tests/services`.
pub(crate) fn for_planted_services() -> Result<(), String> {
    node_package("examples/express")?;
    python_requirements("target/peers/fastapi", "examples/fastapi/requirements.txt")
}

/// Installs what the services need, after a look at what is to build them.
pub(crate) fn everything() -> Result<(), String> {
    TOOLCHAINS.iter().try_for_each(Toolchain::is_new_enough)?;
    for_planted_services()?;
    run("go", &["-C", "examples/go", "mod", "download"])?;
    maven_packages()
}

impl Toolchain {
    fn is_new_enough(&self) -> Result<(), String> {
        let (program, argument) = self.asked;
        let (major, minor) = self.oldest;
        let needed = format!("{} {major}.{minor} or newer is needed", self.name);
        let said = output(program, &[argument]).map_err(|error| format!("{needed}: {error}"))?;
        let said = String::from_utf8_lossy(&said);
        if version(&said).is_some_and(|version| version >= self.oldest) {
            return Ok(());
        }
        Err(format!("{needed}, and this is {}: {}", said.trim(), self.otherwise))
    }
}

/// Returns the first version in a text: `(1, 26)` of "go version go1.26.8 linux/amd64".
fn version(text: &str) -> Option<(u32, u32)> {
    let from_digit = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let mut numbers = from_digit.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next().and_then(Result::ok).unwrap_or(0)))
}

/// Maven knows what a build needs only when it builds: once for each version of `pom.xml`. Later builds work with `--offline`. One
/// test is enough to bring what tests need; others ask a program that is not built yet.
fn maven_packages() -> Result<(), String> {
    let stamp = read(&root().join("examples/spring/pom.xml"))?;
    let folder = root().join("target/examples/spring");
    if stamped(&folder, &stamp) {
        return Ok(());
    }
    run("mvn", &["-q", "-B", "-f", "examples/spring", "verify", "-Dtest=SettingsTest"])?;
    create(&folder)?;
    write_stamp(&folder, &stamp)
}

fn read(path: &std::path::Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn a_version_is_found_in_what_each_tool_says() {
        for (said, expected) in [
            ("go version go1.26.8 linux/amd64", Some((1, 26))),
            ("go version go1.19 linux/amd64", Some((1, 19))),
            ("Python 3.11.7\n", Some((3, 11))),
            ("javac 17.0.15\n", Some((17, 0))),
            ("javac 21\n", Some((21, 0))),
            ("no version\n", None),
        ] {
            assert_eq!(version(said), expected, "{said}");
        }
    }
}
