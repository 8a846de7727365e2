//! Trades as a stream of batches in order: one file, opened when its turn comes.

use std::path::PathBuf;

use crosscut_hub::parquet_file::{self, TradeBatches};
use crosscut_hub::{InputFile, TickColumns};
use crosscut_model::{TradeKind, Trades};

use crate::error::{Fault, IngestError};
use crate::import::checksum::Identity;
use crate::import::container::{self, Container, cannot_read_typed};
use crate::import::lines::LineChunks;

use super::check::RowCheck;
use super::layout::{Role, TradeLayout};
use super::order;
use super::parquet::{self, ParquetTrades};
use super::parse::{Row, TradeParser};

/// Rows per batch.
pub(crate) const BATCH_ROWS: usize = 1 << 16;

/// Trades in order of id, or of time where there are no ids.
pub(crate) trait TradeSource: Send {
    /// Replaces `out` by the next rows; `false` (and `out` empty) at the end.
    ///
    /// # Errors
    /// The first row that cannot be read or breaks a rule.
    fn next_batch(&mut self, out: &mut Trades) -> Result<bool, IngestError>;

    /// Appends what is known of the files behind this source; complete once the source has ended.
    fn records(&self, out: &mut Vec<TradeRecord>);
}

/// What reading a file has shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TradeRecord {
    /// How the user named the file.
    pub shown: String,
    /// What provenance records of it.
    pub input: InputFile,
    /// What was dropped or looks odd, in words.
    pub notes: Vec<String>,
}

/// How the rows of a trade file are stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TradeForm {
    /// Lines of text.
    Text(TradeLayout),
    /// Parquet with the archive's column names, streamed.
    ArchiveParquet,
    /// Parquet with other column names.
    Parquet(ParquetTrades),
}

/// A trade file that has been looked at and not yet read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TradeFile {
    /// Where it is.
    pub path: PathBuf,
    /// How the user named it.
    pub shown: String,
    /// Its size and hash.
    pub identity: Identity,
    /// What it is packed in.
    pub container: Container,
    /// How its rows are stored.
    pub form: TradeForm,
    /// What a row stands for.
    pub kind: TradeKind,
    /// The symbol.
    pub symbol: String,
    /// The day or month it is named for, microseconds UTC: from (inclusive) and until (exclusive).
    pub period: Option<(i64, i64)>,
    /// Time and id (0 where there is none) of its first row.
    pub first: (i64, i64),
    /// Whether its rows carry ids.
    pub has_id: bool,
    /// Only rows of this stretch of time are meant, microseconds UTC: from (inclusive) and until (exclusive). The others
    /// belong to another holder of the symbol.
    pub window: Option<(i64, i64)>,
}

impl TradeFile {
    /// The file's name without folders, as provenance records it.
    pub fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// What its rows are put in order by, in words.
    fn order_key(&self) -> &'static str {
        if self.has_id { "trade id" } else { "time" }
    }

    /// What provenance records of the file once `check` has seen all its rows.
    pub fn record(&self, check: &RowCheck) -> InputFile {
        InputFile {
            n_out_of_order: check.n_out_of_order,
            file: self.name(),
            size: self.identity.size,
            sha256: self.identity.sha256.clone(),
            rows: check.rows,
            first: check.first,
            last: check.last,
            covers_until: self.period.map(|(_, until)| until),
            venue: self.identity.venue.clone(),
        }
    }
}

/// The rows of one file.
pub(crate) struct FileTrades {
    /// The file.
    pub file: TradeFile,
    /// Whether to read ahead on another thread.
    ahead: bool,
    /// The open file.
    state: State,
    /// What has been seen of the rows.
    check: RowCheck,
    /// Whether its rows are out of order: they are read whole and put in order.
    is_disordered: bool,
}

/// How far a file has been read.
enum State {
    /// Not opened.
    Closed,
    /// Lines of text: chunks, the one in work, the position in it, the parser.
    Text(LineChunks, Vec<u8>, usize, Box<TradeParser>),
    /// Parquet that is streamed.
    Batches(Box<TradeBatches>),
    /// Parquet that was read whole, and the next row.
    Whole(Trades, usize),
    /// Read to its end.
    Done,
}

impl FileTrades {
    /// A file to be opened when its first rows are asked for.
    pub fn new(file: TradeFile, ahead: bool) -> Self {
        let (has_span, drops_spent) = match &file.form {
            TradeForm::Text(layout) => (layout.has(Role::FirstId) && layout.has(Role::LastId), layout.drops_spent),
            TradeForm::ArchiveParquet => (true, false),
            TradeForm::Parquet(layout) => {
                let has = |role: Role| layout.columns.iter().any(|(_, r)| *r == role);
                (has(Role::FirstId) && has(Role::LastId), false)
            }
        };
        let check = RowCheck::new(file.period, file.has_id, has_span, drops_spent);
        Self { file, ahead, state: State::Closed, check, is_disordered: false }
    }

    /// The same file, whose rows may be in any order.
    pub fn in_any_order(mut self, is_disordered: bool) -> Self {
        self.is_disordered = is_disordered;
        self.check.takes_any_order = true;
        self
    }

    /// What has been seen of the rows so far.
    pub fn check(&self) -> &RowCheck {
        match &self.state {
            State::Text(.., parser) => &parser.check,
            _ => &self.check,
        }
    }

    /// Opens the file.
    fn open(&mut self) -> Result<State, Fault> {
        match &self.file.form {
            TradeForm::Text(layout) => {
                let source = container::open(&self.file.path, &self.file.container)?;
                let parser = TradeParser::new(layout.clone(), self.check.clone());
                Ok(State::Text(LineChunks::new(source, self.ahead), Vec::new(), 0, Box::new(parser)))
            }
            TradeForm::ArchiveParquet => parquet_file::trade_batches(&self.file.path, TickColumns::ALL)
                .map(|batches| State::Batches(Box::new(batches)))
                .map_err(|error| cannot_read_typed(&error)),
            TradeForm::Parquet(layout) => Ok(State::Whole(parquet::read(&self.file.path, layout, &mut self.check)?, 0)),
        }
    }

    /// The next rows, with faults not yet bearing the file's name.
    pub(super) fn fill(&mut self, out: &mut Trades) -> Result<(), Fault> {
        if matches!(self.state, State::Closed) {
            self.state = self.open()?;
            if self.is_disordered {
                let (rows, n_late) = order::whole(self)?;
                self.check.put_in_order(&rows, n_late);
                self.state = State::Whole(rows, 0);
            }
        }
        match &mut self.state {
            State::Text(chunks, chunk, at, parser) => {
                while out.len() < BATCH_ROWS {
                    if *at == chunk.len() {
                        *at = 0;
                        if !chunks.next(chunk)? {
                            break;
                        }
                    }
                    *at = parser.parse(chunk, *at, BATCH_ROWS, out)?;
                }
                if out.is_empty() {
                    self.check = parser.check.clone();
                    self.state = State::Done;
                }
            }
            State::Batches(batches) => {
                if batches.next_batch(out).map_err(|error| cannot_read_typed(&error))? {
                    check_batch(&mut self.check, out)?;
                } else {
                    self.state = State::Done;
                }
            }
            State::Whole(trades, at) => {
                let end = (*at + BATCH_ROWS).min(trades.len());
                out.extend_from(trades, *at..end);
                *at = end;
                if out.is_empty() {
                    self.state = State::Done;
                }
            }
            State::Closed | State::Done => {}
        }
        Ok(())
    }
}

/// Applies the rules to rows that were not read from text.
fn check_batch(check: &mut RowCheck, batch: &Trades) -> Result<(), Fault> {
    for at in 0..batch.len() {
        let row = Row {
            id: batch.trade_id.get(at).copied().unwrap_or_default(),
            first_id: batch.first_trade_id.get(at).copied().unwrap_or_default(),
            last_id: batch.last_trade_id.get(at).copied().unwrap_or_default(),
            time: batch.timestamp[at],
            price: batch.price[at],
            quantity: batch.quantity[at],
            ..Row::EMPTY
        };
        let number = check.rows + 1;
        check.accept(&row, number)?;
    }
    Ok(())
}

impl TradeSource for FileTrades {
    fn next_batch(&mut self, out: &mut Trades) -> Result<bool, IngestError> {
        loop {
            out.clear();
            self.fill(out).map_err(|fault| match fault.is_disorder {
                true => IngestError::Disordered(fault.of(&self.file.shown)),
                false => fault.of(&self.file.shown).into(),
            })?;
            let Some((from, until)) = self.file.window else { return Ok(!out.is_empty()) };
            if out.is_empty() {
                return Ok(false);
            }
            let place = |time: i64| out.timestamp.partition_point(|&at| at < time);
            let inside = place(from)..place(until);
            if inside.len() < out.len() {
                let mut rows = Trades::default();
                rows.extend_from(out, inside);
                *out = rows;
            }
            if !out.is_empty() {
                return Ok(true);
            }
        }
    }

    fn records(&self, out: &mut Vec<TradeRecord>) {
        let check = self.check();
        let mut notes = Vec::new();
        if check.n_spent > 0 {
            notes.push(format!(
                "{}: {} rows of spent ids (price and quantity 0) dropped",
                self.file.name(),
                check.n_spent
            ));
        }
        // The file was read a moment ago; what cannot be read any more is told elsewhere.
        if let Container::Lean(rows) = &self.file.container
            && let Ok(n @ 1..) = rows.n_suspicious(&self.file.path)
        {
            notes.push(format!(
                "{}: {n} trades flagged as suspicious left out, as LEAN leaves them out",
                self.file.name()
            ));
        }
        if check.n_out_of_order > 0 {
            let (name, n, key) = (self.file.name(), check.n_out_of_order, self.file.order_key());
            notes.push(format!("{name}: {n} rows stood behind later ones; put in order of {key}"));
        }
        if check.n_id_gaps > 0 {
            notes.push(format!("{}: {} gaps in the trade ids", self.file.name(), check.n_id_gaps));
        }
        out.push(TradeRecord { shown: self.file.shown.clone(), input: self.file.record(check), notes });
    }
}
