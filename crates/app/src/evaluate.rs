//! `evaluate`: how good factors are, and the folder with the report; `evaluate verify`.

use std::path::{Path, PathBuf};

use crosscut_evaluation::compare::ComparedFactor;
use crosscut_evaluation::config::{Against, Costs, EvaluationConfig, PriceColumn};
use crosscut_evaluation::folder;
use crosscut_evaluation::horizon::Calendar;
use crosscut_evaluation::market::Delisting;
use crosscut_evaluation::quantile::QuantileRule;
use crosscut_evaluation::section::Rows;
use crosscut_evaluation::summary::FactorSummary;
use crosscut_evaluation::verify::{self, Verification};
use crosscut_hub::{Hub, config_hash};
use crosscut_model::{Range, Timeframe, format_iso, nearest};
use crosscut_trading::pool::PoolRule;
use serde_json::json;

use crate::backtest::settings::{factor_set, source_venue, time};
use crate::backtest::{Watch, dependencies};
use crate::config::Config;
use crate::desk::{Desk, VERSION};
use crate::error::AppError;
use crate::events::Level;

/// What came of an evaluation.
#[derive(Debug, Clone, serde::Serialize)]
pub struct EvaluationSummary {
    /// The factor set.
    pub factor_set: String,
    /// Symbols and times.
    pub n_symbols: usize,
    /// Times of the factor.
    pub n_times: usize,
    /// The factors in full.
    pub factors: Vec<FactorSummary>,
    /// Side by side.
    pub comparison: Vec<ComparedFactor>,
    /// What looks wrong.
    pub warnings: Vec<String>,
    /// What people should know.
    pub notes: Vec<String>,
    /// The folder.
    pub folder: PathBuf,
    /// The page to open.
    pub report: PathBuf,
    /// Seconds of each stage.
    pub seconds: Vec<(String, f64)>,
}

/// Evaluates as the settings say.
///
/// # Errors
/// Settings that make no sense; data that is missing, damaged or does not fit; files that cannot be written.
pub fn run(desk: &Desk<'_>) -> Result<EvaluationSummary, AppError> {
    let hub = desk.hub()?;
    let config = config(desk, &hub)?;
    let folder = folder_of(desk, &config);
    folder::check_free(&folder)?;
    desk.events.message(Level::Debug, "loading prices and factors");
    let mut watch = Watch::start(desk.clock);
    let evaluation = crosscut_evaluation::evaluate(&hub, &config)?;
    watch.lap("evaluate");
    for warning in &evaluation.warnings {
        desk.events.message(Level::Warning, warning);
    }
    let context = json!({
        "made_at": format_iso((desk.clock)()),
        "hub": desk.hub_root(),
        "group": config.group.as_ref().map(|path| std::fs::canonicalize(path).unwrap_or_else(|_| path.clone())),
        "threads": desk.threads,
        "machine": {"os": desk.machine.os, "arch": desk.machine.arch, "cpus": desk.machine.n_cpus},
        "dependencies": dependencies(),
    });
    folder::write(&evaluation, &folder, VERSION, &context)?;
    watch.lap("write");
    Ok(EvaluationSummary {
        notes: evaluation.notes,
        report: folder.join(folder::REPORT),
        folder,
        seconds: watch.laps().to_vec(),
        factor_set: config.factor_set.clone(),
        n_symbols: evaluation.frame.market.symbols.len(),
        n_times: evaluation.frame.market.times.len(),
        factors: evaluation.summaries,
        comparison: evaluation.comparison,
        warnings: evaluation.warnings,
    })
}

/// The folder that was asked for, or one named after the set and a hash of the settings.
fn folder_of(desk: &Desk<'_>, config: &EvaluationConfig) -> PathBuf {
    if let Some(out) = desk.config.text("evaluate.out") {
        return PathBuf::from(out);
    }
    let hash = config_hash(&config.canonical());
    desk.results_root().join("evaluations").join(format!("{}-{}", config.factor_set, &hash[..12.min(hash.len())]))
}

/// Checks the folder of an evaluation against its manifest, and its data against the hub where there is one.
///
/// # Errors
/// When the folder holds no evaluation, or a file cannot be read.
pub fn verify(desk: &Desk<'_>, folder: &Path) -> Result<Verification, AppError> {
    let hub = desk.hub().ok();
    Ok(verify::verify(folder, hub.as_ref())?)
}

/// The settings under `evaluate`.
fn config(desk: &Desk<'_>, hub: &Hub) -> Result<EvaluationConfig, AppError> {
    let config = &desk.config;
    let (timeframe, set) = factor_set(config, hub, (config.parsed("evaluate.timeframe")?, "evaluate.factor_set"))?;
    let venue = match config.text("venue") {
        Some(venue) => venue.to_owned(),
        None => source_venue(hub, timeframe, &set)?,
    };
    let count = |key: &str| count(config, key);
    let horizons = config.list("evaluate.horizons");
    let horizon = |text: &String| text.trim().parse().map_err(|error| refuse(config, "evaluate.horizons", &error));
    Ok(EvaluationConfig {
        venue,
        timeframe,
        factor_set: set,
        factors: config.list("evaluate.factor"),
        horizons: horizons.iter().map(horizon).collect::<Result<_, _>>()?,
        n_quantiles: count("evaluate.quantiles"),
        rule: config.text("evaluate.quantile_rule").and_then(QuantileRule::named).unwrap_or(QuantileRule::Rank),
        rows: if config.text("evaluate.rows") == Some("common") { Rows::Common } else { Rows::Each },
        min_names: count("evaluate.min_names"),
        group: config.text("evaluate.group").map(PathBuf::from),
        pool: config.text("evaluate.pool").map(str::to_owned),
        dynamic_pool: dynamic_pool(config)?,
        range: Range { start: time(config, "evaluate.start")?, end: time(config, "evaluate.end")? },
        symbols: config.list("evaluate.symbols"),
        price: config.text("evaluate.price").and_then(PriceColumn::named).unwrap_or(PriceColumn::Open),
        lag: count("evaluate.lag"),
        price_bars: config.parsed::<Timeframe>("evaluate.price_bars")?,
        calendar: match config.text("evaluate.calendar") {
            Some("24/7") => Some(Calendar::RoundTheClock),
            Some("exchange") => Some(Calendar::Exchange),
            _ => None,
        },
        delisting: if config.text("evaluate.delisting") == Some("drop") {
            Delisting::Drop
        } else {
            Delisting::LastPrice
        },
        costs: costs(config)?,
        participation: config.number("evaluate.participation").unwrap_or(0.01),
        seed: config.count("evaluate.seed").unwrap_or(0),
        n_draws: count("evaluate.bootstrap"),
        loss_max: config.number("evaluate.max_loss"),
        against: against(config),
        n_detailed: count("evaluate.detail"),
    })
}

/// A setting that counts; too large a number is the largest there is.
fn count(config: &Config, key: &str) -> usize {
    usize::try_from(config.count(key).unwrap_or(0)).unwrap_or(usize::MAX)
}

/// An error of a room about the value of a setting.
fn refuse(config: &Config, key: &str, error: &crosscut_evaluation::EvaluationError) -> AppError {
    config.refuse(key, &error.to_string())
}

/// The pool chosen over time, when its size is given.
fn dynamic_pool(config: &Config) -> Result<Option<PoolRule>, AppError> {
    if config.count("evaluate.pool_top_n").is_none() {
        return Ok(None);
    }
    let missing = |key: &str| config.refuse(key, "a pool needs it");
    Ok(Some(PoolRule {
        top_n: count(config, "evaluate.pool_top_n"),
        reselect: config.parsed("evaluate.pool_reselect")?.ok_or_else(|| missing("evaluate.pool_reselect"))?,
        lookback: config.parsed("evaluate.pool_lookback")?.ok_or_else(|| missing("evaluate.pool_lookback"))?,
        min_bars: count(config, "evaluate.pool_min_bars"),
    }))
}

/// The names of costs.
const COSTS: [&str; 3] = ["commission_bps", "slippage_bps", "funding"];

/// The costs, `name=value` each; what is not named costs nothing.
fn costs(config: &Config) -> Result<Costs, AppError> {
    const KEY: &str = "evaluate.costs";
    let mut costs = Costs::default();
    let given = config.list(KEY);
    if given == ["none"] {
        return Ok(costs);
    }
    for text in given {
        let (name, value) = text.split_once('=').map_or((text.trim(), ""), |(name, value)| (name.trim(), value.trim()));
        let number = || {
            let number = value.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
            number.ok_or_else(|| config.refuse(KEY, &format!("`{text}`: expected a number of basis points, 0 or more")))
        };
        match (name, value) {
            ("commission_bps", _) => costs.commission_bps = number()?,
            ("slippage_bps", _) => costs.slippage_bps = number()?,
            ("funding", "table") => costs.funding = true,
            ("funding", "none") => costs.funding = false,
            ("funding", _) => {
                return Err(config.refuse(KEY, &format!("`{text}`: expected funding=table or funding=none")));
            }
            _ => {
                let near =
                    nearest(name, COSTS).map_or_else(|| COSTS.join(", "), |near| format!("did you mean `{near}`?"));
                return Err(config.refuse(KEY, &format!("`{text}` is not a cost")).hint(near));
            }
        }
    }
    Ok(costs)
}

/// The factor sets to look for redundancy in.
fn against(config: &Config) -> Against {
    let sets = config.list("evaluate.against");
    match sets.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["all"] => Against::All,
        [] | ["none"] => Against::None,
        _ => Against::Sets(sets),
    }
}
