//! The settings under `backtest` as the engine takes them.

mod costs;
mod rules;

use crosscut_backtest::BacktestConfig;
use crosscut_backtest::config::{FeedKind, PoolConfig, UniverseConfig};
use crosscut_hub::Hub;
use crosscut_ingest::pool::dynamic_rule;
use crosscut_model::{BarSpec, Timeframe, format_iso, nearest, parse_iso};
use crosscut_trading::strategy::{self, Kind};
use crosscut_trading::universe::{Leave, Universe};

use crate::config::{Config, Origin};
use crate::desk::Desk;
use crate::error::AppError;
use crate::events::Level;

/// The settings that describe a dynamic pool; one of them given switches it on.
const POOL_KEYS: [&str; 4] =
    ["backtest.pool_top_n", "backtest.pool_reselect", "backtest.pool_lookback", "backtest.pool_min_bars"];

/// The settings under `backtest` as the engine takes them. A strategy that ranks by a factor runs on the factor set asked for
/// or the only one there is, at the venue asked for or the one the set was made from; any other on bars alone.
///
/// # Errors
/// A value that cannot be read, with its key and origin; a factor set or venue that is not there or not the only one.
pub(crate) fn engine_config(desk: &Desk<'_>, hub: &Hub) -> Result<BacktestConfig, AppError> {
    place(desk, hub)?.config(desk)
}

/// Which data a run is on: what the hub has to be asked for where the settings leave it open.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The venue.
    venue: String,
    /// Length of the bars.
    timeframe: Timeframe,
    /// The factor set; empty for none.
    factor_set: String,
    /// Feeds of a strategy that acts at every bar; `None` for any other.
    feeds: Option<Vec<FeedKind>>,
    /// The pool of the hub that restricts the run.
    pool: Option<Members>,
}

/// What a pool of the hub means for a run.
#[derive(Debug, Clone)]
struct Members {
    /// Those of which there is data.
    symbols: Vec<String>,
    /// How a dynamic pool is chosen from.
    rule: Option<PoolConfig>,
    /// The end of the data a static pool was chosen from, microseconds UTC.
    as_of: i64,
    /// Name of the pool.
    name: String,
}

impl Place {
    /// The settings under `backtest` on this data.
    ///
    /// # Errors
    /// A value that cannot be read, with its key and origin.
    pub(crate) fn config(&self, desk: &Desk<'_>) -> Result<BacktestConfig, AppError> {
        let config = engine_config_for(desk, self.venue.clone(), self.timeframe, self.factor_set.clone())?;
        let feeds = self.feeds.clone().unwrap_or_else(|| config.feeds.clone());
        let config = BacktestConfig { feeds, ..config };
        match &self.pool {
            Some(members) => members.restrict(config, desk),
            None => Ok(config),
        }
    }

    /// Data of a run that decides at rebalances.
    fn of_rule(venue: String, timeframe: Timeframe, factor_set: String) -> Self {
        Self { venue, timeframe, factor_set, feeds: None, pool: None }
    }
}

/// Finds the data of a run, see [`engine_config`].
///
/// # Errors
/// As [`engine_config`].
pub(crate) fn place(desk: &Desk<'_>, hub: &Hub) -> Result<Place, AppError> {
    let place = place_of_all(desk, hub)?;
    Ok(Place { pool: members(desk, hub, &place)?, ..place })
}

/// The data of a run before a pool restricts it.
fn place_of_all(desk: &Desk<'_>, hub: &Hub) -> Result<Place, AppError> {
    let config = &desk.config;
    let default = BacktestConfig::default();
    let name = config.text("backtest.strategy").unwrap_or(&default.strategy);
    let params = config.named("backtest.params").into_iter().collect();
    let resolved = strategy::resolve(name, &params)?;
    let has_set = config.text("backtest.factor_set").is_some();
    let has_formula = config.text("backtest.formula").is_some();
    let universe = universe(config)?.map(|universe| Universe::parse(&universe.rule, universe.reselect)).transpose()?;
    let reads_set = !resolved.columns().is_empty() || universe.is_some_and(|universe| !universe.columns().is_empty());
    if resolved.kind() == Kind::PerSymbol || !config.list("backtest.feeds").is_empty() {
        for key in ["backtest.factor_set", "backtest.formula"] {
            let is_asked = config.text(key).is_some() && config.origin(key).is_some_and(Origin::is_of_this_command);
            if is_asked && (!reads_set || key == "backtest.formula") {
                let name = resolved.template.name;
                let why = if reads_set {
                    format!(
                        "strategy `{name}` reads a factor set where feeds are named; publish the formula as a set of its own"
                    )
                } else {
                    format!(
                        "strategy `{name}` reads no factor set or formula here; --param factor=NAME lets it look at a column"
                    )
                };
                return Err(config.refuse(key, &why));
            }
        }
        return event_place(desk, hub, reads_set);
    }
    if has_formula && has_set {
        return Err(config.refuse("backtest.formula", "it takes the place of a factor set; give one of them"));
    }
    if has_formula || (!reads_set && !has_set) {
        let venue = desk.venue(hub)?;
        let timeframe = bar_timeframe(config, hub, &venue)?;
        return Ok(Place::of_rule(venue, timeframe, String::new()));
    }
    let wanted = config.parsed("backtest.timeframe")?;
    let (timeframe, factor_set) = factor_set(config, hub, (wanted, "backtest.factor_set"))?;
    let venue = set_venue(config, hub, (timeframe, &factor_set))?;
    Ok(Place::of_rule(venue, timeframe, factor_set))
}

/// The members of the pool asked for of which the run has data.
fn members(desk: &Desk<'_>, hub: &Hub, place: &Place) -> Result<Option<Members>, AppError> {
    let config = &desk.config;
    let Some(name) = config.text("backtest.pool") else { return Ok(None) };
    let pool = hub.pool(name)?;
    if pool.venue != place.venue {
        let why = format!("it lists symbols of {}, the run is on {}", pool.venue, place.venue);
        return Err(config.refuse("backtest.pool", &why));
    }
    let mut known = hub.bar_symbols(&place.venue, &BarSpec::Time(place.timeframe))?;
    if !place.factor_set.is_empty() {
        let set = hub.factor_set(place.timeframe, &place.factor_set)?;
        known.retain(|symbol| set.symbols().binary_search(symbol).is_ok());
    }
    let all = pool.members.iter().map(|member| member.symbol.clone());
    let (symbols, absent): (Vec<_>, Vec<_>) = all.partition(|symbol| known.binary_search(symbol).is_ok());
    if let Some(first) = absent.first() {
        let text = format!("{} members of pool `{name}` have no data in the run, the first is {first}", absent.len());
        desk.events.message(Level::Warning, &text);
    }
    let wrong = |key: &str| AppError::new(format!("pool `{name}`: its {key} cannot be read; build it anew"));
    let rule = match dynamic_rule(&pool) {
        Some((top_n, rule)) => Some(PoolConfig {
            top_n,
            reselect: rule.reselect.parse().map_err(|_| wrong("reselect"))?,
            lookback: rule.lookback.parse().map_err(|_| wrong("lookback"))?,
            min_bars: usize::try_from(rule.min_bars).unwrap_or(usize::MAX),
        }),
        None => None,
    };
    Ok(Some(Members { symbols, rule, as_of: pool.as_of, name: name.to_owned() }))
}

impl Members {
    /// A run restricted to the members; from a dynamic pool it chooses over time.
    fn restrict(&self, mut engine: BacktestConfig, desk: &Desk<'_>) -> Result<BacktestConfig, AppError> {
        let asked = std::mem::take(&mut engine.symbols);
        let wanted = |symbol: &&String| asked.is_empty() || asked.contains(symbol);
        engine.symbols = self.symbols.iter().filter(wanted).cloned().collect();
        if engine.symbols.is_empty() {
            let why = "the run has no data of its members, or --symbols names none of them";
            return Err(desk.config.refuse("backtest.pool", why));
        }
        if let (Some(rule), None) = (&self.rule, &engine.pool) {
            engine.pool = Some(rule.clone());
        }
        if self.rule.is_none() && engine.start.is_none_or(|start| start < self.as_of) {
            let at = format_iso(self.as_of);
            let text = format!(
                "pool `{}` was chosen with data up to {at}: before that the run knows who became large",
                self.name
            );
            desk.events.message(Level::Warning, &text);
        }
        Ok(engine)
    }
}

/// The venue asked for, or the one whose bars a factor set was made from.
fn set_venue(config: &Config, hub: &Hub, (timeframe, factor_set): (Timeframe, &str)) -> Result<String, AppError> {
    config.text("venue").map_or_else(|| source_venue(hub, timeframe, factor_set), |venue| Ok(venue.to_owned()))
}

/// Refuses values that cannot be what they are given for. Names of strategies and tables are not looked up.
///
/// # Errors
/// A value that cannot be read, with its key and origin; parameters that the strategy does not take.
pub(super) fn check_values(desk: &Desk<'_>) -> Result<(), AppError> {
    let asked: Option<Timeframe> = desk.config.parsed("backtest.timeframe")?;
    let timeframe = asked.unwrap_or(BacktestConfig::default().timeframe);
    let config = engine_config_for(desk, String::new(), timeframe, String::new())?;
    if strategy::template(&config.strategy).is_ok() {
        strategy::resolve(&config.strategy, &config.params)?;
    }
    Ok(())
}

/// The data of a strategy that acts at every bar, or whose orders meet other feeds than the bars it decides by. It decides by
/// the bars of `--timeframe`, or by the first bars of `--feeds`; a factor set has rows of these bars.
fn event_place(desk: &Desk<'_>, hub: &Hub, reads_set: bool) -> Result<Place, AppError> {
    let config = &desk.config;
    let mut feeds = rules::feeds(config)?;
    let asked: Option<Timeframe> = config.parsed("backtest.timeframe")?;
    if let Some(timeframe) = asked.filter(|_| !feeds.is_empty()) {
        let bars = FeedKind::Bars(BarSpec::Time(timeframe));
        feeds.retain(|feed| *feed != bars);
        feeds.insert(0, bars);
    }
    let of_feed = |feed: &FeedKind| match feed {
        FeedKind::Bars(BarSpec::Time(timeframe)) => Some(*timeframe),
        _ => None,
    };
    let deciding = asked.or_else(|| feeds.iter().find_map(of_feed));
    if reads_set {
        let (timeframe, factor_set) = factor_set(config, hub, (deciding, "backtest.factor_set"))?;
        let venue = set_venue(config, hub, (timeframe, &factor_set))?;
        return Ok(Place { venue, timeframe, factor_set, feeds: Some(feeds), pool: None });
    }
    let venue = desk.venue(hub)?;
    let timeframe = match deciding {
        Some(timeframe) => timeframe,
        None if feeds.is_empty() => bar_timeframe(config, hub, &venue)?,
        None => BacktestConfig::default().timeframe,
    };
    Ok(Place { venue, timeframe, factor_set: String::new(), feeds: Some(feeds), pool: None })
}

/// The length of bars asked for, or of the only time bars a venue has.
fn bar_timeframe(config: &Config, hub: &Hub, venue: &str) -> Result<Timeframe, AppError> {
    if let Some(timeframe) = config.parsed("backtest.timeframe")? {
        return Ok(timeframe);
    }
    let kinds = hub.bar_kinds(venue)?;
    let frames: Vec<Timeframe> = kinds.iter().filter_map(|kind| kind.parse().ok()).collect();
    match frames.as_slice() {
        [only] => Ok(*only),
        [] => Err(AppError::new(format!("{venue} has no time bars yet"))
            .hint("build them with `crosscut aggregate`, or import klines")),
        several => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            let error = AppError::new(format!("{venue} has bars of several lengths: {}", names.join(", ")));
            Err(error.hint(format!("say which ones, such as --timeframe {}", several[0])))
        }
    }
}

/// The venue whose bars a factor set was made from: the second part of `bars/<venue>/<bar>`.
pub(crate) fn source_venue(hub: &Hub, timeframe: Timeframe, factor_set: &str) -> Result<String, AppError> {
    let set = hub.factor_set(timeframe, factor_set)?;
    let path = &set.metadata().source_data_path;
    path.split('/').nth(1).map(str::to_owned).ok_or_else(|| {
        AppError::new(format!("factor set `{factor_set}` does not say which venue its bars are of (`{path}`)"))
            .hint("name it, such as --venue binance_futures")
    })
}

/// The symbols that are named; none where the setting is not given.
///
/// # Errors
/// A flag or variable that names nothing, as an empty variable of a shell does. An empty list in a file is the default.
fn named_symbols(config: &Config) -> Result<Vec<String>, AppError> {
    const KEY: &str = "backtest.symbols";
    let symbols = config.list(KEY);
    let is_typed = matches!(config.origin(KEY), Some(Origin::Flag(_) | Origin::Environment(_) | Origin::DotEnv(..)));
    if symbols.is_empty() && is_typed {
        return Err(config
            .refuse(KEY, "it names no symbol")
            .hint("name some, such as BTCUSDT,ETHUSDT, or leave it out to take all there are"));
    }
    Ok(symbols)
}

/// The settings under `backtest` for a given venue and factor set.
///
/// # Errors
/// A value that cannot be read, with its key and origin.
pub(super) fn engine_config_for(
    desk: &Desk<'_>,
    venue: String,
    timeframe: Timeframe,
    factor_set: String,
) -> Result<BacktestConfig, AppError> {
    let config = &desk.config;
    let default = BacktestConfig::default();
    Ok(BacktestConfig {
        venue,
        timeframe,
        symbols: named_symbols(config)?,
        include: config.list("backtest.include"),
        exclude: config.list("backtest.exclude"),
        factor_set,
        factor_formula: config.text("backtest.formula").map(str::to_owned),
        strategy: config.text("backtest.strategy").map_or(default.strategy, str::to_owned),
        params: config.named("backtest.params").into_iter().collect(),
        start: time(config, "backtest.start")?,
        end: time(config, "backtest.end")?,
        capital: config.number("backtest.capital").unwrap_or(default.capital),
        execution: config.parsed("backtest.execution")?.unwrap_or(default.execution),
        rebalance: config.parsed("backtest.rebalance")?.unwrap_or(default.rebalance),
        commission_bps: config.number("backtest.commission_bps").unwrap_or(default.commission_bps),
        slippage_bps: config.number("backtest.slippage_bps").unwrap_or(default.slippage_bps),
        costs: costs::costs(config)?,
        spreads: costs::spreads(config)?,
        borrow: config.number("backtest.borrow"),
        funding: costs::funding(config)?,
        margin: costs::margin(config),
        steps: config.flag("backtest.steps"),
        corporate_actions: config.parsed("backtest.corporate_actions")?.unwrap_or_default(),
        venue_rules: rules::venue_rules(config)?,
        orders: rules::orders(config)?,
        untradable: config.parsed("backtest.untradable")?.unwrap_or(default.untradable),
        on_short: config.parsed("backtest.on_short")?.unwrap_or(default.on_short),
        align: config.parsed("backtest.align")?.unwrap_or(default.align),
        pool: pool(config)?,
        universe: universe(config)?,
        universe_leave: leave(config)?,
        warm_up: config.count("backtest.warm_up"),
        max_position: config.number("backtest.max_position"),
        max_gross: config.number("backtest.max_gross"),
        cash_buffer: config.number("backtest.cash_buffer"),
        max_drawdown: config.number("backtest.max_drawdown"),
        risk: rules::risk(config)?,
        feeds: rules::feeds(config)?,
        sampling: config.parsed("backtest.sampling")?,
        audit: config.flag("backtest.audit"),
        benchmark: config.text("backtest.benchmark").map(str::to_owned),
        seed: config.count("backtest.seed").unwrap_or(default.seed),
        allow_negative_cash: config.flag("backtest.allow_negative_cash"),
    })
}

/// The dynamic pool, when one of its settings is given.
fn pool(config: &Config) -> Result<Option<PoolConfig>, AppError> {
    if !POOL_KEYS.iter().any(|key| config.is_given(key)) {
        return Ok(None);
    }
    let default = PoolConfig::default();
    let count = |key| config.count(key).map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    Ok(Some(PoolConfig {
        top_n: count("backtest.pool_top_n").unwrap_or(default.top_n),
        reselect: config.parsed("backtest.pool_reselect")?.unwrap_or(default.reselect),
        lookback: config.parsed("backtest.pool_lookback")?.unwrap_or(default.lookback),
        min_bars: count("backtest.pool_min_bars").unwrap_or(default.min_bars),
    }))
}

/// The universe, when there is one.
fn universe(config: &Config) -> Result<Option<UniverseConfig>, AppError> {
    let reselect = config.parsed("backtest.universe_reselect")?;
    let Some(rule) = config.text("backtest.universe") else {
        return match reselect {
            Some(_) => Err(config.refuse("backtest.universe_reselect", "there is no universe to choose anew")),
            None => Ok(None),
        };
    };
    let default = UniverseConfig::default();
    Ok(Some(UniverseConfig { rule: rule.to_owned(), reselect: reselect.unwrap_or(default.reselect) }))
}

/// What becomes of positions that leave the universe or the pool, when there is one.
fn leave(config: &Config) -> Result<Leave, AppError> {
    let leave: Option<Leave> = config.parsed("backtest.universe_leave")?;
    let has_choice = ["backtest.universe", "backtest.pool"].iter().any(|key| config.is_given(key))
        || POOL_KEYS.iter().any(|key| config.is_given(key));
    if leave.is_some() && !has_choice {
        return Err(config.refuse("backtest.universe_leave", "there is no universe to leave"));
    }
    Ok(leave.unwrap_or_default())
}

/// A time setting, microseconds.
pub(crate) fn time(config: &Config, key: &str) -> Result<Option<i64>, AppError> {
    config.text(key).map(|text| parse_iso(text).map_err(|error| config.refuse(key, &error.to_string()))).transpose()
}

/// The factor set of this timeframe and of the name under this key, or the only one there is, and its timeframe.
pub(crate) fn factor_set(
    config: &Config,
    hub: &Hub,
    (wanted_frame, set_key): (Option<Timeframe>, &str),
) -> Result<(Timeframe, String), AppError> {
    let wanted_set = config.text(set_key);
    let mut sets = Vec::new();
    for (frame, set) in hub.factor_sets()? {
        let frame: Timeframe = frame.parse().map_err(|error| AppError::new(format!("{error}")))?;
        sets.push((frame, set));
    }
    let fits = |(frame, set): &&(Timeframe, String)| {
        wanted_frame.is_none_or(|wanted| wanted == *frame) && wanted_set.is_none_or(|wanted| wanted == set)
    };
    let found: Vec<&(Timeframe, String)> = sets.iter().filter(fits).collect();
    match found.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(no_factor_set(wanted_set, wanted_frame, &sets)),
        several => {
            let names: Vec<String> = several.iter().map(|(frame, set)| format!("{set} ({frame})")).collect();
            let error = AppError::new(format!("the hub has several factor sets: {}", names.join(", ")));
            let (frame, set) = several[0];
            Err(error.hint(format!("say which one, such as --factor-set {set} --timeframe {frame}")))
        }
    }
}

/// The error when no factor set fits.
fn no_factor_set(set: Option<&str>, frame: Option<Timeframe>, sets: &[(Timeframe, String)]) -> AppError {
    let of_frame = frame.map(|frame| format!(" of {frame}")).unwrap_or_default();
    let named = set.map(|set| format!(" `{set}`")).unwrap_or_default();
    let error = AppError::new(format!("the hub has no factor set{named}{of_frame}"));
    if let Some((frame, name)) = sets.iter().find(|(_, name)| set == Some(name)) {
        return error.hint(format!("`{name}` exists for {frame}: leave out --timeframe or give --timeframe {frame}"));
    }
    let names = sets.iter().map(|(_, name)| name.as_str());
    match (set.and_then(|set| nearest(set, names.clone())), sets.is_empty()) {
        (Some(near), _) => error.hint(format!("did you mean `{near}`?")),
        (None, true) => error.hint("make one first: crosscut factors run --config FILE"),
        (None, false) => {
            let names: Vec<String> = sets.iter().map(|(frame, name)| format!("{name} ({frame})")).collect();
            error.hint(format!("there are: {}; `crosscut factors run --config FILE` makes others", names.join(", ")))
        }
    }
}
