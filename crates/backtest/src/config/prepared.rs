//! A configuration that has been checked, with what was made from it.

use crosscut_model::{Range, format_iso};
use crosscut_trading::FloorConfig;
use crosscut_trading::account::Funds;
use crosscut_trading::cost::{BorrowRate, Costs};
use crosscut_trading::floor::Placing;
use crosscut_trading::guard::RiskRules;
use crosscut_trading::limits::Limits;
use crosscut_trading::pool::PoolRule;
use crosscut_trading::rules::Untradable;
use crosscut_trading::steps::Steps;
use crosscut_trading::strategy::{self, Kind, Resolved};
use crosscut_trading::universe::{Leave, Universe};
use crosscut_trading::venue::VenueRules;

use super::{
    BacktestConfig, CommissionConfig, FeedKind, FundingPlanned, PoolConfig, SlippageConfig, UniverseConfig, risk,
};
use crate::error::BacktestError;

/// More capital than this is a slip, and its squares would not fit in a number.
const CAPITAL_MAX: f64 = 1e18;

/// A configuration that has been checked, with what was made from it.
#[derive(Debug)]
pub struct Prepared {
    /// The strategy, its parameters completed.
    pub strategy: Resolved,
    /// Starting cash, quote units.
    pub capital: f64,
    /// Cost models.
    pub costs: Costs,
    /// What being short costs; `None`: nothing.
    pub borrow: Option<BorrowRate>,
    /// Funding of perpetuals; `None`: nothing is paid.
    pub funding: Option<FundingPlanned>,
    /// What the account may owe.
    pub funds: Funds,
    /// Whether lots, ticks and least order values of the instruments table hold.
    pub uses_steps: bool,
    /// How orders fill.
    pub venue: VenueRules,
    /// How what is wanted at market is put to the venue.
    pub placing: Placing,
    /// Limits of weights.
    pub limits: Limits,
    /// Whether an audit trail is kept.
    pub keeps_journal: bool,
    /// The dynamic pool.
    pub pool: Option<PoolRule>,
    /// The universe.
    pub universe: Option<Universe>,
    /// First label and end of the run.
    pub range: Range,
    /// Bars before the start that an event strategy is told.
    pub warm_up_bars: usize,
    /// The guard's rules, before symbols have numbers.
    risk: RiskRules,
    /// Symbols that may not be opened.
    no_trade: Vec<String>,
    /// The file of spreads.
    spreads: Option<String>,
}

impl Prepared {
    /// The guard's rules for a run of these symbols (sorted).
    ///
    /// # Errors
    /// [`BacktestError::Unknown`] for a symbol of the no-trade list that is not among them.
    pub fn risk(&self, symbols: &[String]) -> Result<RiskRules, BacktestError> {
        Ok(RiskRules { no_trade: risk::positions(&self.no_trade, symbols)?, ..self.risk.clone() })
    }

    /// Files beside the hub that the run reads: a list of targets, lists of members, spreads.
    pub fn lists(&self) -> Vec<String> {
        let of_universe = self.universe.iter().flat_map(Universe::files);
        self.strategy
            .targets()
            .into_iter()
            .chain(of_universe)
            .chain(self.spreads.as_deref())
            .map(str::to_owned)
            .collect()
    }

    /// Whether prices within bars matter: orders and stops act on them, and a margin is watched by them.
    pub fn needs_path(&self) -> bool {
        self.risk.closes_positions() || matches!(self.funds, Funds::Margin(_)) || self.placing.needs_path()
    }

    /// The floor for a run of these symbols (sorted). `steps` are those of the instruments table; they are dropped when
    /// the configuration says so. Gives the strategy and the floor.
    ///
    /// # Errors
    /// As [`Prepared::risk`].
    pub fn floor(self, symbols: &[String], steps: Steps) -> Result<(Resolved, FloorConfig), BacktestError> {
        let risk = self.risk(symbols)?;
        let floor = FloorConfig {
            capital: self.capital,
            n_symbols: symbols.len(),
            funds: self.funds,
            costs: self.costs,
            borrow: self.borrow,
            steps: if self.uses_steps { steps } else { steps.only_spreads() },
            venue: self.venue,
            sessions: Vec::new(),
            placing: self.placing,
            risk,
            keeps_journal: self.keeps_journal,
        };
        Ok((self.strategy, floor))
    }
}

impl BacktestConfig {
    /// Checks every setting that can be checked without data.
    ///
    /// # Errors
    /// [`BacktestError`] naming the setting, the value and what was expected.
    pub fn prepare(&self) -> Result<Prepared, BacktestError> {
        let strategy = strategy::resolve(&self.strategy, &self.params)?;
        let limits = Limits {
            max_position: self.max_position,
            max_gross: self.max_gross,
            cash_buffer: self.cash_buffer,
            max_drawdown: self.max_drawdown,
        };
        let risk = self.risk.prepare(limits)?;
        if !(self.capital > 0.0 && self.capital <= CAPITAL_MAX) {
            let expected = format!("an amount above 0, at most {CAPITAL_MAX:e}");
            return Err(BacktestError::setting("capital", format!("{:?}", self.capital), expected));
        }
        if let (Some(start), Some(end)) = (self.start, self.end)
            && start >= end
        {
            let expected = format!("a time after the start, {}", format_iso(start));
            return Err(BacktestError::setting("end", format_iso(end), expected));
        }
        let pool = self.pool.as_ref().map(PoolConfig::rule);
        if let Some(pool) = &pool {
            pool.check()?;
        }
        let universe = self.universe.as_ref().map(UniverseConfig::prepare).transpose()?;
        if let (Some(universe), Some(_)) = (&universe, &pool) {
            let expected = "no pool beside it: a pool is the universe `bars(30d) >= 168, dollar_volume(30d) top 100`";
            return Err(BacktestError::setting("universe", universe.to_string(), expected));
        }
        self.check_kind(&strategy)?;
        self.spreads.check(self.costs.slippage)?;
        let warm_up = self.warm_up.map(|n_bars| usize::try_from(n_bars).unwrap_or(usize::MAX));
        Ok(Prepared {
            warm_up_bars: warm_up.unwrap_or(strategy.warm_up_bars()),
            funds: self.funds(strategy.may_short())?,
            strategy,
            capital: self.capital,
            costs: self.cost_models()?,
            borrow: self.borrow_rate()?,
            funding: self.funding.prepare()?,
            uses_steps: self.steps,
            venue: self.venue_rules.prepare(self.execution)?,
            placing: self.orders.prepare()?,
            limits,
            keeps_journal: self.audit,
            pool,
            universe,
            range: Range { start: self.start, end: self.end },
            risk,
            no_trade: self.risk.no_trade.clone(),
            spreads: self.spreads.file.clone(),
        })
    }

    /// Whether fills depend on the volume of bars.
    pub fn needs_volume(&self) -> bool {
        let is_impact = |model| matches!(model, SlippageConfig::VolumeShare(_) | SlippageConfig::SqrtImpact { .. });
        self.venue_rules.participation.is_some() || self.costs.slippage.is_some_and(is_impact)
    }

    /// Whether the strategy is driven through feeds, bar by bar: those that act at every bar are, others when feeds are named.
    pub(crate) fn is_event(&self, kind: Kind) -> bool {
        kind == Kind::PerSymbol || !self.feeds.is_empty()
    }

    /// Refuses what the way in which the strategy is driven does not know.
    fn check_kind(&self, strategy: &Resolved) -> Result<(), BacktestError> {
        let is_event = self.is_event(strategy.kind());
        let name = &self.strategy;
        let refuse = |key, value: &str, expected: String| Err(BacktestError::setting(key, value, expected));
        let is_twice = |(at, feed): &(usize, &FeedKind)| self.feeds[..*at].contains(feed);
        if let Some((_, feed)) = self.feeds.iter().enumerate().find(is_twice) {
            return refuse("feeds", &feed.to_string(), "each feed once; it is named twice".to_owned());
        }
        if self.sampling.is_some_and(|sampling| sampling.0 <= 0) {
            return refuse("sampling", "0", "a length of time above 0, such as 1m".to_owned());
        }
        if strategy.kind() == Kind::CrossSection && self.universe_leave != Leave::default() {
            let expected = format!("close for strategy `{name}`, which sells what has left at its next rebalance");
            return refuse("universe_leave", &self.universe_leave.to_string(), expected);
        }
        if let Some(n_bars) = self.warm_up.filter(|_| !is_event) {
            let expected = format!("nothing for strategy `{name}`, which looks back as far as it needs");
            return refuse("warm_up", &n_bars.to_string(), expected);
        }
        if !is_event || strategy.kind() == Kind::PerSymbol {
            return Ok(());
        }
        if let Some(file) = strategy.targets() {
            let expected =
                format!("no feeds beside the list of targets {file}, which is traded on bars of the timeframe");
            let feeds: Vec<String> = self.feeds.iter().map(ToString::to_string).collect();
            return refuse("feeds", &feeds.join(","), expected);
        }
        if self.untradable != Untradable::default() {
            return refuse("untradable", &self.untradable.to_string(), "hold where feeds are named".to_owned());
        }
        Ok(())
    }

    /// Commission and slippage.
    fn cost_models(&self) -> Result<Costs, BacktestError> {
        let commission = self.costs.commission.clone().unwrap_or(CommissionConfig::Bps(self.commission_bps));
        let slippage = self.costs.slippage.unwrap_or(SlippageConfig::Bps(self.slippage_bps));
        Ok(Costs::new(commission.model()?, slippage.model()?))
    }

    /// What being short costs.
    fn borrow_rate(&self) -> Result<Option<BorrowRate>, BacktestError> {
        if let Some(rate) = self.borrow.filter(|rate| !(0.0..10.0).contains(rate)) {
            let expected = "a yearly fraction of the value from 0 to below 10, such as 0.05".to_owned();
            return Err(BacktestError::setting("borrow", format!("{rate:?}"), expected));
        }
        Ok(self.borrow.filter(|rate| *rate > 0.0).map(|per_year| BorrowRate { per_year }))
    }

    /// What the account may owe: margin if there is one, else anything where the strategy sells short or negative cash is
    /// allowed, else nothing.
    fn funds(&self, may_short: bool) -> Result<Funds, BacktestError> {
        match self.margin.prepare()? {
            Some(_) if self.allow_negative_cash => {
                let expected = "false where a margin is given: the margin says what may be owed".to_owned();
                Err(BacktestError::setting("allow_negative_cash", "true".to_owned(), expected))
            }
            Some(margin) => Ok(Funds::Margin(margin)),
            None if self.allow_negative_cash || may_short => Ok(Funds::Unlimited),
            None => Ok(Funds::Cash),
        }
    }
}
