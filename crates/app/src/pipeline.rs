//! `pipeline run`: pool, bars, features, backtest and report in one go, from the tick files in the hub.
//!
//! Each step is a use case of its own; a step whose inputs have not changed says so and is skipped. Start reading at
//! [`run`].

use crosscut_backtest::BacktestConfig;
use crosscut_backtest::config::PoolConfig;
use crosscut_backtest::results::RunKind;
use crosscut_factors::Config as SetConfig;
use crosscut_hub::{Hub, PoolSnapshot};
use crosscut_ingest::pool::{self, PoolRequest, PoolRules, PoolSource};
use crosscut_model::{BarSpec, Timeframe, format_iso};
use serde_json::json;

use crate::backtest::{self, Purpose, RunSummary};
use crate::config::Config;
use crate::criteria;
use crate::desk::Desk;
use crate::error::AppError;
use crate::events::{Events, Level};
use crate::logbook::Logbook;
use crate::{aggregate, factors};

/// The defaults of `pipeline run` over those of the table: command, path, value.
pub const DEFAULTS: &[(&str, &str, &str)] = &[
    ("pipeline run", "backtest.strategy", "long_short"),
    ("pipeline run", "backtest.rebalance", "W-MON"),
    ("pipeline run", "backtest.max_position", "0.1"),
    ("pipeline run", "backtest.max_drawdown", "0.3"),
];

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    /// `pool`, `bars`, `features`, `backtest`.
    pub name: String,
    /// Whether there was nothing to do.
    pub skipped: bool,
    /// What was done, or why not.
    pub text: String,
}

/// What the pipeline did.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PipelineSummary {
    /// The steps in order.
    pub steps: Vec<Step>,
    /// The backtest.
    pub run: RunSummary,
}

/// The steps done so far, told as they are done.
struct Steps<'a> {
    /// Who listens.
    events: &'a dyn Events,
    /// In order.
    done: Vec<Step>,
}

impl Steps<'_> {
    /// Notes a step.
    fn push(&mut self, name: &str, skipped: bool, text: String) {
        let mark = if skipped { " (skipped)" } else { "" };
        self.events.message(Level::Info, &format!("{name}{mark}: {text}"));
        self.done.push(Step { name: name.to_owned(), skipped, text });
    }
}

/// Runs the whole loop.
///
/// # Errors
/// What keeps a step from being done; the steps before it stay done.
pub fn run(desk: &Desk<'_>) -> Result<PipelineSummary, AppError> {
    let hub = desk.hub()?;
    let config = &desk.config;
    let timeframe = timeframe(config)?;
    let bar = BarSpec::Time(timeframe);
    let skips_aggregation = config.flag("pipeline.skip_aggregation");
    let venue = if skips_aggregation { desk.venue(&hub)? } else { desk.tick_venue(&hub)? };
    let set = desk.config.text("backtest.factor_set").map_or_else(|| format!("features__{venue}"), str::to_owned);
    // Settings are checked before anything is built.
    criteria::read(config)?;
    let mut engine = engine_config(desk, venue.clone(), timeframe, set)?;
    let mut steps = Steps { events: desk.events, done: Vec::new() };
    let symbols = if engine.pool.is_some() {
        steps.push(
            "pool",
            true,
            "every symbol on disk; the backtest chooses by what was known at each time".to_owned(),
        );
        Vec::new()
    } else {
        static_pool(desk, &hub, &venue, skips_aggregation.then_some(bar), &mut steps)?
    };
    if skips_aggregation {
        steps.push("bars", true, format!("using the {bar} bars in the hub, as asked"));
    } else {
        bars(desk, &symbols, bar, &mut steps)?;
    }
    features(desk, &engine, &mut steps)?;
    restrict(&mut engine, symbols)?;
    let log = steps.done.iter().map(|step| format!("{}: {}", step.name, step.text)).collect();
    let purpose = Purpose { kind: RunKind::Pipeline, extra: Some(json!("pipeline run")), log, part_of: None };
    let run = backtest::run_config(desk, &engine, purpose)?;
    let what = if run.reused { "settings and inputs have not changed, the stored run is as written" } else { "done" };
    steps.push("backtest", run.reused, format!("{what}, run {}", run.run_id));
    Ok(PipelineSummary { steps: steps.done, run })
}

/// The bars asked for; a cross-section needs bars that all symbols have at the same times.
fn timeframe(config: &Config) -> Result<Timeframe, AppError> {
    let asked: Option<Timeframe> = config.parsed("backtest.timeframe")?;
    if let (Some(asked), false) = (asked, config.is_given("pipeline.threshold")) {
        return Ok(asked);
    }
    let bar: BarSpec = config.parsed("pipeline.threshold")?.expect("the table has a default");
    let BarSpec::Time(timeframe) = bar else {
        return Err(config
            .refuse("pipeline.threshold", &format!("{bar} bars of different symbols share no times to compare them at"))
            .hint(format!("use a timeframe such as 1h; `crosscut aggregate --bar {bar}` builds such bars alone")));
    };
    match asked {
        Some(asked) if asked != timeframe => {
            let why = format!("{asked} bars, but --threshold asks for {timeframe}");
            Err(config.refuse("backtest.timeframe", &why).hint("give one of them"))
        }
        _ => Ok(timeframe),
    }
}

/// Chooses the most traded symbols of the data on disk.
fn static_pool(
    desk: &Desk<'_>,
    hub: &Hub,
    venue: &str,
    bar: Option<BarSpec>,
    steps: &mut Steps<'_>,
) -> Result<Vec<String>, AppError> {
    if let Some(name) = desk.config.text("backtest.pool") {
        let pool = hub.pool(name)?;
        let (n, at) = (pool.members.len(), format_iso(pool.as_of));
        steps.push("pool", true, format!("{n} symbols of the pool `{name}`, chosen with data up to {at}"));
        return Ok(pool.members.into_iter().map(|member| member.symbol).collect());
    }
    let top_n = usize::try_from(desk.config.count("pipeline.top_n").unwrap_or(0)).unwrap_or(usize::MAX);
    let name = format!("pipeline_{venue}_top{top_n}");
    let before: Option<PoolSnapshot> = hub.pool(&name).ok();
    let request = PoolRequest {
        name: name.clone(),
        venue: venue.to_owned(),
        top_n,
        source: bar.map_or(PoolSource::Ticks, PoolSource::Bars),
        rules: PoolRules::default(),
        threads: desk.threads,
    };
    let snapshot = pool::build(&request, &desk.hub_root(), &Logbook::open(desk, "ingest"))?;
    let symbols: Vec<String> = snapshot.members.iter().map(|member| member.symbol.clone()).collect();
    let unchanged = before.is_some_and(|before| before.members == snapshot.members && before.as_of == snapshot.as_of);
    let text = format!(
        "{} symbols, the most traded in the last 24 h of the data on disk (up to {}); chosen with hindsight{}",
        symbols.len(),
        format_iso(snapshot.as_of),
        if unchanged { "; as before" } else { "" }
    );
    steps.push("pool", unchanged, text);
    Ok(symbols)
}

/// Builds the bars of the pool.
fn bars(desk: &Desk<'_>, symbols: &[String], bar: BarSpec, steps: &mut Steps<'_>) -> Result<(), AppError> {
    let summary = aggregate::build(desk, symbols, bar)?;
    if let Some((symbol, failure)) = summary.failures.first() {
        let n_more = summary.failures.len() - 1;
        let more = if n_more > 0 { format!(" (and {n_more} more symbols)") } else { String::new() };
        return Err(AppError::new(format!("no {bar} bars of {symbol}: {failure}")).during(&format!("bars{more}")));
    }
    let n_skipped = summary.symbols.iter().filter(|symbol| symbol.skipped).count();
    let n_built = summary.symbols.len() - n_skipped;
    let text = match n_built {
        0 => format!("the ticks of all {n_skipped} symbols have not changed"),
        _ => format!("{bar} bars of {n_built} symbols built; the ticks of {n_skipped} have not changed"),
    };
    steps.push("bars", n_built == 0, text);
    Ok(())
}

/// Computes the built-in features of all symbols and publishes them as the factor set of the backtest.
fn features(desk: &Desk<'_>, engine: &BacktestConfig, steps: &mut Steps<'_>) -> Result<(), AppError> {
    let BacktestConfig { venue, timeframe, factor_set, .. } = engine;
    // Written as the file a user would write, so that there is one definition of what a set may be.
    let definition = format!(
        "factor_set: {factor_set}\ntimeframe: {timeframe}\nsource: {{venue: {venue}, bars: {timeframe}}}\n\
         symbols: all\ntradable: volume > 0\nlibrary: [features]\n"
    );
    let set = SetConfig::parse(&definition, "the features of the pipeline")?;
    let summary = factors::run_set(desk, &set)?;
    let what = if summary.unchanged { "the bars have not changed" } else { "computed" };
    let text = format!("{factor_set}: {} columns of {} symbols, {what}", summary.columns.len(), summary.n_symbols);
    steps.push("features", summary.unchanged, text);
    Ok(())
}

/// The backtest of the pipeline, before its symbols are chosen.
fn engine_config(
    desk: &Desk<'_>,
    venue: String,
    timeframe: Timeframe,
    factor_set: String,
) -> Result<BacktestConfig, AppError> {
    let mut engine = backtest::config_for(desk, venue, timeframe, factor_set)?;
    if desk.config.flag("pipeline.dynamic_pool") {
        engine.pool.get_or_insert_with(PoolConfig::default);
    }
    strategy_params(&desk.config, &mut engine)?;
    engine.prepare()?;
    Ok(engine)
}

/// Restricts a backtest to the symbols of a static pool; an empty pool restricts nothing.
fn restrict(engine: &mut BacktestConfig, pool: Vec<String>) -> Result<(), AppError> {
    if pool.is_empty() {
        return Ok(());
    }
    let asked = std::mem::take(&mut engine.symbols);
    engine.symbols = pool.into_iter().filter(|symbol| asked.is_empty() || asked.contains(symbol)).collect();
    if engine.symbols.is_empty() {
        return Err(AppError::new(format!("none of --symbols {} is in the pool", asked.join(",")))
            .hint("raise --top-n, or use --dynamic-pool"));
    }
    Ok(())
}

/// Turns `--factor`, `--long-n` and `--short-n` into parameters of the strategy, unless `--param` says it already.
fn strategy_params(config: &Config, engine: &mut BacktestConfig) -> Result<(), AppError> {
    let template = crosscut_trading::strategy::template(&engine.strategy)?;
    let counts: [(&str, Option<&str>, &str); 2] = match template.name {
        "long_short" => [
            ("pipeline.long_n", Some("long_count"), "long_quantile"),
            ("pipeline.short_n", Some("short_count"), "short_quantile"),
        ],
        "momentum" => [("pipeline.long_n", Some("top_n_long"), ""), ("pipeline.short_n", Some("top_n_short"), "")],
        "top_k" => [("pipeline.long_n", Some("k"), ""), ("pipeline.short_n", None, "")],
        _ => [("pipeline.long_n", None, ""), ("pipeline.short_n", None, "")],
    };
    let given: Vec<String> = engine.params.keys().cloned().collect();
    let is_given = |name: &str| given.iter().any(|known| known == name);
    for (key, param, instead) in counts {
        match param {
            Some(param) if !is_given(param) && !is_given(instead) => {
                let count = config.count(key).unwrap_or_default();
                engine.params.insert(param.to_owned(), count.to_string());
            }
            None if config.is_given(key) => {
                return Err(config.refuse(key, &format!("strategy {} has no such count", template.name)));
            }
            _ => {}
        }
    }
    if !is_given("factor") && !is_given("lookback_col") {
        let factor = config.text("pipeline.factor").unwrap_or_default();
        engine.params.insert("factor".to_owned(), factor.to_owned());
    }
    Ok(())
}
