//! A PostgreSQL server of the test's own: made in a folder that goes away, reached through a socket there, stopped at
//! the end, also when the test process is killed.
//!
//! Uses nothing but the standard library and `tempfile`, because the integration tests of the program include this
//! file too. A machine without PostgreSQL fails these tests: `cargo xtask test` installs it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The password of the one user, `tester`; signs in it must be percent-encoded in an address.
pub const PASSWORD: &str = "s3cret@/:word";

/// The same inside an address.
const PASSWORD_ENCODED: &str = "s3cret%40%2F%3Aword";

/// Makes a cluster, starts the server, says so, and stops it when its standard input ends.
const SCRIPT: &str = r#"
set -e
export LC_ALL=C
bin=$1; cd "$2"
"$bin/initdb" -D data -U tester -E UTF8 --no-locale --no-sync -A scram-sha-256 --pwfile=password >initdb.log 2>&1
settings="-c listen_addresses= -c fsync=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off"
"$bin/pg_ctl" -D data -w -l server.log -o "$settings -k '$2'" start >start.log 2>&1
echo ready
cat >/dev/null
"$bin/pg_ctl" -D data -m immediate stop >stop.log 2>&1
"#;

/// A running server.
pub struct Server {
    /// The shell that minds it.
    shell: Child,
    /// Its folder.
    folder: TempDir,
}

impl Server {
    /// Makes and starts a server.
    pub fn start() -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("password"), PASSWORD).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "sh"]).arg(binaries()).arg(folder.path());
        command.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        if fs::metadata(folder.path()).unwrap().uid() == 0 {
            // The server refuses to run as root.
            let (user, group) = unprivileged();
            chown(folder.path(), Some(user), Some(group)).unwrap();
            chown(folder.path().join("password"), Some(user), Some(group)).unwrap();
            command.uid(user).gid(group);
        }
        let mut shell = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.trim() != "ready" {
            let log = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
            panic!("PostgreSQL did not start:\n{}{}{}", log("initdb.log"), log("start.log"), log("server.log"));
        }
        Self { shell, folder }
    }

    /// The address of a database.
    pub fn address(&self, database: &str) -> String {
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://tester:{PASSWORD_ENCODED}@{socket}/{database}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// The folder of the newest server's programs.
fn binaries() -> PathBuf {
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&in_path).collect();
    let version = |folder: &Path| folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut debian: Vec<PathBuf> = debian.filter(|folder| version(folder).is_some()).collect();
    debian.sort_by_key(|folder| version(folder));
    folders.extend(debian.into_iter().rev().map(|folder| folder.join("bin")));
    let has_all = |folder: &PathBuf| ["initdb", "pg_ctl"].iter().all(|name| folder.join(name).is_file());
    folders.into_iter().find(has_all).expect(
        "PostgreSQL is not installed: `cargo xtask test` installs it, or: apt-get install --no-install-recommends postgresql",
    )
}

/// User and group for a server started by root: those of the package, else nobody's.
fn unprivileged() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let find = |wanted: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(wanted))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).expect("the system has a user `postgres` or `nobody`")
}
