//! Finer time bars into coarser ones.

use crosscut_model::{Bars, Timeframe};

use crate::error::BarsError;

/// Folds time bars of length `from` into time bars of length `to`.
///
/// Open is the first, high the highest, low the lowest, close the last; volumes and `tick_count` are sums, decimal ones
/// where the parts are decimal numbers, so that they equal the venue's own coarse bars to the bit; `vwap` is `dollar_volume / volume`. What finer bars cannot
/// give (`up_move_ratio`, `medium_price`, `reversals`) is NaN. Of the extra columns only `premium_open`, `premium_high`,
/// `premium_low` and `premium_close` have a rule; the others are dropped. NaN in any part makes a sum, high or low NaN.
///
/// A coarse bar without any finer bar is absent; one with some of them missing is built from what there is, except that
/// the last is dropped unless the finer bars, or `covered_until` (microseconds, exclusive), reach its close.
///
/// # Errors
/// [`BarsError::NotAMultiple`] if `to` is not a whole number of `from`.
pub fn rebuild(bars: &Bars, from: Timeframe, to: Timeframe, covered_until: Option<i64>) -> Result<Bars, BarsError> {
    if !to.is_multiple_of(from) {
        return Err(BarsError::NotAMultiple { from, to });
    }
    let mut out = Bars::default();
    let groups = groups(bars, to, covered_until);
    for group in &groups {
        out.timestamp.push(group.label);
        out.available_at.push(group.closes_at);
    }
    fill(bars, &groups, &mut out);
    fill_premium(bars, &groups, &mut out);
    Ok(out)
}

/// The rows of one coarse bar.
struct Group {
    /// Its label, microseconds.
    label: i64,
    /// Its close, microseconds.
    closes_at: i64,
    /// Positions of the finer bars.
    rows: std::ops::Range<usize>,
}

/// Finds the rows of each coarse bar and drops the last one if it is not complete.
fn groups(bars: &Bars, to: Timeframe, covered_until: Option<i64>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (row, &time) in bars.timestamp.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if time < group.closes_at => group.rows.end = row + 1,
            _ => {
                let label = to.floor(time);
                groups.push(Group { label, closes_at: to.next(label), rows: row..row + 1 });
            }
        }
    }
    let covered = bars.available_at.last().copied().max(covered_until);
    groups.pop_if(|group| covered < Some(group.closes_at));
    groups
}

/// Fills the thirteen columns.
fn fill(bars: &Bars, groups: &[Group], out: &mut Bars) {
    let all = |values: &[f64], rule: fn(&[f64]) -> f64| -> Vec<f64> {
        groups.iter().map(|group| rule(&values[group.rows.clone()])).collect()
    };
    out.open = all(&bars.open, first);
    out.high = all(&bars.high, highest);
    out.low = all(&bars.low, lowest);
    out.close = all(&bars.close, last);
    out.volume = all(&bars.volume, sum);
    out.buy_volume = all(&bars.buy_volume, sum);
    out.sell_volume = all(&bars.sell_volume, sum);
    out.dollar_volume = all(&bars.dollar_volume, sum);
    out.tick_count = all(&bars.tick_count, sum);
    out.vwap = out.dollar_volume.iter().zip(&out.volume).map(|(dollars, volume)| ratio(*dollars, *volume)).collect();
    for column in [&mut out.up_move_ratio, &mut out.medium_price, &mut out.reversals] {
        column.resize(groups.len(), f64::NAN);
    }
}

/// Carries the premium-index prices of a kline table over, where there are any.
fn fill_premium(bars: &Bars, groups: &[Group], out: &mut Bars) {
    for (name, values) in &bars.extra {
        let rule: fn(&[f64]) -> f64 = match name.as_str() {
            "premium_open" => first,
            "premium_high" => highest,
            "premium_low" => lowest,
            "premium_close" => last,
            _ => continue,
        };
        out.extra.push((name.clone(), groups.iter().map(|group| rule(&values[group.rows.clone()])).collect()));
    }
}

/// The first value; NaN of nothing.
fn first(values: &[f64]) -> f64 {
    values.first().copied().unwrap_or(f64::NAN)
}

/// The last value; NaN of nothing.
fn last(values: &[f64]) -> f64 {
    values.last().copied().unwrap_or(f64::NAN)
}

/// The highest value; NaN if any is NaN.
fn highest(values: &[f64]) -> f64 {
    values.iter().copied().reduce(|a, b| if a.is_nan() || a >= b { a } else { b }).unwrap_or(f64::NAN)
}

/// The lowest value; NaN if any is NaN.
fn lowest(values: &[f64]) -> f64 {
    values.iter().copied().reduce(|a, b| if a.is_nan() || a <= b { a } else { b }).unwrap_or(f64::NAN)
}

/// Most decimals a venue prints.
const DECIMALS_MAX: i32 = 8;

/// All integers below this are exact in a double: 2^53.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// The sum: of the decimal numbers that the values stand for, if they are that short; otherwise compensated.
///
/// 0.1 + 0.1 + 0.1 is 0.30000000000000004 even when added without any error, because a double is only near 0.1. The venue
/// adds its decimals, so we do where we can tell them.
fn sum(values: &[f64]) -> f64 {
    let mut decimals = 0;
    for &value in values {
        match (decimals..=DECIMALS_MAX).find(|&decimals| is_decimal(value, decimals)) {
            Some(needed) => decimals = needed,
            None => return compensated_sum(values),
        }
    }
    let scale = power_of_ten(decimals);
    let total: i128 = values.iter().map(|value| (value * scale).round() as i128).sum();
    if total.unsigned_abs() < EXACT_MAX as u128 {
        // One rounding, that of the division: both sides are exact.
        return total as f64 / scale;
    }
    format!("{total}e-{decimals}").parse().expect("digits with an exponent are a number")
}

/// Whether `value` is the double nearest to a number of so many decimals.
fn is_decimal(value: f64, decimals: i32) -> bool {
    let scale = power_of_ten(decimals);
    let units = (value * scale).round();
    units.abs() < EXACT_MAX && units / scale == value
}

/// `10^decimals`, exact.
fn power_of_ten(decimals: i32) -> f64 {
    (0..decimals).fold(1.0, |power, _| power * 10.0)
}

/// The sum with Neumaier's compensation (Neumaier 1974, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher
/// Summen"): the rounding error of each addition is kept and added at the end.
fn compensated_sum(values: &[f64]) -> f64 {
    let mut total = 0.0_f64;
    let mut lost = 0.0_f64;
    for &value in values {
        let next = total + value;
        lost += if total.abs() >= value.abs() { (total - next) + value } else { (value - next) + total };
        total = next;
    }
    total + lost
}

/// A quotient; NaN where it is not a finite number.
fn ratio(above: f64, below: f64) -> f64 {
    let quotient = above / below;
    if quotient.is_finite() { quotient } else { f64::NAN }
}
