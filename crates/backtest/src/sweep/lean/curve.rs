//! The equity curve of a set as it grows, and what was held on average: several rows are valued at once, each in the order
//! of the symbols.

use std::ops::Range;

use crosscut_kernels::widest::{Work, widest};

use crate::results::metrics::Exposure;

/// A held symbol's closes over the rows that are valued, and the base units held.
pub(super) type Column<'a> = (&'a [f64], f64);

/// Equity by row, and sums of exposure.
#[derive(Debug)]
pub(super) struct Curve {
    /// Equity by row, and room for the rows to come.
    equity: Vec<f64>,
    /// How many rows there are.
    n_rows: usize,
    /// Sums over these rows.
    exposed: Exposed,
    /// Whether all equity of the rows it went on over last is above 0.
    pub(super) is_sound: bool,
}

/// Sums over the rows of a curve.
#[derive(Debug, Clone, Copy, Default)]
struct Exposed {
    /// Gross exposure over equity.
    gross: f64,
    /// Net exposure over equity.
    net: f64,
    /// Rows in which something was held.
    n_held: u64,
}

impl Exposed {
    /// Adds values over equity; where all is long both are the same.
    #[inline(always)]
    fn add<const IS_LONG: bool>(&mut self, net: &mut [f64], gross: &mut [f64], equity: &[f64]) {
        for ((net, gross), equity) in net.iter_mut().zip(gross.iter_mut()).zip(equity) {
            *net /= equity;
            *gross = if IS_LONG { *net } else { *gross / equity };
        }
        for (net, gross) in net.iter().zip(gross) {
            self.net += net;
            self.gross += *gross;
        }
    }
}

/// A row of a curve to go back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bookmark {
    /// How many rows there were.
    pub(super) n_rows: usize,
    /// Their sums.
    exposed: Exposed,
}

/// Rows whose sums are kept in registers.
const WIDE: usize = 8;

/// Rows whose sums are kept near: more than [`WIDE`] are valued column by column, as memory gives them best.
const LONG: usize = 64;

/// Values of positions, row by row: signed, and without their signs.
type Sums<const N: usize> = ([f64; N], [f64; N]);

/// `N` rows of a column from place `at` on, and the base units held.
#[inline(always)]
fn rows<const N: usize>((prices, quantity): Column<'_>, at: usize) -> (&[f64; N], f64) {
    (prices[at..].first_chunk().expect("a column has all rows that are valued"), quantity)
}

/// The values of `N` rows from place `at` on, each summed in the order of the columns; where all is long signs are none.
#[inline(always)]
fn sums<const N: usize, const IS_LONG: bool>(columns: &[Column<'_>], at: usize) -> Sums<N> {
    let (mut net, mut gross) = ([0.0; N], [0.0; N]);
    for &column in columns {
        let (prices, quantity) = rows::<N>(column, at);
        for ((net, gross), price) in net.iter_mut().zip(&mut gross).zip(prices) {
            let value = quantity * price;
            *net += value;
            *gross += if IS_LONG { 0.0 } else { value.abs() };
        }
    }
    (net, if IS_LONG { net } else { gross })
}

/// The values of `N` rows from place `at` on, four columns at a time.
#[inline(always)]
fn long_sums<const N: usize, const IS_LONG: bool>(columns: &[Column<'_>], at: usize) -> Sums<N> {
    let (mut net, mut gross) = ([0.0; N], [0.0; N]);
    let (fours, rest) = columns.as_chunks::<4>();
    for four in fours {
        let [(a, of_a), (b, of_b), (c, of_c), (d, of_d)] = four.map(|column| rows::<N>(column, at));
        for row in 0..N {
            let (a, b, c, d) = (of_a * a[row], of_b * b[row], of_c * c[row], of_d * d[row]);
            net[row] = net[row] + a + b + c + d;
            if !IS_LONG {
                gross[row] = gross[row] + a.abs() + b.abs() + c.abs() + d.abs();
            }
        }
    }
    for &column in rest {
        let (prices, quantity) = rows::<N>(column, at);
        for row in 0..N {
            let value = quantity * prices[row];
            net[row] += value;
            gross[row] += if IS_LONG { 0.0 } else { value.abs() };
        }
    }
    (net, if IS_LONG { net } else { gross })
}

/// Rows that a curve goes on over.
struct Growth<'a, 'b> {
    /// The curve.
    curve: &'a mut Curve,
    /// Cash at all rows.
    cash: f64,
    /// What is held.
    columns: &'a [Column<'b>],
    /// The rows of these columns.
    rows: Range<usize>,
}

impl Work for Growth<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        if self.columns.iter().all(|(_, quantity)| *quantity > 0.0) {
            self.take::<true>();
        } else {
            self.take::<false>();
        }
    }
}

impl Growth<'_, '_> {
    /// Takes the rows in.
    #[inline(always)]
    fn take<const IS_LONG: bool>(self) {
        let Self { curve, cash, columns, mut rows } = self;
        curve.take_all::<LONG, IS_LONG>(cash, columns, &mut rows);
        curve.take_all::<32, IS_LONG>(cash, columns, &mut rows);
        curve.take_all::<16, IS_LONG>(cash, columns, &mut rows);
        curve.take_all::<WIDE, IS_LONG>(cash, columns, &mut rows);
        curve.take_all::<4, IS_LONG>(cash, columns, &mut rows);
        curve.take_all::<2, IS_LONG>(cash, columns, &mut rows);
        curve.take_all::<1, IS_LONG>(cash, columns, &mut rows);
    }
}

impl Curve {
    /// Nothing yet of so many rows; `equity` is room for them.
    pub(super) fn new(n_rows: usize, mut equity: Vec<f64>) -> Self {
        equity.resize(n_rows, 0.0);
        Self { equity, n_rows: 0, exposed: Exposed::default(), is_sound: true }
    }

    /// What [`Curve::back_to`] needs to come back here.
    pub(super) fn bookmark(&self) -> Bookmark {
        Bookmark { n_rows: self.n_rows, exposed: self.exposed }
    }

    /// Forgets the rows since.
    pub(super) fn back_to(&mut self, Bookmark { n_rows, exposed }: Bookmark) {
        (self.n_rows, self.exposed) = (n_rows, exposed);
    }

    /// Goes on over rows in which all columns have prices.
    pub(super) fn grow(&mut self, cash: f64, columns: &[Column<'_>], n_rows: usize) {
        self.is_sound = true;
        widest(Growth { curve: self, cash, columns, rows: 0..n_rows });
    }

    /// Takes rows in, `N` at once, while there are as many.
    #[inline(always)]
    fn take_all<const N: usize, const IS_LONG: bool>(
        &mut self,
        cash: f64,
        columns: &[Column<'_>],
        rows: &mut Range<usize>,
    ) {
        while rows.len() >= N {
            let at = rows.start;
            let sums = if N > WIDE { long_sums::<N, IS_LONG>(columns, at) } else { sums::<N, IS_LONG>(columns, at) };
            self.take::<N, IS_LONG>(cash, sums);
            rows.start += N;
        }
    }

    /// Takes the values of some rows in.
    #[inline(always)]
    fn take<const N: usize, const IS_LONG: bool>(&mut self, cash: f64, (mut net, mut gross): Sums<N>) {
        let room = self.equity[self.n_rows..].first_chunk_mut();
        let equity: &mut [f64; N] = room.expect("there is room for all rows");
        *equity = net.map(|net| cash + net);
        self.n_rows += N;
        self.exposed.n_held += gross.iter().map(|gross| u64::from(*gross != 0.0)).sum::<u64>();
        // Cash beside what is long is less than all there is.
        if !(IS_LONG && cash > 0.0) {
            let n_sound = equity.iter().map(|equity| u64::from(*equity > 0.0)).sum::<u64>();
            self.is_sound &= n_sound == N as u64;
        }
        let exposed = &mut self.exposed;
        // A few rows after the other: some are divided while those before are added.
        for at in (0..N).step_by(WIDE) {
            let rows = at..N.min(at + WIDE);
            exposed.add::<IS_LONG>(&mut net[rows.clone()], &mut gross[rows.clone()], &equity[rows]);
        }
    }

    /// Equity by row.
    pub(super) fn equity(&self) -> &[f64] {
        &self.equity[..self.n_rows]
    }

    /// Gives up everything for its room.
    pub(super) fn into_room(self) -> Vec<f64> {
        self.equity
    }

    /// What was held on average.
    pub(super) fn exposure(&self) -> Exposure {
        let n = self.n_rows;
        let mean = |sum: f64| Some(sum / n as f64).filter(|mean| n > 0 && mean.is_finite());
        let Exposed { gross, net, n_held } = self.exposed;
        Exposure { gross: mean(gross), net: mean(net), in_market: mean(n_held as f64) }
    }
}
