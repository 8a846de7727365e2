//! One formula after another over bars that are read once: what a search over the windows of a formula asks for.
//!
//! Nothing is published. A formula sees what that of a factor set sees; operators across symbols see the symbols asked for
//! alone.

use std::collections::{BTreeMap, BTreeSet};

use crosscut_hub::{FactorInput, Hub};
use crosscut_model::BarSpec;

use crate::bars::SymbolBars;
use crate::config::{Config, Factors};
use crate::error::FactorsError;
use crate::plan::{Market, Plan};
use crate::show;
use crate::source::Source;

/// Labels (microseconds UTC) and values of each symbol.
pub type BySymbol<'a> = BTreeMap<&'a str, (&'a [i64], Vec<f64>)>;

/// Bars of some symbols with the columns that some formulas read.
#[derive(Debug)]
pub struct FormulaBars {
    /// Which bars they are.
    config: Config,
    /// Columns that a formula may name.
    available: Vec<String>,
    /// Periods per year of the market.
    periods_per_year: f64,
    /// Columns that were read.
    held: Vec<String>,
    /// The bars, by symbol; without the times at which they could be known, which no formula reads.
    bars: Vec<(String, SymbolBars)>,
    /// The tables, sorted by path.
    inputs: Vec<FactorInput>,
}

impl FormulaBars {
    /// Reads what `formulas` need, as far as they can be read.
    ///
    /// # Errors
    /// That of the first formula where none can be read; an unknown symbol (the nearest is named); a damaged table.
    pub fn read(
        hub: &Hub,
        (venue, bar): (&str, BarSpec),
        symbols: &[String],
        formulas: &[&str],
    ) -> Result<Self, FactorsError> {
        let config = show::config(venue, bar, symbols);
        let source = Source::open(hub, &config)?;
        let mut found = Self {
            available: source.columns(),
            periods_per_year: show::periods_per_year(&source),
            held: Vec::new(),
            bars: Vec::new(),
            inputs: source.inputs(),
            config: config.clone(),
        };
        let (good, bad): (Vec<_>, Vec<_>) = formulas.iter().map(|formula| found.plan(formula)).partition(Result::is_ok);
        if let (true, Some(Err(error))) = (good.is_empty(), bad.into_iter().next()) {
            return Err(error);
        }
        let columns: BTreeSet<String> = good.into_iter().flatten().flat_map(|plan| plan.inputs).collect();
        found.held = columns.into_iter().collect();
        found.bars = show::read(&source, &found.held)?;
        for (_, bars) in &mut found.bars {
            (bars.available_at, bars.bar_seq) = (Vec::new(), Vec::new());
        }
        Ok(found)
    }

    /// Values of a formula for every bar, NaN where there is none; `None` for a formula with columns that were not read.
    ///
    /// # Errors
    /// A formula that cannot be read.
    pub fn values(&self, formula: &str) -> Result<Option<BySymbol<'_>>, FactorsError> {
        let plan = self.plan(formula)?;
        if !plan.inputs.iter().all(|input| self.held.contains(input)) {
            return Ok(None);
        }
        let evaluated = show::evaluated(&plan, &self.bars)?;
        let rows = self.bars.iter().zip(evaluated).map(|((symbol, bars), mut outputs)| {
            (symbol.as_str(), (bars.timestamp.as_slice(), outputs.pop().unwrap_or_default()))
        });
        Ok(Some(rows.collect()))
    }

    /// Whether these are the bars of some symbols.
    pub fn are_of(&self, (venue, bar): (&str, BarSpec), symbols: &[String]) -> bool {
        let asked = show::config(venue, bar, symbols);
        (asked.venue, asked.bars, asked.symbols)
            == (self.config.venue.clone(), self.config.bars, self.config.symbols.clone())
    }

    /// Whether they hold what formulas read, as far as these can be read.
    pub fn serve(&self, formulas: &[&str]) -> bool {
        let plans = formulas.iter().filter_map(|formula| self.plan(formula).ok());
        plans.flat_map(|plan| plan.inputs).all(|input| self.held.contains(&input))
    }

    /// The tables as they were read.
    pub fn inputs(&self) -> &[FactorInput] {
        &self.inputs
    }

    /// Bytes of the columns held.
    pub fn n_bytes(&self) -> usize {
        let n_rows: usize = self.bars.iter().map(|(_, bars)| bars.len()).sum();
        n_rows * (1 + self.held.len()) * size_of::<f64>()
    }

    /// Plans a formula.
    fn plan(&self, formula: &str) -> Result<Plan, FactorsError> {
        let factor = Factors {
            name: "formula".to_owned(),
            formula: formula.to_owned(),
            weighted: Vec::new(),
            windows: Vec::new(),
            notes: None,
            line: 0,
        };
        let available: Vec<&str> = self.available.iter().map(String::as_str).collect();
        let market = Market { available: &available, periods_per_year: self.periods_per_year };
        Plan::new(&Config { factors: vec![factor], ..self.config.clone() }, market)
    }
}
