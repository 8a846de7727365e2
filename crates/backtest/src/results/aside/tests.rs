//! What killed processes leave, and what living ones build.

use std::time::SystemTime;

use super::*;
use crate::results::tests::fixture::names;

#[test]
fn what_killed_processes_left_goes_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (root.path().join("one"), root.path().join("two"));
    let living = Aside::create(&two, "aa").unwrap();
    for name in [".ab12.77-0", ".notes.1-x", "ab12", ".ab12.77"] {
        fs::create_dir_all(one.join(name)).unwrap();
        fs::write(one.join(name).join("half.csv"), "1,2").unwrap();
    }
    fs::create_dir(two.join(".cd34.5-6")).unwrap();
    fs::create_dir(root.path().join(".rerun-cd34.5-6")).unwrap();
    fs::write(one.join(".ab12.78-0"), "a file").unwrap();
    sweep(root.path());
    assert_eq!(names(&one), [".ab12.77", ".ab12.78-0", ".notes.1-x", "ab12"]);
    let own = living.path().file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!((names(&two), names(root.path())), (vec![own], vec!["one".to_owned(), "two".to_owned()]));
}

#[test]
fn a_folder_is_looked_through_by_whoever_makes_one_in_it() {
    let parent = tempfile::tempdir().unwrap();
    fs::create_dir(parent.path().join(".ab12.77-0")).unwrap();
    let living = Aside::create(parent.path(), "cd34").unwrap();
    let other = Aside::create(parent.path(), &format!("{RERUN}cd34")).unwrap();
    assert_eq!(names(parent.path()).len(), 2, "the living ones");
    drop((living, other));
    assert!(names(parent.path()).is_empty());
}

#[test]
fn without_locks_age_tells() {
    let parent = tempfile::tempdir().unwrap();
    let fresh = parent.path().join(".cd34.1-0");
    for (name, is_old) in [(".ab12.77-0", true), (".ab12.78-0", false), (".cd34.1-0", false), ("ab12", true)] {
        let path = parent.path().join(name);
        fs::create_dir(&path).unwrap();
        if is_old {
            File::open(&path).unwrap().set_modified(SystemTime::now() - 2 * ABANDONED_AFTER).unwrap();
        }
    }
    sweep_folder(parent.path(), Some(&fresh), false);
    assert_eq!(names(parent.path()), [".ab12.78-0", ".cd34.1-0", "ab12"]);
}
