//! The primitive operations of a graph. Everything else (rolling deviation, correlation) is built from them in
//! [`crate::windows`].
//!
//! One rule for missing data holds everywhere: an operand that is not finite is missing, and a missing operand makes
//! the result missing. Additions and products keep a non-finite operand non-finite by themselves; an operation that
//! could turn infinity into a number (`1 / x`, a comparison) guards against it. Results are therefore cleaned once,
//! where they leave the machine.
//!
//! Before the first row of the series everything is missing, results included, so shifting all operands by some rows
//! shifts the result: that is what lets [`crate::Graph`] move a lag which all operands share to the result. The two
//! operations that see missing values ([`Unary::HasValue`], [`Binary::Coalesce`]) obey it too.

use crate::custom::OnWindow;
use crate::dispersion::Dispersion;
use crate::ordered::{Quantile, Rank};
use crate::recurrence::Recurrence;

/// A number that is part of an operation: equal and hashed by its bits.
#[derive(Debug, Clone, Copy)]
pub struct Scalar(pub f64);

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Scalar {}

impl std::hash::Hash for Scalar {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// Functions of one value of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unary {
    /// `-x`.
    Negate,
    /// `|x|`.
    Absolute,
    /// Square root; of a negative number missing.
    SquareRoot,
    /// Natural logarithm; of zero or less missing.
    Logarithm,
    /// `e^x`.
    Exponential,
    /// -1, 0 or 1.
    Sign,
    /// 1 for zero, else 0.
    Not,
    /// The largest whole number that is not larger.
    Floor,
    /// 1 for a value, 0 where it is missing. Rows before the first of the series stay missing.
    HasValue,
}

/// Functions of two values of the row. Comparisons and logic give 1 or 0; any number but 0 counts as true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `a + b`.
    Add,
    /// `a - b`.
    Subtract,
    /// `a * b`.
    Multiply,
    /// `a / b`; by zero missing.
    Divide,
    /// `a` to the power `b`.
    Power,
    /// The larger.
    Maximum,
    /// The smaller.
    Minimum,
    /// `a < b`.
    Less,
    /// `a <= b`.
    LessEqual,
    /// `a == b`.
    Equal,
    /// `a != b`.
    NotEqual,
    /// Both true.
    And,
    /// At least one true.
    Or,
    /// The first, or the second where the first is missing. Rows before the first of the series stay missing.
    Coalesce,
}

/// What a node computes from its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The input column of this number.
    Input(u32),
    /// The same number in every row.
    Constant(Scalar),
    /// A function of one operand.
    Unary(Unary),
    /// A function of two operands.
    Binary(Binary),
    /// `(condition, a, b)`: `a` where the condition is true, `b` where it is zero, missing where it is missing.
    Select,
    /// `(a, b)`: `a + c b`.
    AddScaled(Scalar),
    /// `(a, b, s)`: `a + b + c s`.
    AddTwoScaled(Scalar),
    /// `(offset of the newer part, offset of the older part, x, x at the end of the older part)`: mean of the older
    /// part minus mean of the newer part, where an offset is a part's mean minus its last value.
    MeanGap,
    /// `(a, b, s, t)`: `a + b + c s t`.
    AddProduct(Scalar),
    /// `(m)`: `sqrt(c m)`.
    RootScaled(Scalar),
    /// `(c, m, n)`: `c / sqrt(m n)` within [-1, 1].
    Correlation,
    /// `(newer maximum, older maximum, newer age, older age)`: rows since the maximum, the older one on ties; `c` rows
    /// lie between the two parts' ends.
    AgeOfMaximum(Scalar),
    /// As [`Self::AgeOfMaximum`] for the minimum.
    AgeOfMinimum(Scalar),
    /// As [`Self::AgeOfMaximum`], the newer one on ties.
    AgeOfLatestMaximum(Scalar),
    /// As [`Self::AgeOfMinimum`], the newer one on ties.
    AgeOfLatestMinimum(Scalar),
    /// The percentile rank of the newest value in its window.
    Rank(Rank),
    /// A quantile of the window.
    Quantile(Quantile),
    /// A measure of spread or shape of the window.
    Dispersion(Dispersion),
    /// A window function from outside.
    Window(OnWindow),
    /// An operation that carries numbers from row to row.
    Recurrence(Recurrence),
}

impl Operation {
    /// Rows before the current one that the operation itself reads of its operands, operand lags not counted.
    pub(crate) fn reach(self) -> u32 {
        match self {
            Self::Rank(rank) => rank.window - 1,
            Self::Quantile(quantile) => quantile.window - 1,
            Self::Dispersion(dispersion) => dispersion.window - 1,
            Self::Window(on) => on.window - 1,
            _ => 0,
        }
    }

    /// Whether the result can be computed once when all operands are constants.
    pub(crate) fn is_pure_of_row(self) -> bool {
        !matches!(
            self,
            Self::Input(_)
                | Self::Rank(_)
                | Self::Quantile(_)
                | Self::Dispersion(_)
                | Self::Window(_)
                | Self::Recurrence(_)
        )
    }
}
