//! What is known of each name besides the factor: size, liquidity, volatility, momentum, beta to the market.
//!
//! All are trailing: a value at a time uses rows of prices up to the last one known then. The market is the mean return
//! of all names. A window needs half of its returns.

use rayon::prelude::*;

use crate::load::Frame;
use crate::matrix::Matrix;
use crate::schedule::NONE;

/// Symbols worked on side by side and entered together.
const GROUP: usize = 32;

/// The characteristics by name and what they are, in the order of [`Exposures::at_sample`].
pub const CHARACTERISTICS: [(&str, &str); 5] = [
    ("size", "log of the mean dollar volume of twice the window; the hub has no capitalisation, this stands for it"),
    ("liquidity", "minus the log of Amihud's illiquidity: mean of |return| over dollar volume"),
    ("volatility", "deviation of returns"),
    ("momentum", "return over the window"),
    ("beta", "slope of returns on the mean return of all names"),
];

/// Characteristics of the names.
#[derive(Debug)]
pub struct Exposures {
    /// Bars of the window.
    pub window: usize,
    /// Mean return of all names into each row of prices; NaN for the first.
    pub market: Vec<f64>,
    /// Beta at each time of the factor.
    pub beta: Matrix<f32>,
    /// Each of [`CHARACTERISTICS`] at the sampled times.
    pub at_sample: Vec<Matrix<f32>>,
    /// Mean dollar volume of a bar over the window at the sampled times.
    pub dollar_volume: Matrix<f32>,
}

/// Bars of the window: those of 60 days, from 20 to 500, at most a quarter of the data.
pub fn window_of(bars_per_year: f64, n_times: usize) -> usize {
    let of_days = (bars_per_year * 60.0 / 365.0).round() as usize;
    of_days.clamp(20, 500).min(n_times / 4).max(5)
}

/// One name's trailing values.
struct Trailing {
    /// Beta at each time.
    beta: Vec<f32>,
    /// Characteristics at the sampled times.
    at_sample: Vec<Vec<f32>>,
    /// Mean dollar volume at the sampled times.
    dollar_volume: Vec<f32>,
}

/// Computes the characteristics.
pub fn exposures(frame: &Frame, window: usize, sample: &[usize]) -> Exposures {
    let market = market_returns(&frame.market.prices);
    let (n_times, width) = (frame.market.times.len(), frame.market.symbols.len());
    let empty = |n: usize| Matrix::filled(n, width, f32::NAN);
    let mut out = Exposures {
        window,
        beta: empty(n_times),
        at_sample: CHARACTERISTICS.map(|_| empty(sample.len())).to_vec(),
        dollar_volume: empty(sample.len()),
        market,
    };
    let times: Vec<u32> = (0..n_times as u32).collect();
    let sampled: Vec<u32> = (0..sample.len() as u32).collect();
    let names: Vec<usize> = (0..width).collect();
    for (group, names) in names.chunks(GROUP).enumerate() {
        let one = |name: &usize| trailing(frame, *name, (&out.market, window), sample);
        let done: Vec<Trailing> = names.par_iter().map(one).collect();
        let column = |pick: &dyn Fn(&Trailing) -> Vec<f32>| -> Vec<Vec<f32>> { done.iter().map(pick).collect() };
        let fill = |matrix: &mut Matrix<f32>, rows: &[u32], columns: &[Vec<f32>]| {
            let columns: Vec<_> = columns.iter().map(|values| (rows, &values[..])).collect();
            matrix.fill_columns(group * GROUP, &columns);
        };
        fill(&mut out.beta, &times, &column(&|one| one.beta.clone()));
        for (at, matrix) in out.at_sample.iter_mut().enumerate() {
            fill(matrix, &sampled, &column(&|one| one.at_sample[at].clone()));
        }
        fill(&mut out.dollar_volume, &sampled, &column(&|one| one.dollar_volume.clone()));
    }
    out
}

/// The mean return of all names into each row of prices.
fn market_returns(prices: &Matrix) -> Vec<f64> {
    let row = |row: usize| {
        if row == 0 {
            return f64::NAN;
        }
        let returns = prices.row(row).iter().zip(prices.row(row - 1)).map(|(now, before)| now / before - 1.0);
        let (n, sum) = returns.filter(|r| r.is_finite()).fold((0.0, 0.0), |(n, sum), value| (n + 1.0, sum + value));
        sum / n
    };
    (0..prices.n_rows()).into_par_iter().map(row).collect()
}

/// Trailing values of one name.
fn trailing(frame: &Frame, name: usize, (market, window): (&[f64], usize), sample: &[usize]) -> Trailing {
    let prices = &frame.market.prices;
    let n_rows = prices.n_rows();
    let price: Vec<f64> = (0..n_rows).map(|row| prices.at(row, name)).collect();
    let volume: Vec<f64> = (0..n_rows).map(|row| f64::from(frame.volume.at(row, name))).collect();
    let ret = |row: usize| if row == 0 { f64::NAN } else { price[row] / price[row - 1] - 1.0 };
    let returns: Vec<f64> = (0..n_rows).map(ret).map(|r| if r.is_finite() { r } else { f64::NAN }).collect();
    let betas = rolling_beta(&returns, market, window);
    let base = &frame.market.base;
    let beta = base.iter().map(|&row| if row == NONE { f32::NAN } else { betas[row as usize] as f32 }).collect();
    let mut out = Trailing { beta, at_sample: vec![Vec::new(); CHARACTERISTICS.len()], dollar_volume: Vec::new() };
    for &t in sample {
        let row = base[t];
        let values = if row == NONE {
            ([f64::NAN; CHARACTERISTICS.len()], f64::NAN)
        } else {
            let row = row as usize;
            characteristics((&price, &volume, &returns), (row, window), betas[row])
        };
        out.at_sample.iter_mut().zip(values.0).for_each(|(column, value)| column.push(value as f32));
        out.dollar_volume.push(values.1 as f32);
    }
    out
}

/// The characteristics at one row, and the mean dollar volume.
fn characteristics(
    (price, volume, returns): (&[f64], &[f64], &[f64]),
    (row, window): (usize, usize),
    beta: f64,
) -> ([f64; CHARACTERISTICS.len()], f64) {
    let last = |n: usize| (row + 1).saturating_sub(n)..row + 1;
    let enough = |n: usize| 2 * n >= window;
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let (n, sum) = values.filter(|x| x.is_finite()).fold((0, 0.0), |(n, sum), value| (n + 1, sum + value));
        if enough(n) && n > 0 { sum / n as f64 } else { f64::NAN }
    };
    let size = libm::log(mean(&mut volume[last(2 * window)].iter().copied()));
    let illiquidity = mean(&mut last(window).map(|at| returns[at].abs() / volume[at]).filter(|x| x.is_finite()));
    let finite: Vec<f64> = returns[last(window)].iter().copied().filter(|r| r.is_finite()).collect();
    let volatility = crosscut_kernels::metrics::deviation(&finite).filter(|_| enough(finite.len()));
    let momentum = row.checked_sub(window).map_or(f64::NAN, |before| price[row] / price[before] - 1.0);
    let liquidity = if illiquidity > 0.0 { -libm::log(illiquidity) } else { f64::NAN };
    let clean = |x: f64| if x.is_finite() { x } else { f64::NAN };
    let dollar_volume = mean(&mut volume[last(window)].iter().copied());
    ([clean(size), liquidity, volatility.unwrap_or(f64::NAN), clean(momentum), beta], dollar_volume)
}

/// Slopes of the last `window` returns on those of the market; NaN where fewer than half of them are there. Sums are
/// begun anew every `window` rows, so that roundings cannot pile up, and a name that stood still has a slope of exactly 0.
pub(crate) fn rolling_beta(returns: &[f64], market: &[f64], window: usize) -> Vec<f64> {
    let pair = |row: usize| (returns[row].is_finite() && market[row].is_finite()).then(|| (returns[row], market[row]));
    let mut sums = [0.0f64; 6];
    let add = |sums: &mut [f64; 6], row: usize, sign: f64| {
        if let Some((r, m)) = pair(row) {
            for (sum, value) in sums.iter_mut().zip([1.0, r, m, r * m, m * m, f64::from(r != 0.0)]) {
                *sum += sign * value;
            }
        }
    };
    (0..returns.len())
        .map(|row| {
            if row % window == 0 {
                sums = [0.0; 6];
                ((row + 1).saturating_sub(window)..=row).for_each(|row| add(&mut sums, row, 1.0));
            } else {
                add(&mut sums, row, 1.0);
                if row >= window {
                    add(&mut sums, row - window, -1.0);
                }
            }
            let [n, r, m, rm, mm, n_moved] = sums;
            let spread = mm - m * m / n;
            if 2.0 * n < window as f64 || spread.is_nan() || spread <= 1e-12 * mm {
                f64::NAN
            } else if n_moved == 0.0 {
                // What rounding left of the sums is no slope; such names tie.
                0.0
            } else {
                (rm - r * m / n) / spread
            }
        })
        .collect()
}
