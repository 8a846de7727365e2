//! Writers that finish, writers that do not, and two at once.

use tempfile::TempDir;

use super::*;

#[test]
fn dropped_leaves_the_old_file() {
    let dir = TempDir::new().unwrap();
    let target = dir.path().join("a/b.json");
    replace(&target, b"old").unwrap();
    let aside = write_aside(&target, b"new").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"old");
    drop(aside);
    assert_eq!(fs::read(&target).unwrap(), b"old");
    assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 1);
}

#[test]
fn remains_of_a_killed_writer_are_overwritten() {
    let dir = TempDir::new().unwrap();
    let target = dir.path().join("b.json");
    fs::write(dir.path().join(".b.json.partial"), b"a very long remainder of another writer").unwrap();
    replace(&target, b"new").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"new");
}

#[test]
fn two_writers_of_one_file() {
    let dir = TempDir::new().unwrap();
    let target = dir.path().join("b.json");
    let first = write_aside(&target, b"first").unwrap();
    let error = write_aside(&target, b"second").unwrap_err().to_string();
    assert!(error.contains("another process is writing") && error.contains("b.json"), "{error}");
    first.publish().unwrap();
    replace(&target, b"third").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"third");
}
