//! What the two ways of making a generation share: what they are given, and what they tell of each symbol.

use crosscut_hub::{FactorTable, Generation, TableBuilder};
use crosscut_model::Progress;

use crate::bars::SymbolBars;
use crate::config::Config;
use crate::error::FactorsError;
use crate::evaluate::Tally;
use crate::plan::Plan;
use crate::source::Source;
use crate::state::{Layout, Record};
use crate::update::{Basis, Change};

/// Into which pieces the rows are cut. The results do not depend on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cuts {
    /// Bars of one symbol that are read, computed and written at a time: a row group of the factor table.
    pub stretch_bars: usize,
    /// Fewest and most labels of a segment of time of all symbols, as powers of two.
    pub segment_labels: (u32, u32),
    /// Bytes that the values of a segment may take, as long as it has more than the fewest labels.
    pub segment_bytes: usize,
    /// How many times the bytes of a checkpoint the values between two of them have at least, so that saving what is
    /// carried costs less than saving what was made of it.
    pub checkpoint_share: usize,
}

impl Cuts {
    /// Those of every run.
    pub const USUAL: Self =
        Self { stretch_bars: 16_384, segment_labels: (8, 14), segment_bytes: 256 << 20, checkpoint_share: 4 };
}

/// Everything a generation is made with.
pub(crate) struct Work<'a> {
    /// The set.
    pub config: &'a Config,
    /// The set resolved.
    pub plan: &'a Plan,
    /// The bars.
    pub source: &'a Source<'a>,
    /// The generation in the making.
    pub generation: &'a Generation,
    /// The generation to continue; `None` for a full run.
    pub basis: Option<&'a Basis<'a>>,
    /// Where progress goes.
    pub progress: &'a dyn Progress,
    /// Into which pieces the rows are cut.
    pub cuts: Cuts,
    /// Names of the columns.
    pub columns: Vec<String>,
}

/// What a generation came to.
#[derive(Debug)]
pub(crate) struct Produced {
    /// The symbols in the order of the source.
    pub symbols: Vec<Done>,
    /// Values that the outlier rule has changed, by column.
    pub n_outliers: Vec<u64>,
    /// How the operators' numbers were kept.
    pub layout: Layout,
}

/// What a symbol came to.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    /// What was counted up to its last row.
    pub tally: Tally,
    /// Rows that were taken over.
    pub n_kept: u64,
    /// Rows of the generation before.
    pub n_old: u64,
    /// The first label that was written.
    pub from: Option<i64>,
}

impl Done {
    /// Whether the whole table was taken over.
    pub fn is_kept(&self) -> bool {
        self.n_kept == self.tally.n_rows && self.n_kept == self.n_old && self.from.is_none()
    }

    /// Rows that the generation before did not have.
    pub fn n_new(&self) -> u64 {
        self.tally.n_rows.saturating_sub(self.n_old)
    }

    /// Rows that it had and that were written again.
    pub fn n_again(&self) -> u64 {
        self.tally.n_rows - self.n_kept - self.n_new()
    }
}

impl Work<'_> {
    /// Name of a symbol by its position in the source.
    pub fn symbol(&self, index: usize) -> &str {
        &self.source.tables[index].0
    }

    /// What has become of a symbol since the generation that is continued.
    pub fn change(&self, index: usize) -> Change {
        self.basis.map_or(Change::New, |basis| basis.changes[index])
    }

    /// What the generation that is continued knows of a symbol.
    pub fn record(&self, index: usize) -> Option<&Record> {
        self.basis.and_then(|basis| basis.record(self.symbol(index)))
    }

    /// Starts a symbol's table.
    ///
    /// # Errors
    /// When the hub refuses the symbol.
    pub fn table(&self, index: usize) -> Result<TableBuilder<'_>, FactorsError> {
        let (symbol, columns) = (self.symbol(index), &self.columns);
        let of_events = self.source.of_events();
        let table = if of_events { Generation::event_table } else { Generation::table };
        Ok(table(self.generation, symbol, columns)?)
    }

    /// Takes a symbol's table over whole.
    ///
    /// # Errors
    /// [`FactorsError::State`] when it is not what it should be.
    pub fn keep(&self, index: usize, tally: &Tally) -> Result<Done, FactorsError> {
        self.generation.keep_symbol(self.symbol(index)).map_err(|error| FactorsError::of_state(&error))?;
        Ok(Done { tally: tally.clone(), n_kept: tally.n_rows, n_old: tally.n_rows, from: None })
    }

    /// Begins a table with rows of the generation that is continued.
    ///
    /// # Errors
    /// [`FactorsError::State`] when that table is not what it should be.
    pub fn keep_before(&self, table: &mut TableBuilder<'_>, n_rows: u64) -> Result<(), FactorsError> {
        table.keep_before(n_rows as usize).map_err(|error| FactorsError::of_state(&error))
    }

    /// Appends the rows of a stretch from row `from` on; `outputs` and `tradable` belong to all rows of the stretch.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(
        &self,
        table: &mut TableBuilder<'_>,
        (bars, from): (&SymbolBars, usize),
        outputs: &[Vec<f64>],
        tradable: &[bool],
    ) -> Result<(), FactorsError> {
        if from == bars.len() {
            return Ok(());
        }
        let columns = self.columns.iter().zip(outputs).map(|(name, values)| (name.as_str(), &values[from..]));
        table.append(&FactorTable {
            timestamp: &bars.timestamp[from..],
            available_at: &bars.available_at[from..],
            bar_seq: self.source.of_events().then(|| &bars.bar_seq[from..]),
            columns: columns.collect(),
            tradable_flag: &tradable[from..],
        })?;
        Ok(())
    }
}
