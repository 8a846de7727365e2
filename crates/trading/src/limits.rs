//! Limits between a strategy's weights and its orders. Each is off unless given.

use crate::error::TradingError;
use crate::sizing::DUST;

/// A rule between a strategy and its venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// Largest weight of one symbol.
    MaxPosition,
    /// Largest value of one order.
    MaxOrder,
    /// Largest sum of absolute weights.
    MaxGross,
    /// Largest absolute sum of weights.
    MaxNet,
    /// Most symbols held.
    MaxPositions,
    /// Cash that stays.
    CashBuffer,
    /// Loss from the entry at which a position is closed.
    StopLoss,
    /// Profit from the entry at which a position is closed.
    TakeProfit,
    /// Loss from a position's best price at which it is closed.
    TrailingStop,
    /// Loss from the highest equity at which trading stops for good.
    MaxDrawdown,
    /// Loss since the start of the day at which trading stops for the day.
    DailyLoss,
    /// Wait after a position was closed by a stop.
    Cooldown,
    /// Most value traded in a day.
    Turnover,
    /// Symbols that may not be opened.
    NoTrade,
    /// Not in the universe of the present period.
    Universe,
    /// Nothing is left of the account.
    EquityGone,
    /// What is bought has to be paid, costs included.
    FitsInCash,
}

impl Rule {
    /// The name in logs and files.
    pub fn text(self) -> &'static str {
        match self {
            Self::MaxPosition => "max_position",
            Self::MaxOrder => "max_order",
            Self::MaxGross => "max_gross",
            Self::MaxNet => "max_net",
            Self::MaxPositions => "max_positions",
            Self::CashBuffer => "cash_buffer",
            Self::StopLoss => "stop_loss",
            Self::TakeProfit => "take_profit",
            Self::TrailingStop => "trailing_stop",
            Self::MaxDrawdown => "max_drawdown",
            Self::DailyLoss => "daily_loss",
            Self::Cooldown => "cooldown",
            Self::Turnover => "turnover",
            Self::NoTrade => "no_trade",
            Self::Universe => "universe",
            Self::EquityGone => "equity gone",
            Self::FitsInCash => "fits in cash",
        }
    }
}

/// The limits of a run; `None` is off.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// Largest absolute weight of one symbol, a fraction of equity.
    pub max_position: Option<f64>,
    /// Largest sum of absolute weights.
    pub max_gross: Option<f64>,
    /// Fraction of equity that stays cash: weights sum to at most 1 minus this.
    pub cash_buffer: Option<f64>,
    /// Largest loss from the highest equity so far, a fraction. When it is exceeded everything is closed for good.
    pub max_drawdown: Option<f64>,
}

/// Exposure of positions that a decision leaves as they are, as fractions of equity.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Kept {
    /// Sum of absolute weights.
    pub gross: f64,
    /// Sum of signed weights.
    pub net: f64,
}

impl Limits {
    /// Checks that each limit given is in its range.
    ///
    /// # Errors
    /// [`TradingError::BadNumber`] naming the limit.
    pub fn check(&self) -> Result<(), TradingError> {
        let refused = |limit: Option<f64>, holds: fn(f64) -> bool| limit.filter(|&value| !holds(value));
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let above_0 = "a fraction of equity above 0";
        for (what, bad, expected) in [
            ("max_position", refused(self.max_position, positive), above_0),
            ("max_gross", refused(self.max_gross, positive), above_0),
            (
                "cash_buffer",
                refused(self.cash_buffer, |value| (0.0..1.0).contains(&value)),
                "a fraction of equity from 0 to below 1",
            ),
            (
                "max_drawdown",
                refused(self.max_drawdown, |value| value > 0.0 && value < 1.0),
                "a fraction between 0 and 1",
            ),
        ] {
            if let Some(value) = bad {
                return Err(TradingError::BadNumber { what, value, expected });
            }
        }
        Ok(())
    }

    /// Brings `weights` (fractions of equity) within the limits: first each position is cut to `max_position`, then
    /// all are scaled to `max_gross`, then to what `cash_buffer` leaves. What is kept takes its share first.
    pub fn apply(&self, weights: &mut [f64], kept: Kept) {
        self.apply_noting(weights, kept, |_, _, _| {});
    }

    /// [`Limits::apply`], telling each change: the rule, the position of the weight, and the weight before and after.
    pub fn apply_noting(&self, weights: &mut [f64], kept: Kept, mut note: impl FnMut(Rule, usize, (f64, f64))) {
        if let Some(cap) = self.max_position {
            change(weights, |weight| weight.clamp(-cap, cap), |at, change| note(Rule::MaxPosition, at, change));
        }
        if let Some(cap) = self.max_gross {
            let gross: f64 = weights.iter().map(|weight| weight.abs()).sum();
            let factor = factor_to(gross, (cap - kept.gross).max(0.0));
            change(weights, |weight| weight * factor, |at, change| note(Rule::MaxGross, at, change));
        }
        if let Some(buffer) = self.cash_buffer {
            let factor = buffer_factor(buffer, weights.iter().sum(), kept);
            change(weights, |weight| weight * factor, |at, change| note(Rule::CashBuffer, at, change));
        }
    }
}

/// Changes each weight by `rule`, telling `note` of those that did change.
fn change(weights: &mut [f64], rule: impl Fn(f64) -> f64, mut note: impl FnMut(usize, (f64, f64))) {
    for (at, weight) in weights.iter_mut().enumerate() {
        let before = std::mem::replace(weight, rule(*weight));
        if *weight != before {
            note(at, (before, *weight));
        }
    }
}

/// The factor by which weights with this signed sum are multiplied so that a share of equity, `buffer`, stays in cash beside
/// what is kept.
pub fn buffer_factor(buffer: f64, net: f64, kept: Kept) -> f64 {
    factor_to(net, (1.0 - buffer - kept.net).max(0.0))
}

/// The factor by which weights are multiplied so that `measure` (their sum in some sense) becomes `cap`, when it is above
/// by more than rounding: seven weights of 1/7 are not to lose their last digit. A cap that is dust is none: it is what
/// rounding left beside positions that take all there is, and would be bought.
fn factor_to(measure: f64, cap: f64) -> f64 {
    let room = if cap < DUST { 0.0 } else { cap };
    if measure > cap + 1e-12 { room / measure } else { 1.0 }
}

/// Watches equity against `max_drawdown`, and for having anything left at all; once it has tripped it stays so.
///
/// Without the second rule a short book could fall below zero and trade its way back on money nobody lends.
#[derive(Debug, Clone, Copy)]
pub struct DrawdownGuard {
    /// Largest loss allowed; `None` is off.
    limit: Option<f64>,
    /// Highest equity seen.
    peak: f64,
    /// Whether trading has stopped.
    halted: bool,
}

impl DrawdownGuard {
    /// A guard that starts at `capital`.
    pub fn new(limit: Option<f64>, capital: f64) -> Self {
        Self { limit, peak: capital, halted: false }
    }

    /// Whether the guard can still trip.
    pub fn is_armed(&self) -> bool {
        !self.halted
    }

    /// Whether trading has stopped.
    pub fn is_halted(&self) -> bool {
        self.halted
    }

    /// Whether `equity` is zero or less, or further below the highest equity so far than the limit allows.
    pub fn is_exceeded_by(&self, equity: f64) -> bool {
        let beyond = |limit| equity < self.peak * (1.0 - limit);
        self.is_armed() && (equity <= 0.0 || self.limit.is_some_and(beyond))
    }

    /// Takes note of a bar's final equity.
    pub fn observe(&mut self, equity: f64) {
        self.peak = self.peak.max(equity);
    }

    /// Stops trading for good.
    pub fn halt(&mut self) {
        self.halted = true;
    }
}

#[cfg(test)]
mod tests {
    //! Limits worked out by hand.

    use super::*;

    #[test]
    fn limits_apply_in_order() {
        let limits = Limits { max_position: Some(0.4), max_gross: Some(1.0), ..Limits::default() };
        let mut weights = [0.6, -0.4, 0.2, -0.6];
        limits.apply(&mut weights, Kept::default());
        // Cut to 0.4, -0.4, 0.2, -0.4: gross 1.4, scaled by 1 / 1.4.
        let expected = [0.4 / 1.4, -0.4 / 1.4, 0.2 / 1.4, -0.4 / 1.4];
        for (weight, expected) in weights.iter().zip(expected) {
            assert!((weight - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn kept_positions_take_their_share_first() {
        let limits = Limits { max_gross: Some(1.0), cash_buffer: Some(0.1), ..Limits::default() };
        let mut weights = [0.4, 0.4];
        limits.apply(&mut weights, Kept { gross: 0.5, net: 0.5 });
        assert!((weights[0] - 0.2).abs() < 1e-15 && (weights[1] - 0.2).abs() < 1e-15, "{weights:?}");
        limits.apply(&mut weights, Kept { gross: 2.0, net: 2.0 });
        assert_eq!(weights, [0.0, 0.0]);
    }

    #[test]
    fn rounding_left_beside_what_is_kept_is_no_room() {
        // Regression: positions that could not be traded were all there is but for the last digit, of which something was bought.
        let limits = Limits { max_gross: Some(1.0), cash_buffer: Some(0.0), ..Limits::default() };
        for left in [f64::EPSILON, 1e-12, 0.9e-9] {
            for kept in [Kept { gross: 0.5, net: 1.0 - left }, Kept { gross: 1.0 - left, net: 0.5 }] {
                let mut weights = [0.3, 0.7];
                limits.apply(&mut weights, kept);
                assert_eq!(weights, [0.0, 0.0], "{kept:?}");
            }
        }
        let factor = buffer_factor(0.0, 0.5, Kept { net: 1.0 - 1e-8, ..Kept::default() });
        assert!((factor - 2e-8).abs() < 1e-15, "little is not nothing: {factor}");
        assert_eq!(buffer_factor(0.0, 0.0, Kept { net: 1.0, ..Kept::default() }), 1.0);
    }

    #[test]
    fn no_limit_changes_nothing() {
        let mut weights = [3.0, -4.0];
        Limits::default().apply(&mut weights, Kept::default());
        assert_eq!(weights, [3.0, -4.0]);
    }

    #[test]
    fn the_guard_latches() {
        let mut guard = DrawdownGuard::new(Some(0.3), 100.0);
        guard.observe(200.0);
        assert!(!guard.is_exceeded_by(140.0) && guard.is_exceeded_by(139.9));
        guard.halt();
        assert!(guard.is_halted() && !guard.is_armed() && !guard.is_exceeded_by(1.0));
        assert!(!DrawdownGuard::new(None, 100.0).is_exceeded_by(1.0));
        assert!(DrawdownGuard::new(None, 100.0).is_exceeded_by(0.0), "no limit lends money to a lost account");
    }

    #[test]
    fn impossible_limits_are_refused() {
        assert!(Limits { max_drawdown: Some(1.0), ..Limits::default() }.check().is_err());
        assert!(Limits { cash_buffer: Some(-0.1), ..Limits::default() }.check().is_err());
        assert!(Limits { max_gross: Some(f64::NAN), ..Limits::default() }.check().is_err());
        let fine =
            Limits { max_position: Some(0.1), max_gross: Some(2.0), cash_buffer: Some(0.0), max_drawdown: Some(0.3) };
        assert!(fine.check().is_ok());
    }
}
