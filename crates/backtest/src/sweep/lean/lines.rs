//! What a decision brings symbols to and what is traded for it, several symbols side by side.

mod cash;

use std::array::from_fn;

use crosscut_kernels::widest::{Work, widest};
use crosscut_model::Side;
use crosscut_trading::sizing::is_rounding;

use super::sight::Standing;

/// Lines that are worked out at once.
pub(super) const WIDE: usize = 4;

/// A value for each line of a block.
pub(super) type Wide = [f64; WIDE];

/// Lines side by side. What is left over in the last block are lines of nobody, in which nothing is traded.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Block {
    /// Symbols that are held or aimed at, ascending; one past the last symbol for nobody.
    pub(super) symbols: [u32; WIDE],
    /// Places of their accounts.
    pub(super) accounts: [u32; WIDE],
    /// Weights aimed at; NaN for what is kept as it is.
    pub(super) weights: Wide,
    /// Last closes, quote units; once traded, prices paid or received.
    pub(super) prices: Wide,
    /// Prices before slippage, where cash is counted.
    met: Wide,
    /// How many bars there have been.
    pub(super) n_bars: [u32; WIDE],
    /// Base units held.
    pub(super) held: Wide,
    /// How far weights are from those drifted to; 0 for what is kept.
    turned: Wide,
    /// Base units to trade, negative to sell; 0 where nothing is.
    pub(super) changes: Wide,
    /// Commissions, quote units.
    pub(super) commissions: Wide,
    /// What fills that sell cost, 0 for others.
    sells: Costs,
    /// What fills that buy cost, 0 for others.
    buys: Costs,
    /// Fills as positions see them.
    pub(super) parts: Parts,
}

/// What fills cost, quote units.
#[derive(Debug, Clone, Copy, Default)]
struct Costs {
    /// Commissions.
    commissions: Wide,
    /// What slippage costs.
    slippages: Wide,
    /// Cash given, commission included; negative where some is received.
    given: Wide,
}

/// Fills as positions see them: which of them add to a trade and which take from one cannot be foreseen, so that each does
/// both. One that ends a trade adds to that of the other side what it is more than that.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Parts {
    /// Base units added to the trade; 0 where some are taken from it.
    pub(super) opened: Wide,
    /// Value added to the trade; 0 where some is taken from it.
    pub(super) opened_value: Wide,
    /// Value taken from the trade; 0 where some is added.
    pub(super) closed_value: Wide,
    /// Commission of the trade that goes on.
    pub(super) commission: Wide,
    /// Share of the fill that ends a trade; 0 where it ends none.
    pub(super) end_share: Wide,
    /// Base units held after the fill.
    pub(super) after: Wide,
    /// Base units with which the trade's profit at the price of the fill is noted: those after more of it, or before less.
    pub(super) noted: Wide,
    /// The price of the fill; NaN, which is no price, where nothing is noted.
    pub(super) noted_price: Wide,
}

impl Block {
    /// Base units aimed at, as [`Line::target`](crosscut_trading::sizing::Line::target); NaN for what is kept.
    #[inline(always)]
    fn targets(&self, equity: f64, scale: f64) -> Wide {
        let sized: Wide = from_fn(|at| self.weights[at] * scale * equity / self.prices[at]);
        from_fn(|at| if self.weights[at] == 0.0 { 0.0 } else { sized[at] })
    }

    /// Works out changes: as targets less what is held, and 0 where that is rounding.
    #[inline(always)]
    fn work_out(&mut self, equity: f64, scale: f64) {
        let targets = self.targets(equity, scale);
        let Self { weights, prices, held, .. } = *self;
        let away: Wide = from_fn(|at| (weights[at] * scale - held[at] * prices[at] / equity).abs());
        let changes: Wide = from_fn(|at| targets[at] - held[at]);
        // What is kept turns nothing and changes nothing: its weight is NaN.
        self.turned = from_fn(|at| if away[at] >= 0.0 { away[at] } else { 0.0 });
        let is_nothing: [bool; WIDE] = from_fn(|at| is_rounding(changes[at], held[at], (prices[at], equity)));
        let moved: Wide = from_fn(|at| if is_nothing[at] { 0.0 } else { changes[at] });
        self.changes = from_fn(|at| if targets[at] == 0.0 { changes[at] } else { moved[at] });
        self.commissions = [0.0; WIDE];
    }

    /// Works out the fills of all changes at their prices.
    #[inline(always)]
    fn meet(&mut self, Rates { bought, sold, commission }: Rates) {
        let Self { prices: met, changes, .. } = *self;
        let prices: Wide = from_fn(|at| met[at] * if changes[at] < 0.0 { sold } else { bought });
        let commissions: Wide = from_fn(|at| commission * changes[at].abs() * prices[at]);
        let slippages: Wide = from_fn(|at| (prices[at] - met[at]).abs() * changes[at].abs());
        let given: Wide = from_fn(|at| changes[at] * prices[at] + commissions[at]);
        // Apart from each other, so that they can be summed without asking which is which.
        let sold = |values: Wide| -> Wide { from_fn(|at| if changes[at] < 0.0 { values[at] } else { 0.0 }) };
        let bought = |values: Wide| -> Wide { from_fn(|at| if changes[at] < 0.0 { 0.0 } else { values[at] }) };
        self.sells = Costs { commissions: sold(commissions), slippages: sold(slippages), given: sold(given) };
        self.buys = Costs { commissions: bought(commissions), slippages: bought(slippages), given: bought(given) };
        (self.prices, self.commissions) = (prices, commissions);
    }

    /// Works out what fills do to positions.
    #[inline(always)]
    fn part(&mut self) {
        let Self { prices, held, changes, commissions, .. } = *self;
        let sizes: Wide = changes.map(f64::abs);
        // As the side that trades sees it.
        let before: Wide = from_fn(|at| if changes[at] < 0.0 { -held[at] } else { held[at] });
        let left: Wide = from_fn(|at| before[at] + sizes[at]);
        let after: Wide = from_fn(|at| held[at] + changes[at]);
        // What does not end a trade of the other side is all for one trade.
        let rest: Wide = from_fn(|at| if left[at] >= 0.0 { left[at] } else { 0.0 });
        let opened: Wide = from_fn(|at| if before[at] >= 0.0 { sizes[at] } else { rest[at] });
        let taken: Wide = from_fn(|at| if left[at] >= 0.0 { 0.0 } else { sizes[at] });
        let split: Wide = from_fn(|at| held[at].abs() / sizes[at]);
        let ended: Wide = from_fn(|at| if left[at] >= 0.0 { split[at] } else { 0.0 });
        let ended: Wide = from_fn(|at| if left[at] == 0.0 { 1.0 } else { ended[at] });
        let share: Wide = from_fn(|at| if before[at] >= 0.0 { 0.0 } else { ended[at] });
        self.parts.opened_value = from_fn(|at| opened[at] * prices[at]);
        self.parts.closed_value = from_fn(|at| taken[at] * prices[at]);
        self.parts.commission = from_fn(|at| commissions[at] * (1.0 - share[at]));
        self.parts.noted = from_fn(|at| if opened[at] > 0.0 { after[at] } else { held[at] });
        self.parts.noted_price = from_fn(|at| if opened[at] + taken[at] > 0.0 { prices[at] } else { f64::NAN });
        (self.parts.opened, self.parts.after, self.parts.end_share) = (opened, after, share);
    }
}

/// What fills are priced and charged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    /// The share of a price that is paid.
    bought: f64,
    /// The share of a price that is received.
    sold: f64,
    /// Commission, a fraction.
    commission: f64,
}

impl Rates {
    /// From fractions.
    pub(super) fn new(commission: f64, slippage: f64) -> Self {
        Self { bought: 1.0 + slippage, sold: 1.0 + slippage * Side::Sell.sign(), commission }
    }
}

/// Sums over fills in their order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Paid {
    /// Cash that is left.
    pub(super) cash: f64,
    /// Commissions.
    pub(super) commission: f64,
    /// What slippage costs.
    pub(super) slippage: f64,
}

impl Paid {
    /// Pays for fills; what is nothing is taken all the same.
    #[inline(always)]
    fn pay(&mut self, costs: &Costs) {
        for at in 0..WIDE {
            self.cash -= costs.given[at];
            self.commission += costs.commissions[at];
            self.slippage += costs.slippages[at];
        }
    }
}

/// What a decision brings symbols to.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The lines, symbols ascending.
    pub(super) blocks: Vec<Block>,
    /// How many lines there are without those of nobody.
    n_lines: usize,
}

impl Lines {
    /// Makes room for so many lines; symbols, weights, prices and what is held are to be written.
    pub(super) fn make_room(&mut self, n_lines: usize) {
        self.n_lines = n_lines;
        self.blocks.resize(n_lines.div_ceil(WIDE), Block::default());
    }

    /// A single line in which the only position is traded away at a price; the others are of nobody.
    pub(super) fn close(&mut self, (symbol_idx, held): (u32, f64), Standing { close, n_bars }: Standing, nobody: u32) {
        let mut block = Block { symbols: [nobody; WIDE], accounts: [1; WIDE], prices: [1.0; WIDE], ..Block::default() };
        (block.symbols[0], block.accounts[0], block.held[0], block.changes[0]) = (symbol_idx, 0, held, -held);
        (block.prices[0], block.n_bars[0]) = (close, n_bars);
        self.make_room(1);
        self.blocks[0] = block;
    }

    /// Where a line lies.
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        (0..self.n_lines).map(|place| (place / WIDE, place % WIDE))
    }

    /// Makes a pass over all lines.
    fn pass<P: Pass>(&mut self, pass: P) -> P {
        widest(Passing { blocks: &mut self.blocks, pass })
    }

    /// Works out changes, `scale` being a factor of all weights; gives the one-sided turnover.
    pub(super) fn work_out(&mut self, equity: f64, scale: f64) -> f64 {
        0.5 * self.pass(Change { equity, scale, turned: 0.0 }).turned
    }

    /// How many changes there are.
    pub(super) fn n_orders(&self) -> usize {
        let of_block = |block: &Block| block.changes.iter().map(|change| usize::from(*change != 0.0)).sum::<usize>();
        self.blocks.iter().map(of_block).sum()
    }

    /// Works out the fills of all changes at their prices and pays for them: for those that sell, then for those that buy.
    pub(super) fn pay(&mut self, rates: Rates, paid: &mut Paid) {
        self.pass(Trade { rates, paid });
    }
}

/// Something that is done to all lines.
trait Pass {
    /// Works on a block.
    fn work(&self, block: &mut Block);

    /// Adds a block to sums, in its order.
    fn add(&mut self, _block: &Block) {}

    /// Adds a block to sums once all have been [added](Pass::add), in its order again.
    fn add_again(&mut self, _block: &Block) {}
}

/// A pass on its way.
struct Passing<'a, P> {
    /// The lines.
    blocks: &'a mut [Block],
    /// What is done to them.
    pass: P,
}

impl<P: Pass> Work for Passing<'_, P> {
    type Output = P;

    /// Adds one block behind, so that a sum, which has to wait for the one before, is added while the next lines are worked out.
    #[inline(always)]
    fn run(mut self) -> P {
        let mut before: Option<&Block> = None;
        for block in self.blocks.iter_mut() {
            self.pass.work(block);
            if let Some(before) = before {
                self.pass.add(before);
            }
            before = Some(block);
        }
        if let Some(last) = before {
            self.pass.add(last);
        }
        for block in self.blocks.iter() {
            self.pass.add_again(block);
        }
        self.pass
    }
}

/// Works out changes.
struct Change {
    /// Equity, quote units.
    equity: f64,
    /// A factor of all weights.
    scale: f64,
    /// How far weights are from those drifted to.
    turned: f64,
}

impl Pass for Change {
    #[inline(always)]
    fn work(&self, block: &mut Block) {
        block.work_out(self.equity, self.scale);
    }

    #[inline(always)]
    fn add(&mut self, block: &Block) {
        for away in block.turned {
            self.turned += away;
        }
    }
}

/// Works out fills and what they do to positions, and pays for them.
struct Trade<'a> {
    /// What they are priced and charged by.
    rates: Rates,
    /// What is paid.
    paid: &'a mut Paid,
}

impl Pass for Trade<'_> {
    #[inline(always)]
    fn work(&self, block: &mut Block) {
        block.meet(self.rates);
        block.part();
    }

    #[inline(always)]
    fn add(&mut self, block: &Block) {
        self.paid.pay(&block.sells);
    }

    #[inline(always)]
    fn add_again(&mut self, block: &Block) {
        self.paid.pay(&block.buys);
    }
}
