//! What a walk-forward is asked for.

use crosscut_backtest::BacktestConfig;
use crosscut_backtest::walkforward::{Combinatorial, Selection, Walk};
use crosscut_model::Timeframe;
use crosscut_model::calendar::Rebalance;
use crosscut_model::time::DAY;

use crate::config::Config;
use crate::error::AppError;

/// What was asked for.
pub(super) struct Plan {
    /// How windows walk; lengths that are not given are filled in later.
    pub(super) walk: Walk,
    /// How sets are chosen.
    pub(super) selection: Selection,
    /// Groups of cross-validation; 0: none.
    pub(super) n_groups: usize,
    /// Groups that are test.
    pub(super) n_test_groups: usize,
    /// How long what a decision is judged by lies in its future, where it is given.
    pub(super) label: Option<i64>,
}

impl Plan {
    /// Reads the settings.
    pub(super) fn read(config: &Config) -> Result<Self, AppError> {
        let length = |path: &str| -> Result<Option<i64>, AppError> {
            let Some(text) = config.text(path) else { return Ok(None) };
            if text == "0" && ["walkforward.label", "walkforward.embargo"].contains(&path) {
                return Ok(Some(0));
            }
            let micros = text.parse::<Timeframe>().ok().and_then(Timeframe::micros);
            let micros = micros.ok_or_else(|| {
                config.refuse(path, &format!("expected a length such as 90d, 12h or 4w, found `{text}`"))
            })?;
            Ok(Some(micros))
        };
        let test = length("walkforward.test")?.unwrap_or(30 * DAY);
        let select = config.text("walkforward.select").unwrap_or("best");
        let selection = Selection::named(select).ok_or_else(|| {
            config.refuse("walkforward.select", &format!("expected best, plateau or top:N, found `{select}`"))
        })?;
        let count = |path: &str| usize::try_from(config.count(path).unwrap_or(0)).unwrap_or(usize::MAX);
        Ok(Self {
            walk: Walk {
                train: length("walkforward.train")?.unwrap_or(180 * DAY),
                test,
                step: length("walkforward.step")?.unwrap_or(test),
                is_anchored: config.flag("walkforward.anchored"),
                label: 0,
                embargo: length("walkforward.embargo")?.unwrap_or(0),
            },
            selection,
            n_groups: count("walkforward.groups"),
            n_test_groups: count("walkforward.test_groups"),
            label: length("walkforward.label")?,
        })
    }

    /// How days are cut for cross-validation.
    pub(super) fn cut(&self) -> Combinatorial {
        Combinatorial {
            n_groups: self.n_groups,
            n_test_groups: self.n_test_groups,
            n_purged: days(self.walk.label),
            n_embargoed: days(self.walk.embargo),
        }
    }
}

/// Days that a length of time reaches into.
pub(super) fn days(micros: i64) -> usize {
    usize::try_from((micros + DAY - 1) / DAY).unwrap_or(usize::MAX)
}

/// The longest time until the next decision of a rebalance rule, microseconds.
pub(super) fn holding(config: &BacktestConfig) -> i64 {
    let bar = config.timeframe.micros().unwrap_or(DAY);
    match config.rebalance {
        Rebalance::Bars(n) => bar.saturating_mul(i64::try_from(n).unwrap_or(i64::MAX)),
        Rebalance::Daily => DAY.max(bar),
        Rebalance::Weekly(_) => 7 * DAY,
        Rebalance::MonthStart => 31 * DAY,
        Rebalance::QuarterStart => 92 * DAY,
    }
}
