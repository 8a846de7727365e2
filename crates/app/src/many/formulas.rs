//! Factors that are formulas, one after another over bars that are read once.

use std::sync::{Arc, Mutex, PoisonError};

use crosscut_backtest::panel::{ComputedFactor, symbols_with_bars};
use crosscut_backtest::sweep::SharedMarket;
use crosscut_backtest::{BacktestConfig, BacktestError};
use crosscut_factors::FormulaBars;
use crosscut_hub::{FactorInput, Hub};
use crosscut_model::BarSpec;

use crate::error::AppError;

/// Bars are kept for the next formula up to so many bytes: beyond, memory is worth more than the time to read them again.
const KEPT_BYTES_MAX: usize = 128 << 20;

/// Computes formulas; keeps the bars of the last one.
#[derive(Debug, Default)]
pub(crate) struct Formulas {
    /// The bars.
    kept: Mutex<Option<Arc<FormulaBars>>>,
}

impl Formulas {
    /// Hands the factor of a configuration to `work`; nothing for one whose factor is no formula.
    ///
    /// # Errors
    /// A formula that cannot be read; bars that are damaged or not there; those of `work`.
    pub(crate) fn with<T>(
        &self,
        hub: &Hub,
        config: &BacktestConfig,
        work: impl FnOnce(Option<&ComputedFactor<'_>>) -> Result<T, BacktestError>,
    ) -> Result<T, AppError> {
        let Some(formula) = &config.factor_formula else { return Ok(work(None)?) };
        let bars = self.bars(hub, config, &[formula])?;
        let rows =
            bars.values(formula)?.ok_or_else(|| AppError::new(format!("the columns of `{formula}` were not read")))?;
        Ok(work(Some(&ComputedFactor { formula: formula.clone(), rows }))?)
    }

    /// Reads the bars of a configuration with all that some formulas need, so that none of them has to read them again.
    pub(super) fn prepare(&self, hub: &Hub, config: &BacktestConfig, formulas: &[&str]) {
        // What cannot be read is told to whoever wants it.
        drop(self.bars(hub, config, formulas));
    }

    /// Whether a market was loaded from the bars that are kept, if there are any: somebody may import in the meantime.
    pub(super) fn are_of(&self, market: &SharedMarket) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let inputs = market.loaded().inputs();
        let is_same = |bars: &FactorInput| {
            let found = inputs.binary_search_by(|input| input.name.as_str().cmp(&bars.table)).ok();
            found.is_none_or(|at| inputs[at].content_hash == bars.content_hash)
        };
        kept.is_none_or(|bars| bars.inputs().iter().all(is_same))
    }

    /// Forgets the bars.
    pub(super) fn forget(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Bars that hold what some formulas need.
    fn bars(&self, hub: &Hub, config: &BacktestConfig, formulas: &[&str]) -> Result<Arc<FormulaBars>, AppError> {
        let symbols = symbols_with_bars(hub, config)?;
        let place = (config.venue.as_str(), BarSpec::Time(config.timeframe));
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().clone();
        if let Some(bars) = known.filter(|bars| bars.are_of(place, &symbols) && bars.serve(formulas)) {
            return Ok(bars);
        }
        // What is not kept makes room before the next is read.
        *kept() = None;
        let bars = Arc::new(FormulaBars::read(hub, place, &symbols, formulas)?);
        *kept() = Some(Arc::clone(&bars)).filter(|bars| bars.n_bytes() <= KEPT_BYTES_MAX);
        Ok(bars)
    }
}
