//! The pages in the repository are those this program makes.

use super::*;

/// The folder of the pages.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference")
}

#[test]
fn the_pages_are_up_to_date() {
    for page in pages().unwrap() {
        let stored = fs::read_to_string(folder().join(page.file)).unwrap_or_default();
        assert!(
            stored == page.text,
            "docs/reference/{} is not what it should be: run `cargo xtask reference`",
            page.file
        );
    }
    let mut files: Vec<_> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    let mut wanted: Vec<_> = pages().unwrap().iter().map(|page| page.file.into()).collect::<Vec<std::ffi::OsString>>();
    wanted.sort();
    assert_eq!(files, wanted, "docs/reference holds generated pages only");
}

#[test]
fn tables_are_whole() {
    for page in pages().unwrap() {
        let mut columns = 0;
        for line in page.text.lines() {
            let bars = line.replace("\\|", "").matches('|').count();
            if line.starts_with("| ---") {
                columns = bars;
            }
            assert!(
                !line.starts_with('|') || columns == 0 || bars == columns || line.contains("---"),
                "{}: {line}",
                page.file
            );
            columns = if line.starts_with('|') { columns } else { 0 };
        }
        assert!(page.text.ends_with('\n') && !page.text.contains("\n\n\n"), "{}", page.file);
    }
}

#[test]
fn pages_are_written_to_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(&folder.path().join("new")).unwrap();
    assert_eq!(written.files.len(), pages().unwrap().len());
    assert_eq!(fs::read_to_string(written.folder.join("costs.md")).unwrap(), pages().unwrap()[4].text);
}
