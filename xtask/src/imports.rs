//! Who may import whom: the table of the design as data, compared with what `cargo metadata` reports.
//!
//! Normal, build and dev-dependencies count alike. A new edge is a design change: it is made here and in the design
//! first, alone. Two kinds of library are fenced in as well: Arrow and Parquet, and everything asynchronous.

use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

/// Each crate of the workspace (without the `crosscut-` prefix) and the crates it may import.
const TABLE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("kernels", &[]),
    ("bars", &["model"]),
    ("formula", &["kernels", "model"]),
    ("trading", &["kernels", "model"]),
    ("hub", &["model"]),
    ("report", &["model"]),
    ("ingest", &["model", "bars", "hub"]),
    ("factors", &["formula", "hub", "model"]),
    ("evaluation", &["trading", "report", "kernels", "hub", "model"]),
    ("backtest", &["trading", "report", "kernels", "hub", "model"]),
    ("live", &["trading", "formula", "bars", "hub", "model"]),
    ("query", &["hub", "model"]),
    ("app", APP),
    ("server", &["app", "model"]),
    ("cli", &["app", "server", "model"]),
    ("py", &["app", "model"]),
    ("xtask", &[]),
];

/// The desk may use every room, every tool and the words.
const APP: &[&str] = &[
    "ingest",
    "factors",
    "evaluation",
    "backtest",
    "live",
    "query",
    "hub",
    "bars",
    "report",
    "formula",
    "kernels",
    "trading",
    "model",
];

/// A family of outside libraries and the crates that may use it.
struct Fence {
    /// What the family is, for the message.
    what: &'static str,
    /// Package names, or prefixes of them when they end with `-`.
    packages: &'static [&'static str],
    /// Crates that may depend on them.
    allowed: &'static [&'static str],
}

/// The fenced families.
const FENCES: &[Fence] = &[
    Fence {
        what: "Arrow and Parquet types stay inside the hub",
        packages: &["arrow", "arrow-", "parquet", "parquet-", "polars", "polars-", "datafusion", "datafusion-"],
        allowed: &["hub", "query", "py"],
    },
    Fence {
        what: "asynchronous code stays at the edge",
        packages: &["tokio", "tokio-", "async-", "futures", "futures-", "hyper", "reqwest", "axum", "smol"],
        allowed: &["ingest", "live", "server", "cli"],
    },
];

/// One package of the workspace, reduced to what the rules look at.
#[derive(Debug, Clone)]
struct Package {
    /// Name without the `crosscut-` prefix.
    name: String,
    /// Folder relative to the workspace, with `/`.
    folder: String,
    /// Names of all dependencies of any kind, workspace crates without the prefix.
    inside: Vec<String>,
    /// Names of all dependencies from outside the workspace.
    outside: Vec<String>,
}

/// Compares the workspace at `root` with the table. Each finding is one line.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata could not read the workspace")?;
    Ok(findings(&packages(&metadata), TABLE))
}

/// The workspace's packages in the order of their names.
fn packages(metadata: &Metadata) -> Vec<Package> {
    let short = |name: &str| name.strip_prefix("crosscut-").unwrap_or(name).to_owned();
    let members: Vec<String> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let mut packages: Vec<Package> = metadata
        .packages
        .iter()
        .map(|package| {
            let (inside, outside): (Vec<String>, Vec<String>) =
                package.dependencies.iter().map(|d| d.name.clone()).partition(|name| members.contains(name));
            let folder = package.manifest_path.parent().and_then(|p| p.strip_prefix(&metadata.workspace_root).ok());
            Package {
                name: short(&package.name),
                folder: folder.map(|path| path.to_string()).unwrap_or_default(),
                inside: inside.iter().map(|name| short(name)).collect(),
                outside,
            }
        })
        .collect();
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    packages
}

/// All breaches of the table and the fences.
fn findings(packages: &[Package], table: &[(&str, &[&str])]) -> Vec<String> {
    let mut out = Vec::new();
    for package in packages {
        let name = &package.name;
        let Some((_, allowed)) = table.iter().find(|(row, _)| row == name) else {
            out.push(format!(
                "imports: crate `{name}` is not in the table; add it to the design and to xtask/src/imports.rs first"
            ));
            continue;
        };
        let expected = if name == "xtask" { "xtask".to_owned() } else { format!("crates/{name}") };
        if package.folder != expected {
            out.push(format!("imports: crate `{name}` lies in `{}`; its place is `{expected}`", package.folder));
        }
        for import in package.inside.iter().filter(|import| !allowed.contains(&import.as_str())) {
            let may = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
            out.push(format!("imports: `{name}` imports `{import}`, which the table forbids; it may import {may}"));
        }
        out.extend(fence_findings(package));
    }
    out
}

/// Breaches of the fences by one package.
fn fence_findings(package: &Package) -> Vec<String> {
    let mut out = Vec::new();
    for fence in FENCES.iter().filter(|fence| !fence.allowed.contains(&package.name.as_str())) {
        let fenced = |name: &String| {
            fence
                .packages
                .iter()
                .any(|entry| if entry.ends_with('-') { name.starts_with(entry) } else { name == entry })
        };
        for library in package.outside.iter().filter(|name| fenced(name)) {
            out.push(format!(
                "imports: `{}` depends on `{library}`, but {}: only {} may",
                package.name,
                fence.what,
                fence.allowed.join(", ")
            ));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    //! The rules against small invented workspaces.

    use super::*;

    /// A package in its proper folder.
    fn package(name: &str, inside: &[&str], outside: &[&str]) -> Package {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Package { name: name.to_owned(), folder: format!("crates/{name}"), inside: own(inside), outside: own(outside) }
    }

    #[test]
    fn allowed_edges_pass() {
        let workspace = [
            package("model", &[], &[]),
            package("hub", &["model"], &["arrow-array", "parquet"]),
            package("cli", &["app", "model"], &["tokio"]),
        ];
        assert_eq!(findings(&workspace, TABLE), Vec::<String>::new());
    }

    #[test]
    fn a_forbidden_edge_is_reported() {
        let found = findings(&[package("factors", &["hub", "backtest"], &[])], TABLE);
        assert_eq!(
            found,
            ["imports: `factors` imports `backtest`, which the table forbids; it may import formula, hub, model"]
        );
        let found = findings(&[package("model", &["kernels"], &[])], TABLE);
        assert_eq!(found, ["imports: `model` imports `kernels`, which the table forbids; it may import nothing"]);
    }

    #[test]
    fn a_crate_outside_the_table_is_reported() {
        let found = findings(&[package("toolbox", &[], &[])], TABLE);
        assert!(found[0].contains("`toolbox` is not in the table"), "{found:?}");
    }

    #[test]
    fn fenced_libraries_are_reported() {
        let found = findings(&[package("backtest", &[], &["arrow-array", "tokio", "serde"])], TABLE);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("`arrow-array`") && found[1].contains("`tokio`"), "{found:?}");
    }

    #[test]
    fn a_crate_in_a_strange_folder_is_reported() {
        let mut stray = package("hub", &[], &[]);
        stray.folder = "libs/hub".to_owned();
        assert!(findings(&[stray], TABLE)[0].contains("its place is `crates/hub`"));
    }

    #[test]
    fn the_table_has_no_sideways_and_no_upward_edge() {
        let rooms = ["ingest", "factors", "evaluation", "backtest", "live", "query"];
        for (name, allowed) in TABLE {
            assert!(!allowed.contains(name), "{name} imports itself");
            if rooms.contains(name) {
                assert!(!allowed.iter().any(|import| rooms.contains(import)), "{name} imports a room");
            }
        }
    }

    #[test]
    fn this_workspace_keeps_the_table() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert_eq!(check(root).unwrap(), Vec::<String>::new());
    }
}
