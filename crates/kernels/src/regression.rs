//! Least-squares lines over a window: of a series on the row number, and of one series on another.
//!
//! With `n` rows numbered by time the row number has the mean `(n-1)/2` rows before the newest and the sum of squares
//! `n (n^2 - 1) / 12`. Its products with a series are merged from the parts of the window as variances are in
//! [`crate::windows`]: the two parts' mean row numbers always differ by half the window. Lines are kept relative to the
//! newest value, so that a large level costs no accuracy.

use crate::graph::{Graph, Term};
use crate::operation::{Binary, Operation, Scalar, Unary};
use crate::windows::{Part, split};

/// What is taken from a fitted line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// Rise per unit of the other side.
    Slope,
    /// Share of the variance that the line explains, 0 to 1; missing where a side does not vary.
    Rsquare,
    /// Newest value minus the line there.
    Residual,
    /// The line at the newest row.
    Line,
    /// The line where the other side is 0.
    Intercept,
}

impl Graph {
    /// Sum over the window of the products of the deviations of `x` and of the row number.
    fn trend(&mut self, x: Term, window: u32) -> Term {
        if window == 1 {
            return self.constant(0.0);
        }
        self.remember(Part::Trend, [x, x], window, |graph| {
            let (newer, older) = split(window);
            let newer_trend = graph.trend(x, newer);
            let older_trend = graph.trend(x, older);
            let older_trend = graph.delay(older_trend, newer);
            let gap = graph.gap(x, window);
            let weight = Scalar(-f64::from(newer) * f64::from(older) / 2.0);
            graph.node(Operation::AddTwoScaled(weight), &[newer_trend, older_trend, gap])
        })
    }

    /// The line of the last `window` values, at least 2, on the row number, whose unit is one row; the intercept is
    /// taken at the oldest row.
    pub fn rolling_trend(&mut self, x: Term, window: u32, fit: Fit) -> Term {
        let n = f64::from(window);
        let rows = self.constant(n * (n * n - 1.0) / 12.0);
        let trend = self.trend(x, window);
        if fit == Fit::Rsquare {
            let squares = self.comoment(x, x, window);
            let correlation = self.node(Operation::Correlation, &[trend, squares, rows]);
            return self.binary(Binary::Multiply, correlation, correlation);
        }
        let slope = self.binary(Binary::Divide, trend, rows);
        if fit == Fit::Slope {
            return slope;
        }
        // Line at the newest row, relative to the newest value: mean minus value, plus half the window's rise.
        let offset = self.offset(x, window);
        let above = self.node(Operation::AddScaled(Scalar((n - 1.0) / 2.0)), &[offset, slope]);
        match fit {
            Fit::Residual => self.unary(Unary::Negate, above),
            Fit::Line => self.binary(Binary::Add, x, above),
            _ => {
                let below = self.node(Operation::AddScaled(Scalar(-(n - 1.0) / 2.0)), &[offset, slope]);
                self.binary(Binary::Add, x, below)
            }
        }
    }

    /// The line of the last `window` values of `y` on those of `x`, at least 2; missing where `x` does not vary.
    pub fn rolling_fit(&mut self, y: Term, x: Term, window: u32, fit: Fit) -> Term {
        if fit == Fit::Rsquare {
            let correlation = self.rolling_corr(y, x, window);
            return self.binary(Binary::Multiply, correlation, correlation);
        }
        let products = self.comoment(x, y, window);
        let squares = self.comoment(x, x, window);
        let slope = self.binary(Binary::Divide, products, squares);
        if fit == Fit::Slope {
            return slope;
        }
        let (offset_x, offset_y) = (self.offset(x, window), self.offset(y, window));
        let explained = self.binary(Binary::Multiply, slope, offset_x);
        let residual = self.binary(Binary::Subtract, explained, offset_y);
        match fit {
            Fit::Residual => residual,
            Fit::Line => self.binary(Binary::Subtract, y, residual),
            _ => {
                let line = self.binary(Binary::Subtract, y, residual);
                let rise = self.binary(Binary::Multiply, slope, x);
                self.binary(Binary::Subtract, line, rise)
            }
        }
    }
}
