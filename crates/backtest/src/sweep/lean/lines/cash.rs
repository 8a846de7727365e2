//! Lines of an account that may owe nothing: weights and orders are cut to what there is cash for.

use std::array::from_fn;

use crosscut_model::Side;
use crosscut_trading::cost::Costs;
use crosscut_trading::limits::{Kept, buffer_factor};
use crosscut_trading::sizing::{Account, fitting_scale};
use crosscut_trading::venue::{Meeting, Purse, Terms, execute};

use super::{Block, Lines, Paid, Pass, Rates, WIDE, Wide};

impl Block {
    /// Weights that are aimed at; 0 for what is kept.
    #[inline(always)]
    fn aimed(&self) -> Wide {
        let weights = self.weights;
        from_fn(|at| if weights[at].is_nan() { 0.0 } else { weights[at] })
    }

    /// Works out the cash that fills would take when all weights were multiplied by a factor, at their last closes.
    #[inline(always)]
    fn foresee(&mut self, equity: f64, scale: f64, Rates { bought, sold, commission }: Rates) {
        let targets = self.targets(equity, scale);
        let changes: Wide = from_fn(|at| targets[at] - self.held[at]);
        let prices: Wide = from_fn(|at| self.prices[at] * if changes[at] < 0.0 { sold } else { bought });
        let commissions: Wide = from_fn(|at| commission * changes[at].abs() * prices[at]);
        let given: Wide = from_fn(|at| changes[at] * prices[at] + commissions[at]);
        // Neither holds for what is kept: its target is NaN.
        self.sells.given = from_fn(|at| if changes[at] < 0.0 { given[at] } else { 0.0 });
        self.buys.given = from_fn(|at| if changes[at] > 0.0 { given[at] } else { 0.0 });
    }

    /// Cuts the fill of a line that buys to what there is cash for.
    #[cold]
    fn cut(&mut self, at: usize, (cash, costs): (f64, &Costs)) {
        let (side, quantity, reference) = (Side::Buy, self.changes[at], self.met[at]);
        let meeting = Meeting { side, quantity, reference, at: 0, lot_size: None, terms: Terms::default() };
        let fill = execute(meeting, Purse::Cash(cash), costs);
        self.changes[at] = fill.map_or(0.0, |fill| fill.quantity);
        self.commissions[at] = fill.map_or(0.0, |fill| fill.commission);
        self.buys.commissions[at] = self.commissions[at];
        self.buys.slippages[at] = fill.map_or(0.0, |fill| fill.slippage);
        self.buys.given[at] = fill.map_or(0.0, |fill| fill.quantity * fill.price + fill.commission);
        self.part();
    }
}

impl Lines {
    /// Cuts weights to what there is cash for; gives the scale that costs ask for beside.
    pub(in crate::sweep::lean) fn fit(&mut self, account: Account, rates: Rates) -> f64 {
        let Weigh { net, n_kept } = self.pass(Weigh { net: 0.0, n_kept: 0 });
        let kept = if n_kept == 0 { 0.0 } else { self.kept(account.equity) };
        // What is kept has used its share of the cash; the rest cannot weigh more than what is left.
        let factor = buffer_factor(0.0, net, Kept { net: kept, ..Kept::default() });
        if factor != 1.0 {
            self.blocks.iter_mut().flat_map(|block| &mut block.weights).for_each(|weight| *weight *= factor);
        }
        let Account { equity, cash, .. } = account;
        fitting_scale(account, |scale| self.pass(Foresee { equity, scale, rates, cash }).cash)
    }

    /// The sum of weights that are kept, fractions of equity, as far as prices have moved them.
    #[cold]
    fn kept(&self, equity: f64) -> f64 {
        let mut kept = 0.0;
        for Block { weights, held, prices, .. } in &self.blocks {
            for at in (0..WIDE).filter(|&at| weights[at].is_nan() && held[at] != 0.0) {
                kept += held[at] * prices[at] / equity;
            }
        }
        kept
    }

    /// As [`Lines::pay`], with what `costs` charge at these rates: a fill that buys is cut to what there is cash for. Gives
    /// whether nothing is sold that is not held.
    pub(in crate::sweep::lean) fn pay_in_cash(&mut self, rates: Rates, costs: &Costs, paid: &mut Paid) -> bool {
        let Sell { is_covered, paid, .. } = self.pass(Sell { rates, paid, is_covered: true });
        for block in &mut self.blocks {
            for at in 0..WIDE {
                // Asked in this order because the first is foreseen: mostly there is cash.
                if block.buys.given[at] > paid.cash && block.changes[at] > 0.0 {
                    block.cut(at, (paid.cash, costs));
                }
                paid.cash -= block.buys.given[at];
                paid.commission += block.buys.commissions[at];
                paid.slippage += block.buys.slippages[at];
            }
        }
        is_covered
    }
}

/// Sums weights.
struct Weigh {
    /// Sum of those that are aimed at.
    net: f64,
    /// How many are kept.
    n_kept: usize,
}

impl Pass for Weigh {
    #[inline(always)]
    fn work(&self, _block: &mut Block) {}

    #[inline(always)]
    fn add(&mut self, block: &Block) {
        for weight in block.aimed() {
            self.net += weight;
        }
        self.n_kept += block.weights.iter().map(|weight| usize::from(weight.is_nan())).sum::<usize>();
    }
}

/// Foresees the cash after trading every line to its target: sells first, as orders are executed.
struct Foresee {
    /// Equity, quote units.
    equity: f64,
    /// A factor of all weights.
    scale: f64,
    /// What fills are priced and charged by.
    rates: Rates,
    /// Cash, quote units.
    cash: f64,
}

impl Pass for Foresee {
    #[inline(always)]
    fn work(&self, block: &mut Block) {
        block.foresee(self.equity, self.scale, self.rates);
    }

    #[inline(always)]
    fn add(&mut self, block: &Block) {
        for given in block.sells.given {
            self.cash -= given;
        }
    }

    #[inline(always)]
    fn add_again(&mut self, block: &Block) {
        for given in block.buys.given {
            self.cash -= given;
        }
    }
}

/// Works out fills and what they do to positions, and pays for those that sell.
struct Sell<'a> {
    /// What they are priced and charged by.
    rates: Rates,
    /// What is paid.
    paid: &'a mut Paid,
    /// Whether all they sell is held.
    is_covered: bool,
}

impl Pass for Sell<'_> {
    #[inline(always)]
    fn work(&self, block: &mut Block) {
        block.met = block.prices;
        block.meet(self.rates);
        block.part();
    }

    #[inline(always)]
    fn add(&mut self, block: &Block) {
        self.paid.pay(&block.sells);
        for at in 0..WIDE {
            self.is_covered &= block.changes[at] >= 0.0 || block.changes[at] >= -block.held[at];
        }
    }
}
