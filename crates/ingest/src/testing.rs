//! What the tests share: a folder with files to import, and an import as text.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use crosscut_hub::Hub;
use crosscut_model::TradeKind;
use crosscut_model::Trades;

use crate::Silent;
use crate::import::{ImportRequest, ImportSummary, TableStatus, run};

/// The shared data, when it is there.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("CROSSCUT_SHARED") {
        Some(root) => PathBuf::from(root),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: shared data not found at {}", path.display());
    None
}

/// A folder for one test.
pub struct Bench {
    /// The folder; removed when the test ends.
    pub dir: TempDir,
}

impl Bench {
    /// An empty folder.
    pub fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The hub.
    pub fn hub_root(&self) -> PathBuf {
        self.path("hub")
    }

    /// The hub, opened.
    pub fn hub(&self) -> Hub {
        Hub::open(&self.hub_root()).unwrap()
    }

    /// Writes a file.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a ZIP of the given members.
    pub fn zip_of(&self, name: &str, members: &[(&str, &str)]) -> PathBuf {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (member, text) in members {
            zip.start_file(*member, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        self.file(name, zip.finish().unwrap().into_inner())
    }

    /// Writes `STEM.zip` with the member `STEM.csv`, as archives do.
    pub fn zip(&self, stem: &str, text: &str) -> PathBuf {
        let member = Path::new(stem).file_name().unwrap().to_string_lossy().into_owned();
        self.zip_of(&format!("{stem}.zip"), &[(&format!("{member}.csv"), text)])
    }

    /// Writes a gzip file.
    pub fn gzip(&self, name: &str, text: &str) -> PathBuf {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        self.file(name, gzip.finish().unwrap())
    }

    /// Writes the checksum file of a file.
    pub fn checksum(&self, path: &Path) {
        let hash: String = Sha256::digest(std::fs::read(path).unwrap()).iter().map(|b| format!("{b:02x}")).collect();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        std::fs::write(format!("{}.CHECKSUM", path.display()), format!("{hash}  {name}\n")).unwrap();
    }

    /// A request to import files at the venue `binance`.
    pub fn request(&self, files: &[PathBuf]) -> ImportRequest {
        ImportRequest::new("binance", files, 2)
    }

    /// Imports files, as text.
    pub fn import(&self, files: &[PathBuf]) -> String {
        self.import_as(&self.request(files))
    }

    /// Runs a request, as text.
    pub fn import_as(&self, request: &ImportRequest) -> String {
        match run(request, &self.hub_root(), &Silent) {
            Ok(summary) => self.text(&summary),
            Err(error) => format!("error: {error}\n").replace(&format!("{}/", self.dir.path().display()), ""),
        }
    }

    /// A summary as text, without the folder's path.
    pub fn text(&self, summary: &ImportSummary) -> String {
        let mut out = String::new();
        for file in &summary.files {
            out += &format!("{}: {}; {} rows\n", file.file, file.detected, file.rows);
            file.notes.iter().for_each(|note| out += &format!("  {note}\n"));
        }
        for table in &summary.tables {
            let status = if table.status == TableStatus::Written { "written" } else { "unchanged" };
            out += &format!("{}: {status}, {} rows, {} added\n", table.table, table.rows, table.added);
        }
        summary.refusals.iter().for_each(|refusal| out += &format!("refused {refusal}\n"));
        out.replace(&format!("{}/", self.dir.path().display()), "")
    }

    /// All trades of a symbol.
    pub fn trades(&self, symbol: &str, kind: TradeKind) -> Trades {
        let mut stream = self.hub().ticks("binance", symbol, kind).unwrap();
        let (mut all, mut batch) = (Trades::default(), Trades::default());
        while stream.next_batch(&mut batch).unwrap() {
            all.extend_from(&batch, 0..batch.len());
        }
        all
    }

    /// Every file of the hub with its content, sorted by path; locks, which hold nothing, left out.
    pub fn hub_bytes(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.hub_root()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for path in entries.map(|entry| entry.unwrap().path()) {
                if path.file_name().is_some_and(|name| name == ".locks") {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path.strip_prefix(self.hub_root()).unwrap().to_owned(), std::fs::read(&path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }
}
