//! What is listed in the generated market, from when to when, and the events every reader must survive.

use std::ops::Range;

use crosscut_model::time::{DAY, HOUR, MINUTE};

use super::MarketConfig;
use super::random::Random;

/// Smallest order value of every contract, quote units.
pub const MIN_NOTIONAL: f64 = 5.0;

/// Letters of the made-up coins: `AAAUSDT`, `BBBUSDT`, ...
const LETTERS: &[u8; 25] = b"ABCDEFGHIJKLMNOPQRSTUVWYZ";

/// One perpetual contract of the generated market.
#[derive(Debug, Clone)]
pub struct Contract {
    /// Its symbol.
    pub symbol: String,
    /// Its number, which picks its streams of random numbers.
    pub number: u64,
    /// First moment of trading, microseconds.
    pub listed_at: i64,
    /// End of trading, microseconds; `None` if it trades to the end.
    pub delisted_at: Option<i64>,
    /// Stretches without trading, microseconds.
    pub halts: Vec<Range<i64>>,
    /// First price, quote units.
    pub first_price: f64,
    /// Decimals of a price; the tick is one unit of the last.
    pub price_decimals: u32,
    /// Decimals of a quantity; the lot is one unit of the last.
    pub quantity_decimals: u32,
    /// Return per return of the market.
    pub beta: f64,
    /// Deviation of the contract's own daily return.
    pub own_volatility: f64,
    /// Trading activity against the average contract.
    pub activity: f64,
}

impl Contract {
    /// Smallest price step, quote units.
    pub fn tick_size(&self) -> f64 {
        1.0 / f64::from(10_u32.pow(self.price_decimals))
    }

    /// Smallest quantity step, base units.
    pub fn lot_size(&self) -> f64 {
        1.0 / f64::from(10_u32.pow(self.quantity_decimals))
    }

    /// Whether the contract trades at `time` (microseconds).
    pub fn trades_at(&self, time: i64) -> bool {
        time >= self.listed_at
            && self.delisted_at.is_none_or(|end| time < end)
            && !self.halts.iter().any(|halt| halt.contains(&time))
    }
}

/// All contracts, in order of their symbols.
pub fn contracts(config: &MarketConfig) -> Vec<Contract> {
    let mut contracts: Vec<Contract> = (0..config.n_symbols).map(|number| contract(config, number)).collect();
    contracts.sort_by(|a, b| a.symbol.cmp(&b.symbol));
    contracts
}

/// One contract: two thirds trade from the start, the others are listed one after the other in the first half; one is
/// delisted after 60 % of the time, one pauses for most of a day after 70 %, and the venue itself is down for some
/// hours after 40 %.
fn contract(config: &MarketConfig, number: usize) -> Contract {
    // Numbers from 1 up: stream 0 is the market's. Even streams draw the terms, odd ones the trades.
    let stream = number as u64 + 1;
    let mut random = Random::new(config.seed, 2 * stream);
    let first_price = libm::exp(random.between(libm::log(0.02), libm::log(800.0)));
    let magnitude = libm::floor(libm::log10(first_price)) as i32;
    let day = |share: f64| config.start + (share * config.n_days as f64) as i64 * DAY;
    let n_early = config.n_symbols - config.n_symbols / 3;
    let listed_at = match number.checked_sub(n_early) {
        None => config.start,
        Some(late) => day(0.5 * (late + 1) as f64 / (config.n_symbols / 3) as f64) + 10 * HOUR,
    };
    let delisted_at = (config.n_symbols > 3 && number == n_early / 2).then(|| day(0.6) + 9 * HOUR);
    let outage = day(0.4) + 7 * HOUR + 12 * MINUTE;
    let pause = day(0.7) + 4 * HOUR + 5 * MINUTE;
    let pause = (number == n_early / 4).then(|| pause..pause + 15 * HOUR + 40 * MINUTE);
    Contract {
        symbol: symbol(number),
        number: stream,
        listed_at,
        delisted_at,
        halts: std::iter::once(outage..outage + 2 * HOUR + 37 * MINUTE).chain(pause).collect(),
        first_price,
        price_decimals: (4 - magnitude).clamp(1, 8).cast_unsigned(),
        quantity_decimals: (magnitude + 1).clamp(0, 3).cast_unsigned(),
        beta: random.between(0.5, 1.6),
        own_volatility: random.between(0.02, 0.045),
        activity: libm::exp(0.45 * random.normal() - 0.1).clamp(0.5, 4.0),
    }
}

/// `AAAUSDT` to `ZZZUSDT`, then `AAA2USDT` and so on.
fn symbol(number: usize) -> String {
    let letter = char::from(LETTERS[number % LETTERS.len()]);
    match number / LETTERS.len() {
        0 => format!("{letter}{letter}{letter}USDT"),
        round => format!("{letter}{letter}{letter}{}USDT", round + 1),
    }
}
