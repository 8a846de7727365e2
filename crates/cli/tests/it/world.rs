//! A folder with a hub and results of its own, and the program run in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What the program answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Exit status.
    pub status: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Answer {
    /// Asserts success.
    #[track_caller]
    pub fn good(self) -> Self {
        assert_eq!(self.status, 0, "expected success\n{}\n{}", self.out, self.err);
        self
    }

    /// Asserts that the program could not run: status 2, one clear error holding all of `words`, no panic.
    #[track_caller]
    pub fn refused(self, words: &[&str]) -> Self {
        assert_eq!(self.status, 2, "expected status 2\n{}\n{}", self.out, self.err);
        assert!(self.err.contains("error: "), "no error line:\n{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "`{word}` is not in:\n{}", self.err);
        }
        for never in ["panicked", "bug in crosscut", "RUST_BACKTRACE"] {
            assert!(!self.err.contains(never), "`{never}` is in:\n{}", self.err);
        }
        self
    }

    /// The JSON object on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("not JSON ({error}): {}\n{}", self.out, self.err))
    }
}

/// A folder to run the program in.
pub struct World {
    /// Removed at the end of the test.
    folder: TempDir,
}

impl World {
    /// An empty folder.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with a small made-up market imported: venue `v`, hourly bars, and the factor set `s1` with the columns
    /// `return_5` and `return_20`.
    pub fn with_market() -> Self {
        let world = Self::new();
        world.generate("raw");
        world.run(&["data", "import", "--venue", "v", "raw"]).good();
        world.run(&["aggregate", "--bar", "1h"]).good();
        world.write("s1.yaml", FACTOR_SET);
        world.run(&["factors", "run", "--config", "s1.yaml"]).good();
        world
    }

    /// Writes the small market as archive files: 8 symbols, 24 days from 2024-01-01.
    pub fn generate(&self, folder: &str) {
        let numbers = ["--symbols", "8", "--days", "24", "--trades-per-day", "120"];
        self.run(&[&["data", "generate", "--dir", folder], &numbers[..]].concat()).good();
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// A file's text.
    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A file's size in bytes; 0 when it is not there.
    pub fn size(&self, name: &str) -> u64 {
        fs::metadata(self.path(name)).map_or(0, |file| file.len())
    }

    /// Starts the program, kills it as soon as a file has a size, and waits until it is gone.
    pub fn kill_at(&self, arguments: &[&str], name: &str, size: u64) {
        let mut child = self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while self.size(name) < size && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The program, ready to be run here, without any setting from outside.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crosscut"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CROSSCUT_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Answer {
        answer(&mut self.command(arguments))
    }

    /// Runs the program with `--json` and gives the object.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        self.run(&[arguments, &["--json"]].concat()).good().json()
    }

    /// Runs the program with `--json`, expects a status, and gives the object.
    #[track_caller]
    pub fn json_of(&self, arguments: &[&str], status: i32) -> Value {
        let answer = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(answer.status, status, "{}\n{}", answer.out, answer.err);
        answer.json()
    }

    /// A backtest of the small market, with further options.
    pub fn backtest(&self, options: &[&str]) -> Answer {
        let given = |flag: &str| options.contains(&flag);
        let mut all = vec!["backtest"];
        if !given("--strategy") {
            all.extend(["--strategy", "top_k", "--param", "k=2"]);
        }
        if !given("--factor-set") {
            all.extend(["--factor-set", "s1", "--param", "factor=return_5"]);
        }
        self.run(&with(&all, options))
    }

    /// Every file below a folder with its bytes; empty when there is no folder.
    pub fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut out = BTreeMap::new();
        collect(&self.path(folder), &self.path(folder), &mut out);
        out
    }
}

/// The factor set of the small market.
const FACTOR_SET: &str = r#"
factor_set: s1
timeframe: 1h
source: {venue: v, bars: 1h}
tradable: volume > 0
factors:
  - {name: "return_{w}", formula: "close / delay(close, {w}) - 1", windows: [5, 20]}
"#;

/// Runs a command to its end.
pub fn answer(command: &mut Command) -> Answer {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
    Answer {
        status: output.status.code().expect("the program is not killed"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Adds the files below `folder`, links by where they lead.
fn collect(root: &Path, folder: &Path, out: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, out);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            out.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// The shared reference data; `None`, after saying so, when it is not there.
pub fn shared(part: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = std::env::var_os("CROSSCUT_SHARED").map_or(beside, PathBuf::from);
    let path = root.join(part);
    if path.exists() {
        return Some(path.canonicalize().unwrap());
    }
    println!("skipped: shared data not found ({part})");
    None
}

/// Words with further options, in place of the parameters of the same names.
pub fn with<'a>(words: &[&'a str], options: &[&'a str]) -> Vec<&'a str> {
    let name = |value: &'a str| value.split('=').next();
    let anew: Vec<_> = options.windows(2).filter(|pair| pair[0] == "--param").map(|pair| name(pair[1])).collect();
    let mut all = Vec::new();
    let mut words = words.iter().peekable();
    while let Some(&word) = words.next() {
        match words.peek() {
            Some(value) if word == "--param" && anew.contains(&name(value)) => drop(words.next()),
            _ => all.push(word),
        }
    }
    all.extend(options);
    all
}
