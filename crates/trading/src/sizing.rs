//! From weights to quantities: equity times weight over the last close, scaled so that costs fit in cash.

use crate::cost::Costs;

/// One symbol that a decision gives a weight to (0 closes it).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Position in the sorted symbol list.
    pub symbol_idx: u32,
    /// Fraction of equity, after limits; negative is short.
    pub weight: f64,
    /// The symbol's last close, quote units.
    pub price: f64,
    /// Base units held now.
    pub held: f64,
    /// Difference between the best offers, quote units; NaN where the data do not say.
    pub spread: f64,
}

impl Line {
    /// Base units aimed at when every weight is multiplied by `scale`.
    pub fn target(&self, equity: f64, scale: f64) -> f64 {
        if self.weight == 0.0 { 0.0 } else { self.weight * scale * equity / self.price }
    }

    /// Base units to trade for a target, negative to sell; 0 where that is rounding. What closes a position never is.
    pub fn change(&self, target: f64, equity: f64) -> f64 {
        let change = target - self.held;
        if target != 0.0 && is_rounding(change, self.held, (self.price, equity)) { 0.0 } else { change }
    }
}

/// A change this small beside the position, or worth this little beside the equity, is rounding, not a wish: fully invested
/// portfolios would otherwise trade millionths of a cent at every rebalance.
const ROUNDING: f64 = 1e-10;

/// Whether a change of what is `held`, base units, at a price and of an account with this equity is too small to be meant.
/// The cash that is left over is known to a trillionth of equity, and is so large beside a position that is small.
#[inline(always)]
pub fn is_rounding(change: f64, held: f64, (price, equity): (f64, f64)) -> bool {
    // Without a branch, and true of what is no number.
    let beyond_held = change.abs() > ROUNDING * held.abs();
    let beyond_equity = change.abs() * price > ROUNDING * equity;
    !(beyond_held & beyond_equity)
}

/// What the targets have to fit into.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Account {
    /// Cash plus positions before costs, quote units.
    pub equity: f64,
    /// Cash, quote units.
    pub cash: f64,
    /// Cash that must be left, quote units.
    pub reserve: f64,
}

/// The factor in [0, 1] by which all weights must shrink for the orders to leave at least the reserve in cash, costs
/// included, at the last closes. 1 when they fit as they are, 0 when nothing fits but a billionth, which is rounding.
///
/// Cash left is a falling function of the factor, straight between the points where a symbol turns from being sold
/// to being bought, so that a few secant steps (Illinois variant of regula falsi) find where it ends.
pub fn affordable_scale(lines: &[Line], account: Account, costs: &Costs) -> f64 {
    fitting_scale(account, |scale| cash_after(lines, account, scale, costs))
}

/// A factor, a share of equity or of an order below this is rounding left over in the cash, not something to buy: it would
/// become a position worth less than a cent and later a closed trade of its own.
pub(crate) const DUST: f64 = 1e-9;

/// As [`affordable_scale`], of orders that are known by the cash there is after them at a factor, quote units.
pub fn fitting_scale(account: Account, cash_after: impl FnMut(f64) -> f64) -> f64 {
    let scale = largest_scale(account, cash_after);
    if scale < DUST { 0.0 } else { scale }
}

/// The largest factor that fits, rounding included.
fn largest_scale(account: Account, mut cash_after: impl FnMut(f64) -> f64) -> f64 {
    // Aiming a hair above the reserve keeps rounding from falling below it, and gives the search a target it can hit.
    let margin = 1e-12 * account.equity.abs();
    let mut left = |scale: f64| cash_after(scale) - account.reserve - margin;
    let (mut high, mut left_high) = (1.0, left(1.0));
    if left_high >= -margin {
        return 1.0;
    }
    // Mostly it is a little too much, and no symbol turns between here and there: then the first step arrives.
    let near = 1.0 + 2.0 * left_high / account.equity;
    let left_near = if near > 0.0 { left(near) } else { f64::NAN };
    let (mut low, mut left_low) = if left_near > 0.0 { (near, left_near) } else { (0.0, left(0.0)) };
    if left_low <= 0.0 {
        return 0.0;
    }
    let mut side_before = 0.0;
    for _ in 0..100 {
        let middle = low + (high - low) * (left_low / (left_low - left_high));
        let left_middle = left(middle);
        if left_middle.abs() <= margin {
            return middle;
        }
        if left_middle > 0.0 {
            (low, left_low) = (middle, left_middle);
            if side_before > 0.0 {
                left_high *= 0.5;
            }
            side_before = 1.0;
        } else {
            (high, left_high) = (middle, left_middle);
            if side_before < 0.0 {
                left_low *= 0.5;
            }
            side_before = -1.0;
        }
    }
    low
}

/// Cash after trading every line to its target, quote units: sells first, as orders are executed, so that rounding is
/// the same here and there.
fn cash_after(lines: &[Line], account: Account, scale: f64, costs: &Costs) -> f64 {
    let mut cash = account.cash;
    for buys in [false, true] {
        for line in lines {
            let change = line.target(account.equity, scale) - line.held;
            if change != 0.0 && (change > 0.0) == buys {
                cash += costs.cash_flow(change, line.price, line.spread);
            }
        }
    }
    cash
}

/// From here on neighbouring whole numbers have no fractions between them.
pub(crate) const LOTS_MAX: f64 = 4_503_599_627_370_496.0;

/// Cuts `change` (signed base units) to whole lots, toward zero; unchanged without a lot size.
pub fn whole_lots(change: f64, lot_size: Option<f64>) -> f64 {
    match lot_size.filter(|lot| *lot > 0.0) {
        // More lots than a number can count are no step at all.
        Some(lot) if change.abs() / lot >= LOTS_MAX => change,
        // The small addition keeps 0.3 / 0.1 = 2.9999999999999996 at three lots.
        Some(lot) => ((change.abs() / lot + 1e-9).floor() * lot).copysign(change),
        None => change,
    }
}

#[cfg(test)]
mod tests {
    //! Sizes worked out by hand.

    use super::*;

    fn line(weight: f64, price: f64, held: f64) -> Line {
        Line { symbol_idx: 0, weight, price, held, spread: f64::NAN }
    }

    #[test]
    fn fees_fit_in_cash() {
        let costs = Costs::from_bps(100.0, 0.0).unwrap();
        let account = Account { equity: 1000.0, cash: 1000.0, reserve: 0.0 };
        let lines = [line(0.5, 10.0, 0.0), line(0.5, 20.0, 0.0)];
        // Everything is bought, so that 1000 * scale * 1.01 = 1000.
        let scale = affordable_scale(&lines, account, &costs);
        assert!((scale - 1.0 / 1.01).abs() < 1e-12);
        assert!(cash_after(&lines, account, scale, &costs) >= 0.0);
        let reserve = Account { reserve: 100.0, ..account };
        assert!((affordable_scale(&lines, reserve, &costs) - 0.9 / 1.01).abs() < 1e-12);
    }

    #[test]
    fn rounding_at_the_edge_does_not_empty_the_portfolio() {
        let costs = Costs::from_bps(5.0, 3.0).unwrap();
        for step in 1..400 {
            let account =
                Account { equity: 1e6 + f64::from(step) * 37.31, cash: 1e6 + f64::from(step) * 37.31, reserve: 0.0 };
            let lines: Vec<Line> = (1..=5).map(|i| line(0.2, 0.37 * f64::from(i * step), 0.0)).collect();
            let scale = affordable_scale(&lines, account, &costs);
            let left = cash_after(&lines, account, scale, &costs);
            assert!(scale > 0.999 && (0.0..1e-5).contains(&left), "{step}: {scale} {left}");
        }
    }

    #[test]
    fn selling_pays_for_buying() {
        let costs = Costs::from_bps(100.0, 0.0).unwrap();
        let account = Account { equity: 1000.0, cash: 0.0, reserve: 0.0 };
        // 100 units at 10 are sold for 990; 990 / 1.01 buys 980.198 of the other.
        let lines = [line(0.0, 10.0, 100.0), line(1.0, 20.0, 0.0)];
        assert!((affordable_scale(&lines, account, &costs) - 0.99 / 1.01).abs() < 1e-12);
        // Keeping 500 of the first and buying 495 of the other needs a scale between.
        let lines = [line(0.5, 10.0, 100.0), line(0.5, 20.0, 0.0)];
        let scale = affordable_scale(&lines, account, &costs);
        let left = cash_after(&lines, account, scale, &costs);
        assert!((0.0..1e-8).contains(&left), "{scale} {left}");
    }

    #[test]
    fn what_fits_is_left_alone() {
        let costs = Costs::from_bps(0.0, 0.0).unwrap();
        let account = Account { equity: 1000.0, cash: 1000.0, reserve: 0.0 };
        assert_eq!(affordable_scale(&[line(1.0, 10.0, 0.0)], account, &costs), 1.0);
        let broke = Account { cash: -10.0, ..account };
        assert_eq!(affordable_scale(&[line(0.5, 10.0, 0.0)], broke, &costs), 0.0);
    }

    #[test]
    fn rounding_left_in_cash_buys_nothing() {
        // Regression: positions that could not be traded held all else, and a trillionth of what was wanted became a trade.
        let costs = Costs::from_bps(5.0, 3.0).unwrap();
        let account = Account { equity: 1000.0, cash: 3e-9, reserve: 0.0 };
        assert_eq!(affordable_scale(&[line(0.5, 10.0, 0.0)], account, &costs), 0.0);
        let account = Account { cash: 0.5, ..account };
        assert!((affordable_scale(&[line(0.5, 10.0, 0.0)], account, &costs) - 0.001 / 1.0003 / 1.0005).abs() < 1e-11);
    }

    #[test]
    fn a_hair_too_much_is_a_hair_too_much() {
        // Regression: a shortfall too small for the secant to step off the upper end gave 0, which sold everything.
        let costs = Costs::from_bps(0.0, 0.0).unwrap();
        for excess in [1e-16, 1e-13, 1e-9] {
            let account = Account { equity: 1000.0, cash: 1000.0, reserve: 0.0 };
            let lines = [line(0.5, 10.0, 0.0), line(0.5 + excess, 20.0, 0.0)];
            let scale = affordable_scale(&lines, account, &costs);
            assert!((1.0 - 1e-8..=1.0).contains(&scale), "{scale}");
            assert!(cash_after(&lines, account, scale, &costs) >= 0.0);
        }
    }

    #[test]
    fn changes_too_small_to_be_meant_are_not_made() {
        let equity = 1000.0;
        // A trillionth of equity is cut off by costs: much beside this position, and yet rounding.
        let small = line(1e-3, 10.0, 0.1);
        assert_eq!(small.change(0.1 - 1e-10, equity), 0.0);
        assert_eq!(small.change(0.1 + 1e-10, equity), 0.0);
        assert_eq!(small.change(0.1 - 2e-8, equity), 0.1 - 2e-8 - 0.1);
        // Borrowed: little beside the position, though not beside the equity.
        let large = line(9.0, 10.0, 900.0);
        assert_eq!(large.change(900.0 + 5e-8, equity), 0.0);
        assert!(large.change(900.0 + 2e-7, equity) > 0.0);
        // Nothing is too small to be closed, on either side.
        assert_eq!(line(0.0, 10.0, 1e-15).change(0.0, equity), -1e-15);
        assert_eq!(line(0.0, 10.0, -1e-15).change(0.0, equity), 1e-15);
        assert!(is_rounding(f64::NAN, 1.0, (10.0, equity)), "what is kept has no target");
    }

    #[test]
    fn lots_are_cut_toward_zero() {
        assert_eq!(whole_lots(0.3, Some(0.1)), 3.0 * 0.1);
        assert_eq!(whole_lots(-7.9, Some(2.0)), -6.0);
        assert_eq!(whole_lots(0.9, Some(1.0)), 0.0);
        assert_eq!(whole_lots(0.123, None), 0.123);
        // A lot as small as numbers go must not make an order without end.
        assert_eq!((whole_lots(7.3, Some(1e-310)), whole_lots(-7.3, Some(1e-17))), (7.3, -7.3));
    }
}
