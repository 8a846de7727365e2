//! `init`: writes a commented project into a folder. Never overwrites anything.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{KEYS, Kind};
use crate::error::AppError;

/// The files of a project that are the same everywhere: path and text.
const FILES: [(&str, &str); 8] = [
    ("factors/core.yaml", include_str!("init/core.yaml")),
    ("strategies/long_short.yaml", include_str!("init/long_short.yaml")),
    ("strategies/top_k.yaml", include_str!("init/top_k.yaml")),
    ("strategies/threshold.yaml", include_str!("init/threshold.yaml")),
    ("strategies/rotation.yaml", include_str!("init/rotation.yaml")),
    ("strategies/trend.yaml", include_str!("init/trend.yaml")),
    ("strategies/realistic.yaml", include_str!("init/realistic.yaml")),
    (".gitignore", include_str!("init/gitignore")),
];

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Project {
    /// The folder.
    pub folder: PathBuf,
    /// The files, relative to the folder.
    pub files: Vec<String>,
}

/// Writes the project into `folder`, which is made if need be.
///
/// # Errors
/// When one of the files exists (nothing is written then), or cannot be written.
pub fn run(folder: &Path) -> Result<Project, AppError> {
    let mut files = vec![("crosscut.yaml", settings_text())];
    files.extend(FILES.iter().map(|(name, text)| (*name, (*text).to_owned())));
    if let Some((taken, _)) = files.iter().find(|(name, _)| folder.join(name).exists()) {
        return Err(AppError::new(format!("{} exists already; nothing was written", folder.join(taken).display()))
            .hint("choose an empty folder with --dir DIR"));
    }
    for (name, text) in &files {
        let path = folder.join(name);
        let parent = path.parent().expect("each file lies in the project's folder");
        fs::create_dir_all(parent).map_err(|error| AppError::io("make the folder", parent, &error))?;
        fs::write(&path, text).map_err(|error| AppError::io("write", &path, &error))?;
    }
    let files = files.into_iter().map(|(name, _)| name.to_owned()).collect();
    Ok(Project { folder: folder.to_owned(), files })
}

/// The head of `crosscut.yaml`.
const HEAD: &str = "\
# Settings of this project. `crosscut` reads this file when it is run in this folder; `--config FILE` adds others, later
# ones win. Flags and CROSSCUT_... variables (also in a .env file) win over files. `crosscut config show` prints every
# value and where it came from. Every key there is stands below with its default; take away the `#` to change one.
#
#   crosscut data import --venue binance_futures RAW_FILES...      files of an exchange -> hub
#   crosscut aggregate --bar 1h                                    trades -> bars
#   crosscut factors run --config factors/core.yaml                bars -> factors
#   crosscut backtest --config strategies/long_short.yaml          factors -> a run with its report
#   crosscut backtest --config strategies/realistic.yaml           costs, margin, universe and risk of a real account
#   crosscut backtest --config strategies/trend.yaml               a strategy that acts at every bar
#   crosscut runs list
";

/// `crosscut.yaml`, made from the table of settings so that it is always complete.
fn settings_text() -> String {
    let mut out = HEAD.to_owned();
    let mut section = "";
    for key in KEYS {
        let (now, name) = key.path.split_once('.').unwrap_or(("", key.path));
        if now != section || out == HEAD {
            section = now;
            out.push('\n');
            if !now.is_empty() {
                out.push_str(&format!("{now}:\n"));
            }
        }
        let indent = if now.is_empty() { "" } else { "  " };
        let value = match key.kind {
            Kind::List => "[]",
            Kind::Named => "{}",
            _ => key.default,
        };
        let line = format!("{indent}# {name}: {value}");
        out.push_str(&format!("{:<44}  # {}", line.trim_end(), key.help));
        if let Kind::Choice(words) = key.kind {
            out.push_str(&format!(": {}", words.join(", ")));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    //! The written project is a valid one.

    use super::*;
    use crate::config::{Config, Sources};

    #[test]
    fn the_project_is_valid_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let project = run(folder.path()).unwrap();
        assert_eq!(project.files.len(), 9);
        let same = ["long_short", "top_k", "threshold", "rotation"].map(|name| (name, name));
        for (strategy, runs) in same.into_iter().chain([("trend", "ema_cross"), ("realistic", "top_k")]) {
            let strategy_file = folder.path().join(format!("strategies/{strategy}.yaml"));
            let files = vec![folder.path().join("crosscut.yaml"), strategy_file];
            let config = Config::resolve(&Sources { files, ..Sources::default() }).unwrap();
            let params = config.named("backtest.params").into_iter().collect();
            let name = config.text("backtest.strategy").unwrap();
            assert_eq!(crosscut_trading::strategy::resolve(name, &params).unwrap().template.name, runs);
        }
        crosscut_factors::Config::read(&folder.path().join("factors/core.yaml")).unwrap();
        fs::write(folder.path().join("crosscut.yaml"), "mine").unwrap();
        assert!(run(folder.path()).unwrap_err().to_string().contains("crosscut.yaml exists already"));
        assert_eq!(fs::read_to_string(folder.path().join("crosscut.yaml")).unwrap(), "mine");
    }

    #[test]
    fn every_setting_can_be_switched_on() {
        let text: String = settings_text().lines().map(|line| format!("{}\n", line.replacen("# ", "", 1))).collect();
        let body = text.split_once("\n\n").unwrap().1;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("all.yaml");
        fs::write(&file, body).unwrap();
        let config = Config::resolve(&Sources { files: vec![file], ..Sources::default() }).unwrap();
        assert_eq!(config.text("backtest.execution"), Some("next_open"));
    }
}
