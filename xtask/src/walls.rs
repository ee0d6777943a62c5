//! Who may lean on whom: `cargo metadata` against the table of `ARCHITECTURE.md`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::process::output;

/// What a crate may use, and what it must never use.
struct Wall {
    package: &'static str,
    /// The crates of ours it may depend on.
    ours: &'static [&'static str],
    /// Crates that must not be anywhere below it, as built by default.
    never: &'static [&'static str],
}

const WALLS: &[Wall] = &[
    Wall {
        package: "handstamp-token",
        ours: &[],
        never: &["tokio", "reqwest", "hyper", "axum", "sqlx", "rusqlite"],
    },
    Wall {
        package: "handstamp-api-types",
        ours: &["handstamp-token"],
        never: &["tokio", "reqwest", "hyper", "axum", "sqlx", "rusqlite"],
    },
    Wall {
        package: "handstamp-settings",
        ours: &[],
        never: &["tokio", "axum", "reqwest", "sqlx", "rusqlite"],
    },
    Wall { package: "handstamp-listen", ours: &[], never: &["axum", "reqwest", "sqlx", "rusqlite"] },
    Wall {
        package: "handstamp-core",
        ours: &["handstamp-token"],
        never: &["axum", "http", "hyper", "sqlx", "rusqlite", "redis"],
    },
    Wall {
        package: "handstamp-store-sqlite",
        ours: &["handstamp-core", "handstamp-token"],
        never: &["axum", "hyper", "sqlx", "redis"],
    },
    Wall {
        package: "handstamp-store-postgres",
        ours: &["handstamp-core", "handstamp-token"],
        never: &["axum", "hyper", "sqlx", "rusqlite", "redis"],
    },
    Wall {
        package: "handstamp-store-redis",
        ours: &["handstamp-core", "handstamp-token"],
        never: &["axum", "hyper", "sqlx", "rusqlite", "tokio-postgres"],
    },
    Wall {
        package: "handstamp-verify",
        ours: &["handstamp-api-types", "handstamp-token"],
        never: &["axum", "redis", "sqlx", "rusqlite"],
    },
    Wall {
        package: "handstamp-server",
        ours: &[
            "handstamp-core",
            "handstamp-listen",
            "handstamp-settings",
            "handstamp-verify",
            "handstamp-api-types",
            "handstamp-token",
        ],
        never: &["sqlx", "rusqlite", "redis"],
    },
    Wall {
        package: "handstamp-gateway",
        ours: &[
            "handstamp-api-types",
            "handstamp-listen",
            "handstamp-settings",
            "handstamp-token",
            "handstamp-verify",
        ],
        never: &["axum", "sqlx", "rusqlite", "handstamp-core", "handstamp-server"],
    },
    Wall {
        package: "handstamp-testkit",
        ours: &["handstamp-verify", "handstamp-api-types", "handstamp-token"],
        never: &["sqlx", "rusqlite", "handstamp-core", "handstamp-server"],
    },
    Wall {
        package: "handstamp-audit",
        ours: &["handstamp-testkit", "handstamp-verify", "handstamp-api-types", "handstamp-token"],
        never: &["axum", "sqlx", "rusqlite", "handstamp-core", "handstamp-server"],
    },
    Wall {
        package: "handstamp-demo",
        ours: &["handstamp-testkit", "handstamp-verify", "handstamp-api-types", "handstamp-token"],
        never: &["sqlx"],
    },
    Wall {
        package: "handstamp",
        ours: &[
            "handstamp-api-types",
            "handstamp-audit",
            "handstamp-core",
            "handstamp-demo",
            "handstamp-gateway",
            "handstamp-listen",
            "handstamp-settings",
            "handstamp-server",
            "handstamp-store-postgres",
            "handstamp-store-redis",
            "handstamp-store-sqlite",
            "handstamp-testkit",
            "handstamp-token",
            "handstamp-verify",
        ],
        never: &[],
    },
    Wall {
        package: "handstamp-testbed",
        ours: &[],
        never: &["tokio", "axum", "reqwest", "sqlx", "rusqlite", "tokio-postgres", "redis"],
    },
    Wall {
        package: "handstamp-e2e",
        ours: &["handstamp-api-types", "handstamp-testbed", "handstamp-token"],
        never: &["sqlx", "rusqlite"],
    },
    Wall { package: "xtask", ours: &[], never: &["tokio"] },
];

/// Fails when an arrow points where none may, or a crate of ours stands in no row.
pub(crate) fn check() -> Result<(), String> {
    let graph = Graph::load()?;
    let mut broken = Vec::new();
    for package in graph.members() {
        let Some(wall) = WALLS.iter().find(|wall| wall.package == package) else {
            broken.push(format!("{package} stands in no row of the table in xtask/src/walls.rs"));
            continue;
        };
        let below = graph.reachable(&package);
        for ours in graph.direct(&package).iter().filter(|name| graph.is_member(name)) {
            if !wall.ours.contains(&ours.as_str()) {
                broken.push(format!("{package} must not depend on {ours}"));
            }
        }
        for never in wall.never.iter().filter(|never| below.contains(**never)) {
            broken.push(format!("{package} must not have {never} anywhere below it"));
        }
    }
    if broken.is_empty() {
        eprintln!("walls: every arrow points where it may");
        return Ok(());
    }
    Err(format!("a wall is broken:\n  {}", broken.join("\n  ")))
}

/// Normal and build dependencies, default features: what people get. Development dependencies go where tests need them.
struct Graph {
    members: BTreeSet<String>,
    arrows: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn load() -> Result<Self, String> {
        let members = Self::member_names()?;
        let mut arrows = BTreeMap::new();
        for member in &members {
            // `cargo tree` resolves features for one package alone; `cargo metadata` would unify them over the workspace
            // and show `axum` below `verify` because the server switches it on.
            let tree = output(
                "cargo",
                &[
                    "tree",
                    "--locked",
                    "-p",
                    member,
                    "-e",
                    "normal,build",
                    "--prefix",
                    "depth",
                    "--format",
                    " {p}",
                    "--no-dedupe",
                ],
            )?;
            read_tree(&String::from_utf8_lossy(&tree), member, &mut arrows);
        }
        Ok(Self { members, arrows })
    }

    fn member_names() -> Result<BTreeSet<String>, String> {
        let metadata = output("cargo", &["metadata", "--format-version", "1", "--no-deps", "--locked"])?;
        let metadata: Value = serde_json::from_slice(&metadata).map_err(|error| error.to_string())?;
        let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
        Ok(packages.iter().filter_map(|package| package["name"].as_str().map(str::to_owned)).collect())
    }

    fn members(&self) -> Vec<String> {
        self.members.iter().cloned().collect()
    }

    fn is_member(&self, name: &str) -> bool {
        self.members.contains(name)
    }

    fn direct(&self, name: &str) -> BTreeSet<String> {
        self.arrows.get(&key(name, name)).cloned().unwrap_or_default()
    }

    fn reachable(&self, name: &str) -> BTreeSet<String> {
        self.arrows
            .iter()
            .filter(|(from, _)| from.starts_with(&format!("{name} ")))
            .flat_map(|(_, to)| to.clone())
            .collect()
    }
}

/// Arrows are kept per root, since features differ by root.
fn key(root: &str, from: &str) -> String {
    format!("{root} {from}")
}

fn read_tree(tree: &str, root: &str, arrows: &mut BTreeMap<String, BTreeSet<String>>) {
    let mut path: Vec<String> = Vec::new();
    for line in tree.lines() {
        let Some((depth, rest)) = line.split_once(' ') else { continue };
        let Ok(depth) = depth.parse::<usize>() else { continue };
        let Some(name) = rest.split_whitespace().next() else { continue };
        path.truncate(depth);
        if let Some(parent) = path.last() {
            arrows.entry(key(root, parent)).or_default().insert(name.to_owned());
        }
        path.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_as_arrows_of_its_root() {
        let mut arrows = BTreeMap::new();

        read_tree("0 a v1\n1 b v1\n2 c v1\n1 d v1\n", "a", &mut arrows);

        assert_eq!(arrows[&key("a", "a")], BTreeSet::from(["b".to_owned(), "d".to_owned()]));
        assert_eq!(arrows[&key("a", "b")], BTreeSet::from(["c".to_owned()]));
    }
}
