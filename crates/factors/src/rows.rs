//! One symbol's rows in order, a stretch at a time: its bars, and what the fill policy invents between them. The rows do
//! not depend on the stretches that are asked for.

use crate::bars::SymbolBars;
use crate::error::FactorsError;
use crate::source::Source;

/// Where a symbol was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// Bars that were read.
    pub n_bars: usize,
    /// The label after which rows are wanted.
    pub after: i64,
}

impl Position {
    /// Before the first row.
    pub const START: Self = Self { n_bars: 0, after: i64::MIN };
}

/// Reads one symbol.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    /// Where the bars are.
    source: &'a Source<'a>,
    /// Position of the symbol in the source.
    index: usize,
    /// The columns to read.
    needed: &'a [String],
    /// The bar to be read next.
    next: usize,
    /// The last label that was read or is not wanted.
    after: i64,
    /// Rows that were read and not asked for yet.
    pending: SymbolBars,
}

impl<'a> Rows<'a> {
    /// The rows of a symbol from a position on.
    pub fn new(source: &'a Source<'a>, index: usize, needed: &'a [String], from: Position) -> Self {
        let columns = needed.iter().map(|name| (name.clone(), Vec::new())).collect();
        let pending = SymbolBars { columns, ..SymbolBars::default() };
        Self { source, index, needed, next: from.n_bars, after: from.after, pending }
    }

    /// Bars of the whole table.
    fn n_bars(&self) -> usize {
        self.source.tables[self.index].1.rows()
    }

    /// Whether there is nothing more to read.
    pub fn is_done(&self) -> bool {
        self.pending.len() == 0 && self.next >= self.n_bars()
    }

    /// The rows of the next `n` bars; none at the end.
    ///
    /// # Errors
    /// When the table is damaged.
    pub fn take(&mut self, n: usize) -> Result<SymbolBars, FactorsError> {
        self.read(n)?;
        Ok(self.pending.take_until(i64::MAX))
    }

    /// The next rows up to and including the label `until`, read in pieces of `n` bars.
    ///
    /// # Errors
    /// When the table is damaged.
    pub fn until(&mut self, until: i64, n: usize) -> Result<SymbolBars, FactorsError> {
        // The bar after the label decides whether a row is invented before it.
        while self.next < self.n_bars() && self.pending.timestamp.last().is_none_or(|&last| last <= until) {
            self.read(n)?;
        }
        Ok(self.pending.take_until(until))
    }

    /// Reads `n` bars more.
    fn read(&mut self, n: usize) -> Result<(), FactorsError> {
        // What is invented after a bar follows from that bar: it is read again, and left out.
        let again = usize::from(self.source.fills() && self.next > 0);
        let to = (self.next + n).min(self.n_bars());
        let mut bars = self.source.read(self.index, self.needed, self.next - again..to)?;
        let n_old = if again == 1 { bars.timestamp.partition_point(|&label| label <= self.after) } else { 0 };
        if n_old > 0 {
            bars = bars.split_off(n_old);
        }
        self.check(&bars)?;
        self.next = to;
        self.after = bars.timestamp.last().copied().unwrap_or(self.after);
        self.pending.append(bars);
        Ok(())
    }

    /// Refuses labels that do not increase; within the rows of one read the hub has seen to it. Event bars may share
    /// labels: that their numbers increase is seen to where they are written.
    fn check(&self, bars: &SymbolBars) -> Result<(), FactorsError> {
        if self.source.of_events() {
            return Ok(());
        }
        let mut last = self.after;
        for (row, &label) in bars.timestamp.iter().enumerate() {
            if label <= last && (last != i64::MIN || row > 0) {
                let time = crosscut_model::format_iso;
                let message = format!(
                    "row {}: the label {} does not come after {}; a factor table has one row for each label",
                    self.next + row,
                    time(label),
                    time(last)
                );
                return Err(FactorsError::Input { symbol: self.source.tables[self.index].0.clone(), message });
            }
            last = label;
        }
        Ok(())
    }
}
