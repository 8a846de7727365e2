//! Publishing a factor set: a new generation beside the old ones, and one rename of the link.
//!
//! ```text
//! .generations/<timeframe>/<set>/<n>/      the tables and metadata.json, written in full before anyone sees them
//! factors/<timeframe>/<set>                link to the published generation; its rename is the commit
//! metadata/<timeframe>/<set>.json          fixed link through the link above
//! .generations/<timeframe>/<set>/.lock     held by the one process that is producing the set
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crosscut_model::{Timeframe, format_iso};
use fs4::FileExt;
use serde_json::Value;

use super::builder::TableBuilder;
use super::gaps::{self, Gaps};
use super::metadata::{ColumnProof, ColumnQuality, FactorDefinition, FactorMetadata, StateEntry, TableEntry};
use super::read::{FactorSet, METADATA, continuable};
use super::table::{self, FactorTable};
use super::waiting::Waiting;
use crate::bars::check_column_name;
use crate::error::HubError;
use crate::hash::config_hash;
use crate::layout;
use crate::names;
use crate::parquet_file::{GroupWriter, Schema};
use crate::provenance::FORMAT_VERSION;
use crate::replace;
use crate::single;

/// Generations that stay when a new one is published: it and the one before.
const KEEP: usize = 2;

/// Publishes factor sets. Used by `factors` alone.
#[derive(Debug, Clone)]
pub struct FactorPublisher {
    /// The hub's folder.
    root: PathBuf,
}

impl FactorPublisher {
    /// Opens a hub for publishing; makes the folder when there is none.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create(root: &Path) -> Result<Self, HubError> {
        fs::create_dir_all(root).map_err(HubError::io("create", root))?;
        Ok(Self { root: root.to_owned() })
    }

    /// Refuses early what [`Generation::commit`] would refuse: another definition under a published name. Of a published
    /// set whose metadata is damaged nothing is known, so it may be replaced.
    ///
    /// # Errors
    /// When the set is published with another configuration; the message asks for a new version name.
    pub fn check_definition(&self, timeframe: Timeframe, set: &str, config: &Value) -> Result<(), HubError> {
        let Some(before) = continuable(&self.root, timeframe, set)? else { return Ok(()) };
        check_definition(&before, timeframe, config)
    }

    /// Starts a new generation; nothing is visible before [`Generation::commit`].
    ///
    /// # Errors
    /// When the name cannot be a name, another process is producing the set, or the folder cannot be made.
    pub fn begin(&self, timeframe: Timeframe, set: &str) -> Result<Generation, HubError> {
        let link = self.root.join(layout::factor_link(timeframe, set)?);
        if link.is_dir() && !link.is_symlink() {
            return Err(HubError::refused(format!(
                "`{}` is a folder, expected a link to a generation\nhint: copy hubs with their links (cp -a, rsync -a)",
                link.display()
            )));
        }
        let home = self.root.join(layout::generations_folder(timeframe, set)?);
        fs::create_dir_all(&home).map_err(HubError::io("create", &home))?;
        let lock = lock(&home)?.ok_or_else(|| {
            HubError::refused(format!("factor set `{set}` ({timeframe}) is being produced by another process"))
        })?;
        let before = continuable(&self.root, timeframe, set)?;
        // Newer ones were never published: a producer was killed. Without them the numbers are those of an undisturbed
        // history.
        remove_old(&home, current(&link), usize::MAX)?;
        // A published generation whose folder somebody has removed must not come back to life while this one is made.
        let number = generations(&home)?.last().copied().unwrap_or(0).max(current(&link)) + 1;
        let folder = home.join(number.to_string());
        fs::create_dir(&folder).map_err(HubError::io("create", &folder))?;
        Ok(Generation {
            before,
            publisher: self.clone(),
            timeframe,
            set: set.to_owned(),
            number,
            folder,
            tables: Mutex::default(),
            states: Mutex::default(),
            shape: Mutex::default(),
            in_memory: Arc::default(),
            committed: false,
            _lock: lock,
        })
    }
}

/// A generation in the making. Dropped without [`Generation::commit`], it removes what it wrote.
#[derive(Debug)]
pub struct Generation {
    /// Where it will be published.
    publisher: FactorPublisher,
    /// Timeframe of the set.
    timeframe: Timeframe,
    /// Name of the set.
    set: String,
    /// The published generation, if it can be continued; the lock keeps others from publishing a newer one.
    before: Option<FactorSet>,
    /// Its number.
    number: u64,
    /// Its folder.
    folder: PathBuf,
    /// What was written so far, by symbol.
    tables: Mutex<BTreeMap<String, Written>>,
    /// Saved states so far, by name.
    states: Mutex<BTreeMap<String, SavedState>>,
    /// Columns of the last table that was started: mostly those of the next.
    shape: Mutex<Option<Arc<Shape>>>,
    /// Bytes of rows that wait in memory to be written.
    in_memory: Arc<AtomicUsize>,
    /// Whether it has been published.
    committed: bool,
    /// The lock on the set.
    _lock: File,
}

/// A saved state that lies in the generation's folder.
#[derive(Debug, Clone)]
struct SavedState {
    /// What the metadata will say of it.
    entry: StateEntry,
    /// Whether it was written now rather than taken over.
    is_new: bool,
}

/// A table that lies in the generation's folder.
#[derive(Debug, Clone)]
pub(super) struct Written {
    /// What the metadata will say of it.
    pub(super) entry: TableEntry,
    /// Its columns.
    pub(super) shape: Arc<Shape>,
    /// How complete they are.
    pub(super) gaps: Vec<Gaps>,
    /// The files and folders that were made now rather than taken over.
    pub(super) new_files: Vec<PathBuf>,
}

/// The columns of a table: all tables of a set have the same.
#[derive(Debug)]
pub(super) struct Shape {
    /// Factor columns in the order they are stored.
    pub(super) names: Vec<String>,
    /// Whether the rows are those of event bars.
    pub(super) of_events: bool,
    /// Schema of the file.
    pub(super) schema: Schema,
}

impl Generation {
    /// Writes one symbol's table. May be called from several threads.
    ///
    /// # Errors
    /// When the rows are not strictly sorted, columns differ in length, the symbol was written before, or the file
    /// cannot be written.
    pub fn write_symbol(&self, symbol: &str, rows: &FactorTable<'_>) -> Result<(), HubError> {
        let path = self.path_of(symbol)?;
        let refuse = |reason: String| self.refused(format!("{symbol} is refused: {reason}"));
        let names = rows.columns.iter().map(|(name, _)| *name);
        let shape = self.shape(names, rows.bar_seq.is_some())?;
        table::check(rows).map_err(refuse)?;
        let writer = GroupWriter::create(&path, &shape.schema)?;
        let written = table::write(writer, symbol, rows, &refuse).and_then(|(finished, gaps)| {
            let n = rows.timestamp.len();
            let entry = TableEntry {
                rows: n as u64,
                first: rows.timestamp.first().copied().unwrap_or(0),
                last: rows.timestamp.last().copied().unwrap_or(0),
                content_hash: finished.content_hash,
                rows_hash: gaps::sum(&gaps).map(|sum| sum.name(n, &shape.names)),
                parts: Vec::new(),
            };
            let gaps = gaps::total(&gaps, shape.names.len());
            self.remember(symbol, Written { entry, shape, gaps, new_files: vec![path.clone()] })
        });
        if written.is_err() {
            // A part of a table must not be published with the rest, whatever the caller does next.
            let _ = fs::remove_file(&path);
        }
        written
    }

    /// Takes a symbol's table over from the published generation, as hard links.
    ///
    /// # Errors
    /// When there is no published generation, it has no such symbol, its table disagrees with its metadata, or a link
    /// cannot be made.
    pub fn keep_symbol(&self, symbol: &str) -> Result<(), HubError> {
        let none = || self.refused(format!("nothing is published yet to keep {symbol} from"));
        let before = self.before.as_ref().ok_or_else(none)?;
        let files = before.open_table(symbol)?;
        let of_events = files.iter().any(|file| file.find("bar_seq").is_some());
        let shape = self.shape(before.columns().iter().map(String::as_str), of_events)?;
        let mut gaps = vec![Gaps::default(); shape.names.len()];
        for file in &files {
            let more = gaps::total(&gaps::of_file(file, &shape.names)?, shape.names.len());
            gaps.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.then(more));
        }
        let (path, entry) = (self.path_of(symbol)?, before.entry(symbol)?.clone());
        let mut new_files = Vec::new();
        let linked = if entry.parts.is_empty() {
            link(&files[0].path, &path)
        } else {
            new_files.push(path.clone());
            fs::create_dir(&path).map_err(HubError::io("create", &path)).and_then(|()| {
                entry.parts.iter().zip(&files).try_for_each(|(part, file)| link(&file.path, &path.join(&part.file)))
            })
        };
        let kept = linked.and_then(|()| self.remember(symbol, Written { entry, shape, gaps, new_files }));
        if kept.is_err() {
            remove(&path);
        }
        kept
    }

    /// The published generation, which does not change while this one is in the making; `None` for a first one.
    pub fn before(&self) -> Option<&FactorSet> {
        self.before.as_ref()
    }

    /// Starts one symbol's table, to be made of rows kept from the published generation and rows appended.
    ///
    /// # Errors
    /// When the symbol cannot be a name or was written before.
    pub fn table(&self, symbol: &str, columns: &[String]) -> Result<TableBuilder<'_>, HubError> {
        self.any_table(symbol, columns, false)
    }

    /// As [`Self::table`], of rows of event bars, which have a number each.
    ///
    /// # Errors
    /// As [`Self::table`].
    pub fn event_table(&self, symbol: &str, columns: &[String]) -> Result<TableBuilder<'_>, HubError> {
        self.any_table(symbol, columns, true)
    }

    /// Starts one symbol's table.
    fn any_table(&self, symbol: &str, columns: &[String], of_events: bool) -> Result<TableBuilder<'_>, HubError> {
        let path = self.path_of(symbol)?;
        if path.exists() {
            return Err(self.refused(format!("{symbol} was written before")));
        }
        let shape = self.shape(columns.iter().map(String::as_str), of_events)?;
        let waiting = Waiting::new(
            self.folder.join(format!(".{}.waiting", layout::symbol_name(symbol)?)),
            Arc::clone(&self.in_memory),
        );
        Ok(TableBuilder::new(self, symbol, shape, path, waiting))
    }

    /// Saves a state (of the operators, of whatever the producer needs to continue) in the generation.
    ///
    /// # Errors
    /// When the name cannot be a name or was written before, or the file cannot be written.
    pub fn write_state(&self, name: &str, bytes: &[u8]) -> Result<(), HubError> {
        let file = layout::state_file(name)?;
        let path = self.folder.join(&file);
        let mut output = File::create_new(&path).map_err(HubError::io("create", &path))?;
        output.write_all(bytes).map_err(HubError::io("write", &path))?;
        let content_hash = blake3::hash(bytes).to_hex().to_string();
        let entry = StateEntry { file, size: bytes.len() as u64, content_hash };
        self.states().insert(name.to_owned(), SavedState { entry, is_new: true });
        Ok(())
    }

    /// Takes a saved state over from the published generation, as a hard link.
    ///
    /// # Errors
    /// When there is no published generation, it has no such state, or the link cannot be made.
    pub fn keep_state(&self, name: &str) -> Result<(), HubError> {
        let none = || self.refused(format!("nothing is published yet to keep the state `{name}` from"));
        let before = self.before.as_ref().ok_or_else(none)?;
        let (from, entry) = before.state(name)?;
        let path = self.folder.join(&entry.file);
        fs::hard_link(&from, &path).map_err(HubError::io("link", &from))?;
        self.states().insert(name.to_owned(), SavedState { entry: entry.clone(), is_new: false });
        Ok(())
    }

    /// Publishes the generation: syncs everything, then one rename of the link. Generations older than the previous
    /// one are removed.
    ///
    /// # Errors
    /// When the configuration differs from the published one, tables and definition disagree, or something cannot be
    /// written; the published generation stays.
    pub fn commit(mut self, definition: &FactorDefinition) -> Result<(), HubError> {
        // Nobody else can have published: the lock is held.
        if let Some(before) = &self.before {
            check_definition(before, self.timeframe, &definition.config)?;
        }
        let metadata = self.metadata(definition)?;
        self.sync_tables()?;
        let path = self.folder.join(METADATA);
        let mut file = File::create_new(&path).map_err(HubError::io("create", &path))?;
        file.write_all(&single::to_json(&metadata)).map_err(HubError::io("write", &path))?;
        file.sync_all().map_err(HubError::io("sync", &path))?;
        replace::sync_folder(&self.folder)?;
        self.link_metadata()?;
        self.swap_link()?;
        self.committed = true;
        let home = self.folder.parent().expect("a generation lies in its set's folder");
        remove_old(home, self.number, KEEP).map(|_| ())
    }

    /// Path of a symbol's table.
    fn path_of(&self, symbol: &str) -> Result<PathBuf, HubError> {
        Ok(self.folder.join(format!("{}.parquet", layout::symbol_name(symbol)?)))
    }

    /// The tables so far.
    fn tables(&self) -> MutexGuard<'_, BTreeMap<String, Written>> {
        // A thread that panicked elsewhere leaves the map whole: entries are inserted in one step.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The saved states so far.
    fn states(&self) -> MutexGuard<'_, BTreeMap<String, SavedState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a table that now lies in the folder; all tables must have the same columns.
    pub(super) fn remember(&self, symbol: &str, written: Written) -> Result<(), HubError> {
        let mut tables = self.tables();
        if let Some((other, first)) = tables.first_key_value()
            && !Arc::ptr_eq(&first.shape, &written.shape)
            && (first.shape.names != written.shape.names || first.shape.of_events != written.shape.of_events)
        {
            let names = |shape: &Shape| {
                let sequence = shape.of_events.then_some("bar_seq").into_iter();
                sequence.chain(shape.names.iter().map(String::as_str)).collect::<Vec<_>>().join(", ")
            };
            let (here, there) = (names(&written.shape), names(&first.shape));
            return Err(self.refused(format!("{symbol} has the columns {here}; {other} has {there}")));
        }
        tables.insert(symbol.to_owned(), written);
        Ok(())
    }

    /// The checked shape of tables with these columns; that of the last table, if it is the same.
    fn shape<'n>(&self, names: impl Iterator<Item = &'n str> + Clone, of_events: bool) -> Result<Arc<Shape>, HubError> {
        let mut last = self.shape.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |shape: &&Arc<Shape>| {
            shape.of_events == of_events && shape.names.iter().map(String::as_str).eq(names.clone())
        };
        if let Some(shape) = last.as_ref().filter(same) {
            return Ok(Arc::clone(shape));
        }
        let names: Vec<String> = names.map(str::to_owned).collect();
        table::check_names(&names).map_err(|message| self.refused(message))?;
        let schema = Schema::new(&table::specs(&names, of_events), &self.folder)?;
        let shape = Arc::new(Shape { names, of_events, schema });
        *last = Some(Arc::clone(&shape));
        Ok(shape)
    }

    /// Syncs the new tables and states.
    fn sync_tables(&self) -> Result<(), HubError> {
        let mut paths: Vec<PathBuf> = Vec::new();
        for written in self.tables().values() {
            paths.extend(written.new_files.iter().cloned());
        }
        let new_states = self.states().clone().into_values().filter(|state| state.is_new);
        paths.extend(new_states.map(|state| self.folder.join(&state.entry.file)));
        replace::sync_all(&self.folder, &paths)
    }

    /// An error that names the set.
    pub(super) fn refused(&self, message: String) -> HubError {
        HubError::refused(format!("factor set `{}` ({}): {message}", self.set, self.timeframe))
    }

    /// What the set will say about itself.
    fn metadata(&self, definition: &FactorDefinition) -> Result<FactorMetadata, HubError> {
        let tables = self.tables();
        for name in &definition.columns {
            check_column_name(name).map_err(|message| self.refused(message))?;
        }
        let Some((_, first)) = tables.first_key_value() else {
            return Err(self.refused("no symbol was written, there is nothing to publish".to_owned()));
        };
        let stored = &first.shape.names;
        if *stored != definition.columns {
            let (stored, defined) = (stored.join(", "), definition.columns.join(", "));
            return Err(self.refused(format!("the tables have the columns {stored}; the definition has {defined}")));
        }
        let filled = || tables.values().map(|written| &written.entry).filter(|entry| entry.rows > 0);
        Ok(FactorMetadata {
            factor_set: self.set.clone(),
            timeframe: self.timeframe.to_string(),
            generation: self.number,
            source_data_path: definition.source_data_path.clone(),
            code_version: definition.code_version.clone(),
            generation_time: definition.generation_time.clone(),
            columns: definition.columns.clone(),
            start_time: filled().map(|entry| entry.first).min().map(format_iso),
            end_time: filled().map(|entry| entry.last).max().map(format_iso),
            notes: definition.notes.clone(),
            config: definition.config.clone(),
            config_hash: config_hash(&definition.config),
            inputs: definition.inputs.clone(),
            quality: quality(&tables),
            tables: tables.iter().map(|(symbol, written)| (symbol.clone(), written.entry.clone())).collect(),
            operator_state_file: self.operator_state_file(definition)?,
            states: self.states().iter().map(|(name, state)| (name.clone(), state.entry.clone())).collect(),
            proof: self.proof(definition),
            of_events: first.shape.of_events,
            warnings: definition.warnings.clone(),
            format_version: FORMAT_VERSION,
        })
    }

    /// File of the state that the definition names as that of the operators.
    fn operator_state_file(&self, definition: &FactorDefinition) -> Result<Option<String>, HubError> {
        let Some(name) = &definition.operator_state else { return Ok(None) };
        match self.states().get(name) {
            Some(state) => Ok(Some(state.entry.file.clone())),
            None => {
                Err(self.refused(format!("the definition names the operator state `{name}`, which was not written")))
            }
        }
    }

    /// What is proved of the columns: what the definition says, or what was proved of the same set made by the same
    /// program.
    fn proof(&self, definition: &FactorDefinition) -> BTreeMap<String, ColumnProof> {
        let before = self.before.as_ref().map(FactorSet::metadata);
        let alike = before.filter(|before| {
            before.config_hash == config_hash(&definition.config) && before.code_version == definition.code_version
        });
        match alike {
            Some(before) if definition.proof.is_empty() => before.proof.clone(),
            _ => definition.proof.clone(),
        }
    }

    /// Makes the fixed link to the metadata, which leads through the link of the set.
    fn link_metadata(&self) -> Result<(), HubError> {
        let link = self.publisher.root.join(layout::metadata_link(self.timeframe, &self.set)?);
        let folder = link.parent().expect("a link lies in a folder");
        fs::create_dir_all(folder).map_err(HubError::io("create", folder))?;
        let target = format!("../../factors/{}/{}/{METADATA}", self.timeframe, self.set);
        if fs::read_link(&link).is_ok_and(|now| now == Path::new(&target)) {
            return Ok(());
        }
        swap(&link, Path::new(&target))
    }

    /// The commit: the set's link now leads to this generation.
    fn swap_link(&self) -> Result<(), HubError> {
        let link = self.publisher.root.join(layout::factor_link(self.timeframe, &self.set)?);
        let folder = link.parent().expect("a link lies in a folder");
        fs::create_dir_all(folder).map_err(HubError::io("create", folder))?;
        // Relative, so that a hub can be moved.
        let target = format!("../../.generations/{}/{}/{}", self.timeframe, self.set, self.number);
        swap(&link, Path::new(&target))
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        if !self.committed {
            // What cannot be removed now is removed with the next published generation.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Refuses another definition than that of a published set.
fn check_definition(before: &FactorSet, timeframe: Timeframe, config: &Value) -> Result<(), HubError> {
    let (set, old, new) = (&before.metadata().factor_set, &before.metadata().config_hash, config_hash(config));
    if *old == new {
        return Ok(());
    }
    let short = |hash: &str| hash.chars().take(12).collect::<String>();
    Err(HubError::refused(format!(
        "factor set `{set}` ({timeframe}) is published with another definition (config hash {}, now {})\n\
         hint: a version is part of the name: publish the new definition as `{}`",
        short(old),
        short(&new),
        next_version(set)
    )))
}

/// Removes generations other than the last `keep` (at least one) of every factor set, and what killed producers left
/// behind; returns what was removed as paths inside the hub, sorted. Sets that are being produced are passed over.
///
/// # Errors
/// When a folder cannot be listed or removed.
pub fn gc(root: &Path, keep: usize) -> Result<Vec<String>, HubError> {
    let mut removed = Vec::new();
    let top = root.join(".generations");
    for timeframe in names::folders(&top)? {
        for set in names::folders(&top.join(&timeframe))? {
            let home = top.join(&timeframe).join(&set);
            let Some(_lock) = lock(&home)? else { continue };
            let link = root.join("factors").join(&timeframe).join(&set);
            for old in remove_old(&home, current(&link), keep.max(1))? {
                removed.push(format!(".generations/{timeframe}/{set}/{old}"));
            }
        }
    }
    removed.sort();
    Ok(removed)
}

/// Number of the generation that a set's link leads to; 0 when nothing is published.
fn current(link: &Path) -> u64 {
    let target = fs::read_link(link).ok();
    target.as_deref().and_then(|to| to.file_name()?.to_str()?.parse().ok()).unwrap_or(0)
}

/// Removes all but the `keep` newest generations up to `current`, and all newer ones: they were never published.
fn remove_old(home: &Path, current: u64, keep: usize) -> Result<Vec<u64>, HubError> {
    let mut numbers = generations(home)?;
    let stays: Vec<u64> = numbers.iter().rev().filter(|number| **number <= current).take(keep).copied().collect();
    numbers.retain(|number| !stays.contains(number));
    for number in &numbers {
        let folder = home.join(number.to_string());
        fs::remove_dir_all(&folder).map_err(HubError::io("remove", &folder))?;
    }
    Ok(numbers)
}

/// Numbers of the generations in a set's folder, ascending.
fn generations(home: &Path) -> Result<Vec<u64>, HubError> {
    names::list(home, |name| name.parse().ok())
}

/// Takes the lock of a set; `None` when another process holds it. The lock ends with the returned file.
fn lock(home: &Path) -> Result<Option<File>, HubError> {
    let path = home.join(".lock");
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(HubError::io("create", &path))?;
    Ok(FileExt::try_lock(&file).is_ok().then_some(file))
}

/// Points a link elsewhere in one step: a temporary link is renamed over it.
fn swap(link: &Path, target: &Path) -> Result<(), HubError> {
    let folder = link.parent().expect("a link lies in a folder");
    let name = link.file_name().expect("a link has a name").to_string_lossy();
    let temporary = folder.join(format!(".{name}.link"));
    // The set's lock is held, so a link of this name is the remains of a killed process.
    let _ = fs::remove_file(&temporary);
    symlink(target, &temporary).map_err(HubError::io("link", &temporary))?;
    fs::rename(&temporary, link).map_err(HubError::io("rename", &temporary))?;
    replace::sync_folder(folder)
}

/// How complete each column is over all symbols.
fn quality(tables: &BTreeMap<String, Written>) -> BTreeMap<String, ColumnQuality> {
    let rows: u64 = tables.values().map(|written| written.entry.rows).sum();
    let ratio = |missing: u64| if rows == 0 { 0.0 } else { missing as f64 / rows as f64 };
    let names = tables.values().next().map_or(&[] as &[String], |written| &written.shape.names);
    let quality = |at: usize| {
        let gaps = tables.values().map(|written| written.gaps[at]);
        let missing = gaps.clone().map(|gaps| gaps.missing).sum();
        ColumnQuality { missing_ratio: ratio(missing), longest_gap: gaps.map(|gaps| gaps.longest).max().unwrap_or(0) }
    };
    names.iter().enumerate().map(|(at, name)| (name.clone(), quality(at))).collect()
}

/// A hard link.
pub(super) fn link(from: &Path, to: &Path) -> Result<(), HubError> {
    fs::hard_link(from, to).map_err(HubError::io("link", from))
}

/// Removes a table that could not be completed, as far as that can be done.
pub(super) fn remove(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

/// A name for the next version of a set: `x` becomes `x__v2`, `x__v2` becomes `x__v3`.
pub(crate) fn next_version(set: &str) -> String {
    let numbered = set.rsplit_once("__v").and_then(|(stem, number)| Some((stem, number.parse::<u64>().ok()?)));
    match numbered {
        Some((stem, number)) => format!("{stem}__v{}", number.saturating_add(1)),
        None => format!("{set}__v2"),
    }
}
