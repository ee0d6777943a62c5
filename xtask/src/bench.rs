//! Runs the side-by-side benchmarks of `bench/`, a workspace of its own.

use crate::process::{output, root, run_with};

/// Runs one benchmark, or lists them.
pub(crate) fn run(arguments: &[&str]) -> Result<(), String> {
    let names = names()?;
    let [name, rest @ ..] = arguments else {
        println!("cargo xtask bench NAME, with one of:\n  {}", names.join("\n  "));
        return Ok(());
    };
    if !names.iter().any(|known| known == name) {
        return Err(format!("there is no benchmark {name:?}; there are: {}", names.join(", ")));
    }
    let manifest = root().join("bench/Cargo.toml");
    let manifest = manifest.to_string_lossy();
    let target = root().join("target/bench");
    let command = ["run", "--release", "--quiet", "--manifest-path", &manifest, "--bin", name, "--"];
    run_with("cargo", &[&command, rest].concat(), &[("CARGO_TARGET_DIR", &target.to_string_lossy())])
}

fn names() -> Result<Vec<String>, String> {
    let manifest = root().join("bench/Cargo.toml");
    let metadata = output(
        "cargo",
        &["metadata", "--format-version", "1", "--no-deps", "--manifest-path", &manifest.to_string_lossy()],
    )?;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata).map_err(|error| error.to_string())?;
    let targets = metadata["packages"].as_array().into_iter().flatten().flat_map(|package| {
        package["targets"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|target| target["kind"][0] == "bin")
            .cloned()
    });
    Ok(targets.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect())
}
