//! The templates of the signals: names, parameters and how they are made.

use super::per_symbol::{PerSymbol, Signal};
use super::{Average, Breakout, Cross, Reversion, Rsi, Stake};
use crate::error::TradingError;
use crate::strategy::Capability;
use crate::strategy::Column;
use crate::strategy::params::{FACTOR, ParamKind, ParamSpec, Values};
use crate::strategy::registry::{Build, Template};

/// What all signals can do.
const CAPABILITIES: &[Capability] = &[Capability::PerSymbol, Capability::EveryBar, Capability::Long, Capability::Short];

/// The share of equity of each position.
const SHARE: ParamSpec = ParamSpec::optional(
    "share",
    ParamKind::Between(0.0, f64::INFINITY),
    "share of equity of each position when it is opened; 1 over the number of the run's symbols when not given",
);

/// The column looked at instead of closes.
const COLUMN: ParamSpec = ParamSpec {
    aliases: FACTOR.aliases,
    ..ParamSpec::optional(
        FACTOR.name,
        ParamKind::Name,
        "column of the factor set that it looks at in place of closes, highs and lows; a bar without a value is passed over",
    )
};

/// Whether it goes short instead of flat.
const ALLOW_SHORT: ParamSpec = ParamSpec::with_default(
    "allow_short",
    ParamKind::Flag,
    "false",
    "whether it is short, with the same share, where it would otherwise be flat",
);

/// A number of bars.
const fn bars(name: &'static str, default: &'static str, doc: &'static str) -> ParamSpec {
    ParamSpec::with_default(name, ParamKind::Count(1), default, doc)
}

/// A simple moving average cross.
pub(crate) static SMA_CROSS: Template = Template {
    name: "sma_cross",
    doc: "each symbol on its own, at every bar: long while the mean of the last fast closes is above that of the last slow ones",
    capabilities: CAPABILITIES,
    params: &[
        bars("fast", "10", "closes in the fast average"),
        bars("slow", "30", "closes in the slow average; more than fast"),
        COLUMN,
        SHARE,
        ALLOW_SHORT,
    ],
    build: Build::PerSymbol(sma_cross),
};

/// An exponential moving average cross.
pub(crate) static EMA_CROSS: Template = Template {
    name: "ema_cross",
    doc: "each symbol on its own, at every bar: long while the fast exponential average of closes is above the slow one",
    capabilities: CAPABILITIES,
    params: &[
        bars("fast", "12", "span of the fast average: a = 2 / (span + 1)"),
        bars("slow", "26", "span of the slow average; more than fast. Both count once slow closes have been seen"),
        COLUMN,
        SHARE,
        ALLOW_SHORT,
    ],
    build: Build::PerSymbol(ema_cross),
};

/// A channel breakout.
pub(crate) static BREAKOUT: Template = Template {
    name: "breakout",
    doc: "each symbol on its own, at every bar: long when the close is above the highest high of the entry bars before it, out \
          when it is below the lowest low of the exit bars before it (Donchian)",
    capabilities: CAPABILITIES,
    params: &[
        bars("entry", "20", "bars of the entry channel, the present one not among them"),
        bars("exit", "10", "bars of the exit channel; at most entry"),
        COLUMN,
        SHARE,
        ALLOW_SHORT,
    ],
    build: Build::PerSymbol(breakout),
};

/// Against the distance from the mean.
pub(crate) static MEAN_REVERSION: Template = Template {
    name: "mean_reversion",
    doc: "each symbol on its own, at every bar: long when the close is enter sample deviations or more below the mean of the \
          last window closes, out when it has come back to leave deviations below it",
    capabilities: CAPABILITIES,
    params: &[
        ParamSpec::with_default(
            "window",
            ParamKind::Count(2),
            "20",
            "closes in mean and deviation, the present one among them",
        ),
        ParamSpec::with_default(
            "enter",
            ParamKind::Between(0.0, f64::INFINITY),
            "2",
            "sample deviations from the mean at which it enters",
        ),
        ParamSpec::with_default(
            "leave",
            ParamKind::Number,
            "0",
            "sample deviations from the mean at which it leaves; below enter, negative: beyond the mean",
        ),
        COLUMN,
        SHARE,
        ALLOW_SHORT,
    ],
    build: Build::PerSymbol(mean_reversion),
};

/// Wilder's index.
pub(crate) static RSI: Template = Template {
    name: "rsi",
    doc: "each symbol on its own, at every bar: long when Wilder's relative strength index is at or below low, out when it is at \
          or above high",
    capabilities: CAPABILITIES,
    params: &[
        bars("window", "14", "changes of the close over which gains and losses are smoothed"),
        ParamSpec::with_default("low", ParamKind::Between(0.0, 100.0), "30", "index at or below which it buys"),
        ParamSpec::with_default(
            "high",
            ParamKind::Between(0.0, 100.0),
            "70",
            "index at or above which it leaves; above low",
        ),
        COLUMN,
        SHARE,
        ALLOW_SHORT,
    ],
    build: Build::PerSymbol(rsi),
};

/// A stake that [`PerSymbol::strategy`] replaces.
const NO_STAKE: Stake = Stake { symbol_idx: 0, feed_idx: 0, long: 0.0, short: 0.0 };

/// A signal with the parameters all of them take. It looks back on `history_bars` bars and remembers `memory_bars`.
fn made(values: &Values, signal: Signal, (history_bars, memory_bars): (usize, usize)) -> PerSymbol {
    let columns = values.name(FACTOR.name).map(Column::Named).into_iter().collect();
    let (share, allow_short) = (values.number("share"), values.flag("allow_short"));
    PerSymbol { signal, share, allow_short, history_bars, memory_bars, columns }
}

/// After how many values an exponential average that gives each new one this weight has forgotten its beginning: its weight,
/// `(1 - weight)^n`, is below 2^-53, the last bit of a number.
fn forgets_after(weight: f64) -> usize {
    // The logarithm of 1 - w is below -w.
    let n = 53.0 * std::f64::consts::LN_2 / weight;
    // A cast from a number too large gives the largest count there is.
    n.ceil().max(1.0) as usize
}

/// Two numbers of bars of which the first must be below the second.
fn two_spans(values: &Values) -> Result<(usize, usize), TradingError> {
    let (fast, slow) = (values.n_bars("fast"), values.n_bars("slow"));
    if fast >= slow {
        return Err(values.conflict(format!("`fast` is {fast} and `slow` is {slow}; expected fast below slow")));
    }
    Ok((fast, slow))
}

/// Makes `sma_cross`.
fn sma_cross(values: &Values) -> Result<PerSymbol, TradingError> {
    let (fast, slow) = two_spans(values)?;
    let signal = Cross::new(NO_STAKE, Average::simple(fast), Average::simple(slow));
    Ok(made(values, Signal::Cross(signal), (slow, slow)))
}

/// Makes `ema_cross`.
fn ema_cross(values: &Values) -> Result<PerSymbol, TradingError> {
    let (fast, slow) = two_spans(values)?;
    let signal = Cross::new(NO_STAKE, Average::exponential(fast), Average::exponential(slow));
    let memory = forgets_after(2.0 / (slow as f64 + 1.0)).saturating_add(slow);
    Ok(made(values, Signal::Cross(signal), (slow, memory)))
}

/// Makes `breakout`.
fn breakout(values: &Values) -> Result<PerSymbol, TradingError> {
    let (entry, exit) = (values.n_bars("entry"), values.n_bars("exit"));
    if exit > entry {
        return Err(values.conflict(format!("`exit` is {exit} and `entry` is {entry}; expected exit at most entry")));
    }
    let history = entry.saturating_add(1);
    Ok(made(values, Signal::Breakout(Breakout::new(NO_STAKE, entry, exit)), (history, history)))
}

/// Makes `mean_reversion`.
fn mean_reversion(values: &Values) -> Result<PerSymbol, TradingError> {
    let (enter, leave) = (values.number_set("enter"), values.number_set("leave"));
    if leave >= enter {
        return Err(values.conflict(format!("`leave` is {leave} and `enter` is {enter}; expected leave below enter")));
    }
    let window = values.n_bars("window");
    Ok(made(values, Signal::Reversion(Reversion::new(NO_STAKE, window, (enter, leave))), (window, window)))
}

/// Makes `rsi`.
fn rsi(values: &Values) -> Result<PerSymbol, TradingError> {
    let (low, high) = (values.number_set("low"), values.number_set("high"));
    if low >= high {
        return Err(values.conflict(format!("`low` is {low} and `high` is {high}; expected low below high")));
    }
    let window = values.n_bars("window");
    let history = window.saturating_add(1);
    let memory = forgets_after(1.0 / window as f64).saturating_add(history);
    Ok(made(values, Signal::Rsi(Rsi::new(NO_STAKE, window, (low, high))), (history, memory)))
}
