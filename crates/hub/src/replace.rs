//! Replacing a file so that readers see the old one or the new one and never a part: write aside, sync, rename.
//!
//! The file aside is `.<name>.partial` in the same folder. Its lock tells a live writer from the remains of one that
//! was killed: remains are overwritten by the next writer of the same file.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fs4::FileExt;

use crate::error::HubError;

/// Threads that wait for the disk when many files are synced.
const SYNC_THREADS: usize = 16;

/// From this many files on, the file system is synced as a whole.
const SYNC_SYSTEM: usize = 64;

/// A file being written beside the one it will replace. Dropped without [`Aside::publish`], it is removed.
#[derive(Debug)]
pub(crate) struct Aside {
    /// The file to be replaced.
    target: PathBuf,
    /// The file being written.
    partial: PathBuf,
    /// The lock on the file being written, until it is published.
    lock: Option<File>,
}

impl Aside {
    /// Starts a replacement of `target`, making its folder when there is none.
    pub(crate) fn begin(target: &Path) -> Result<Self, HubError> {
        let (folder, name) = parts(target);
        fs::create_dir_all(folder).map_err(HubError::io("create", folder))?;
        let partial = folder.join(format!(".{name}.partial"));
        let lock = lock_new(&partial, target)?;
        Ok(Self { target: target.to_owned(), partial, lock: Some(lock) })
    }

    /// The path being written, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.partial
    }

    /// A handle to write with.
    pub(crate) fn file(&self) -> Result<File, HubError> {
        let lock = self.lock.as_ref().expect("the lock is held until the file is published");
        lock.try_clone().map_err(HubError::io("open", &self.partial))
    }

    /// Syncs the file and puts it in place of the target.
    pub(crate) fn rename(mut self) -> Result<(), HubError> {
        self.file()?.sync_all().map_err(HubError::io("sync", &self.partial))?;
        fs::rename(&self.partial, &self.target).map_err(HubError::io("rename", &self.partial))?;
        self.lock = None;
        Ok(())
    }

    /// Syncs the file, puts it in place of the target, and syncs the folder.
    pub(crate) fn publish(self) -> Result<(), HubError> {
        let target = self.target.clone();
        self.rename()?;
        sync_folder(parts(&target).0)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // Nothing more can be done about a file that cannot be removed; the next writer overwrites it.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// Replaces a small file whole.
pub(crate) fn replace(target: &Path, bytes: &[u8]) -> Result<(), HubError> {
    write_aside(target, bytes)?.publish()
}

/// Writes a small file beside the one it will replace.
pub(crate) fn write_aside(target: &Path, bytes: &[u8]) -> Result<Aside, HubError> {
    let aside = Aside::begin(target)?;
    aside.file()?.write_all(bytes).map_err(HubError::io("write", aside.path()))?;
    Ok(aside)
}

/// Makes a file, or renames in a folder, last through a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), HubError> {
    let open = File::open(folder).map_err(HubError::io("open", folder))?;
    open.sync_all().map_err(HubError::io("sync", folder))
}

/// Makes new files and folders, all on the file system of `folder`, last through a power cut.
pub(crate) fn sync_all(folder: &Path, paths: &[PathBuf]) -> Result<(), HubError> {
    if paths.len() >= SYNC_SYSTEM && sync_system(folder) {
        return Ok(());
    }
    let share = paths.len().div_ceil(SYNC_THREADS).max(1);
    // Several at a time: the system then writes its journal once for all of them.
    std::thread::scope(|scope| {
        let sync = |share: &[PathBuf]| share.iter().try_for_each(|path| sync_folder(path));
        let shares: Vec<_> = paths.chunks(share).map(|share| scope.spawn(move || sync(share))).collect();
        shares.into_iter().try_for_each(|share| share.join().expect("syncing files does not panic"))
    })
}

/// Syncs the whole file system of a folder: one call instead of one for each of thousands of small files. Whether that
/// is offered and was done.
#[cfg(target_os = "linux")]
fn sync_system(folder: &Path) -> bool {
    File::open(folder).is_ok_and(|folder| rustix::fs::syncfs(&folder).is_ok())
}

/// Other systems have no such call.
#[cfg(not(target_os = "linux"))]
fn sync_system(_folder: &Path) -> bool {
    false
}

/// Opens and locks an empty file at `path`.
fn lock_new(path: &Path, target: &Path) -> Result<File, HubError> {
    loop {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(HubError::io("create", path))?;
        if FileExt::try_lock(&file).is_err() {
            return Err(HubError::refused(format!(
                "another process is writing `{}`; try again later",
                target.display()
            )));
        }
        // Between opening and locking, another writer may have renamed this very file into place.
        let same = fs::metadata(path).is_ok_and(|now| file.metadata().is_ok_and(|mine| now.ino() == mine.ino()));
        if same {
            file.set_len(0).map_err(HubError::io("write", path))?;
            return Ok(file);
        }
    }
}

/// Folder and name of a hub path.
fn parts(path: &Path) -> (&Path, &str) {
    let folder = path.parent().expect("a hub path has a folder");
    let name = path.file_name().and_then(|name| name.to_str()).expect("a hub path ends in an ASCII name");
    (folder, name)
}

#[cfg(test)]
mod tests;
