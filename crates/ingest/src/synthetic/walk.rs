//! How prices move and when trades happen: one common factor, and each contract's own path on a grid of minutes.
//!
//! There is something to find in this market, on purpose. Each contract has a slow drift of its own (half-life ten days,
//! 0.5 % a day), which a ranking by past returns picks up, and its price strays from its value and comes back (half-life
//! ninety minutes), which short-term reversal picks up. Both are small against the noise. Volatility and activity
//! cluster, jumps are rare, and the day has a rhythm.

use crosscut_model::time::{DAY, MINUTE};

use super::MarketConfig;
use super::contract::{Contract, MIN_NOTIONAL};
use super::perpetual::{self, MarkHour};
use super::random::{Random, Wander};

/// Minutes in a day.
const MINUTES_PER_DAY: f64 = 1440.0;

/// Minutes between changes of volatility and drift.
const MINUTES_PER_HOUR: i64 = 60;

/// Deviation of the logarithm of a contract's own volatility. Half its square is taken off, so that the mean is 1.
const OWN_MOOD: f64 = 0.35;

/// The market's returns and mood, the same for all contracts.
#[derive(Debug)]
pub struct Market {
    /// Log return of each minute.
    returns: Vec<f64>,
    /// Volatility of each minute against the average.
    volatility: Vec<f64>,
    /// First minute, microseconds.
    start: i64,
    /// Mean trades per contract and minute.
    trades_per_minute: f64,
    /// Seed of all streams.
    seed: u64,
}

impl Market {
    /// Draws the market's path.
    pub fn new(config: &MarketConfig) -> Self {
        /// Daily deviation of the market's return.
        const VOLATILITY: f64 = 0.02;
        /// Deviation of the logarithm of its volatility.
        const MOOD: f64 = 0.4;
        /// Daily drift of the market.
        const DRIFT: f64 = 0.001;
        let mut random = Random::new(config.seed, 0);
        let mut mood = Wander::new(MOOD, 48.0, &mut random);
        let n_minutes = config.n_days * DAY / MINUTE;
        let mut market = Self {
            returns: Vec::new(),
            volatility: Vec::new(),
            start: config.start,
            trades_per_minute: config.trades_per_day / MINUTES_PER_DAY,
            seed: config.seed,
        };
        for minute in 0..n_minutes {
            if minute % MINUTES_PER_HOUR == 0 {
                mood.step(&mut random);
            }
            let volatility = libm::exp(mood.value - 0.5 * MOOD * MOOD);
            let shock = VOLATILITY / MINUTES_PER_DAY.sqrt() * volatility * random.normal();
            market.returns.push(DRIFT / MINUTES_PER_DAY + shock);
            market.volatility.push(volatility);
        }
        market
    }
}

/// One aggregated trade in the venue's own integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// Running number of the row.
    pub agg_id: i64,
    /// Price in ticks.
    pub price_ticks: i64,
    /// Quantity in lots.
    pub lots: i64,
    /// First execution in the row.
    pub first_id: i64,
    /// Last execution in the row.
    pub last_id: i64,
    /// Milliseconds since the epoch.
    pub time_ms: i64,
    /// Whether the taker sold.
    pub is_buyer_maker: bool,
}

/// What happens to one contract in one minute.
#[derive(Debug, Clone, Copy)]
struct Minute {
    /// Its start, microseconds.
    time: i64,
    /// Log price at its start.
    from: f64,
    /// The contract's own move in deviations.
    push: f64,
    /// Expected number of trades.
    mean_trades: f64,
}

/// Draws the trades of one contract in order of time.
#[derive(Debug)]
pub struct Walk<'a> {
    /// The common factor.
    market: &'a Market,
    /// The contract.
    contract: &'a Contract,
    /// Its stream of random numbers.
    random: Random,
    /// Next minute, counted from the market's start.
    minute: i64,
    /// Logarithm of the value the price returns to.
    value: f64,
    /// Logarithm of the price at the end of the last minute.
    log_price: f64,
    /// Own drift, log return per day.
    drift: Wander,
    /// Own volatility: logarithm against the average.
    mood: Wander,
    /// Log distance of the price from its value.
    stray: Wander,
    /// Whether the last taker bought.
    bought: bool,
    /// Last aggregated id.
    agg_id: i64,
    /// Last execution id.
    trade_id: i64,
    /// Milliseconds of the trades of one minute; kept for its allocation.
    times: Vec<i64>,
    /// Mark prices so far.
    pub marks: Vec<MarkHour>,
}

impl<'a> Walk<'a> {
    /// Starts at the contract's listing.
    pub fn new(market: &'a Market, contract: &'a Contract) -> Self {
        let mut random = Random::new(market.seed, 2 * contract.number + 1);
        let log_price = libm::log(contract.first_price);
        Self {
            minute: (contract.listed_at - market.start) / MINUTE,
            value: log_price,
            log_price,
            drift: Wander::new(0.005, 240.0, &mut random),
            mood: Wander::new(OWN_MOOD, 36.0, &mut random),
            stray: Wander::new(0.003, 90.0, &mut random),
            bought: false,
            agg_id: 0,
            trade_id: 0,
            times: Vec::new(),
            marks: Vec::new(),
            market,
            contract,
            random,
        }
    }

    /// Draws the trades before `end` (microseconds, a full minute) that have not been drawn yet and hands on each.
    pub fn run_until(&mut self, end: i64, mut sink: impl FnMut(Trade)) {
        let market = self.market;
        let first = usize::try_from(self.minute).unwrap_or(usize::MAX);
        let minutes = market.returns.iter().zip(&market.volatility).skip(first);
        for (&market_return, &market_volatility) in minutes {
            let time = market.start + self.minute * MINUTE;
            if time >= end || self.contract.delisted_at.is_some_and(|delisted| time >= delisted) {
                return;
            }
            let volatility = market_volatility * self.own_volatility();
            let from = self.log_price;
            let push = self.move_price(market_return, volatility, time);
            perpetual::add_minute(&mut self.marks, time, from, self.log_price);
            if self.contract.trades_at(time) {
                let activity = market.trades_per_minute * self.contract.activity;
                let mean_trades = activity * rhythm(time) * volatility;
                self.trade(Minute { time, from, push, mean_trades }, &mut sink);
            }
            self.minute += 1;
        }
    }

    /// The contract's volatility against its average in the coming minute.
    fn own_volatility(&mut self) -> f64 {
        if self.minute % MINUTES_PER_HOUR == 0 {
            self.mood.step(&mut self.random);
            self.drift.step(&mut self.random);
        }
        libm::exp(self.mood.value - 0.5 * OWN_MOOD * OWN_MOOD)
    }

    /// Moves the price over one minute; returns the contract's own move in deviations.
    fn move_price(&mut self, market_return: f64, volatility: f64, time: i64) -> f64 {
        /// One jump in so many minutes, on average.
        const MINUTES_PER_JUMP: f64 = 6000.0;
        /// Daily log return of a contract in its last days.
        const DECLINE: f64 = -0.15;
        let mut shock = self.random.normal();
        if self.random.chance(1.0 / MINUTES_PER_JUMP) {
            shock *= 10.0;
        }
        let doomed = self.contract.delisted_at.is_some_and(|delisted| time >= delisted - 5 * DAY);
        let drift = self.drift.value + if doomed { DECLINE } else { 0.0 };
        let own = self.contract.own_volatility / MINUTES_PER_DAY.sqrt() * volatility * shock;
        self.value += self.contract.beta * market_return + drift / MINUTES_PER_DAY + own;
        self.log_price = self.value + self.stray.step(&mut self.random);
        shock
    }

    /// Draws the trades of one minute.
    fn trade(&mut self, minute: Minute, sink: &mut impl FnMut(Trade)) {
        let count = self.random.poisson(minute.mean_trades);
        let mut times = std::mem::take(&mut self.times);
        times.clear();
        times.extend((0..count).map(|_| self.random.between(0.0, 60_000.0) as i64));
        times.sort_unstable();
        for &millis in &times {
            let share = millis as f64 / 60_000.0;
            let log_mid = minute.from + (self.log_price - minute.from) * share;
            // Takers mostly follow one another, and rather buy what rises.
            if !self.random.chance(0.6) {
                self.bought = self.random.chance((0.5 + 0.15 * minute.push).clamp(0.2, 0.8));
            }
            sink(self.fill(minute.time / 1000 + millis, log_mid));
        }
        self.times = times;
    }

    /// One trade around the mid price.
    fn fill(&mut self, time_ms: i64, log_mid: f64) -> Trade {
        /// Half the spread, as a share of the price.
        const HALF_SPREAD: f64 = 1.5e-4;
        /// Median value of a trade of an average contract, quote units.
        const MEDIAN_VALUE: f64 = 150.0;
        let (tick, lot) = (self.contract.tick_size(), self.contract.lot_size());
        let half_spread = if self.bought { HALF_SPREAD } else { -HALF_SPREAD };
        let price_ticks = (libm::exp(log_mid) * (1.0 + half_spread) / tick).round().max(1.0);
        let value = MEDIAN_VALUE * self.contract.activity * libm::exp(1.2 * self.random.normal());
        let lots = value.max(MIN_NOTIONAL) / (price_ticks * tick) / lot;
        let executions = self.random.trials(0.6);
        self.agg_id += 1;
        let first_id = self.trade_id + 1;
        self.trade_id += executions;
        Trade {
            agg_id: self.agg_id,
            price_ticks: price_ticks as i64,
            lots: lots.ceil().max(1.0) as i64,
            first_id,
            last_id: self.trade_id,
            time_ms,
            is_buyer_maker: !self.bought,
        }
    }
}

/// Activity by the time of day against the average, highest at 15:00 UTC.
fn rhythm(time: i64) -> f64 {
    let share = (time.rem_euclid(DAY) as f64) / DAY as f64;
    1.0 + 0.4 * libm::cos(std::f64::consts::TAU * (share - 15.0 / 24.0))
}
