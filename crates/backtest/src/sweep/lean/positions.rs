//! Cash and positions of a set, with as much of the trading ledger as metrics ask for, in its arithmetic and order.
//!
//! [`crosscut_trading::ledger`] is the rule; what it keeps beyond this (exit prices, times of fills) no metric of a set reads,
//! and a sweep fills tens of millions of orders.

use std::array::from_fn;
use std::ops::Range;

use crosscut_trading::ledger::{Extremes, lower, profit_at};

use super::lines::{Block, Lines, WIDE, Wide};
use super::ranges::Ranges;
use super::sight::Places;
use crate::results::metrics::TradeColumns;

/// The position in one symbol and the trade it belongs to: a line of the processor's cache.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Account {
    /// Base units and value opened so far, at the prices paid or received.
    opened: [f64; 2],
    /// Value closed, and commission, so far.
    closed: [f64; 2],
    /// What it would have made when it stood worst and best.
    extremes: Extremes,
    /// Signed base units.
    quantity: f64,
    /// How many bars there had been when the trade was opened.
    opened_at: u32,
}

impl Account {
    /// Takes note of what the trade's profit before commission would be if all that is held were closed at the lowest and at the
    /// highest price.
    #[inline(always)]
    fn note_range(&mut self, range: &[f64; 2]) {
        for &price in range {
            self.extremes.note(price, self.quantity, self.opened[1], self.closed[0]);
        }
    }

    /// Takes a fill in that ends no trade. An account without a position is empty.
    #[inline]
    fn go_on(&mut self, Block { parts, n_bars, .. }: &Block, at: usize) {
        let closed_value = self.closed[0];
        self.opened_at = if self.quantity == 0.0 { n_bars[at] } else { self.opened_at };
        self.opened = [self.opened[0] + parts.opened[at], self.opened[1] + parts.opened_value[at]];
        self.closed = [closed_value + parts.closed_value[at], self.closed[1] + parts.commission[at]];
        self.quantity = parts.after[at];
        self.extremes.note(parts.noted_price[at], parts.noted[at], self.opened[1], closed_value);
    }
}

/// Fills that end a trade.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// Their places among the lines, ascending.
    found: Vec<u32>,
    /// Those that sell, then those that buy.
    ordered: Vec<u32>,
    /// Room for those that buy, before they follow those that sell.
    bought: Vec<u32>,
}

impl Ends {
    /// Finds them. Places are written whether they count or not: which it is cannot be foreseen.
    fn find(&mut self, lines: &Lines) {
        let Self { found, ordered, bought } = self;
        found.resize(lines.blocks.len() * WIDE, 0);
        let mut n_found = 0;
        for (nth, block) in lines.blocks.iter().enumerate() {
            for (at, share) in block.parts.end_share.iter().enumerate() {
                found[n_found] = (nth * WIDE + at) as u32;
                n_found += usize::from(*share > 0.0);
            }
        }
        found.truncate(n_found);
        ordered.resize(n_found, 0);
        bought.resize(n_found, 0);
        let (mut n_sold, mut n_bought) = (0, 0);
        for &place in found.iter() {
            let is_sold = lines.blocks[place as usize / WIDE].changes[place as usize % WIDE] < 0.0;
            ordered[n_sold] = place;
            n_sold += usize::from(is_sold);
            bought[n_bought] = place;
            n_bought += usize::from(!is_sold);
        }
        ordered.truncate(n_sold);
        ordered.extend_from_slice(&bought[..n_bought]);
    }
}

/// A position by itself.
pub(super) struct Single {
    /// Its symbol, and base units.
    pub(super) held: (u32, f64),
    /// Its account.
    account: Account,
}

/// Positions and closed trades.
#[derive(Debug)]
pub(super) struct Positions {
    /// For each symbol with a position its account, and an empty one after them.
    accounts: Vec<Account>,
    /// Room for those after the next fills.
    next: Vec<Account>,
    /// Symbols with a position, ascending, and base units.
    held: Vec<(u32, f64)>,
    /// One bit for each of them.
    held_bits: Vec<u64>,
    /// Trades that are over.
    closed: TradeColumns,
}

impl Positions {
    /// Nothing yet; `closed` is room for trades that are over.
    pub(super) fn new(n_symbols: usize, mut closed: TradeColumns) -> Self {
        closed.clear();
        let (accounts, held_bits) = (vec![Account::default()], vec![0; n_symbols / 64 + 1]);
        Self { accounts, next: Vec::new(), held: Vec::new(), held_bits, closed }
    }

    /// Symbols with a position, ascending, and base units held, negative when short.
    pub(super) fn held(&self) -> &[(u32, f64)] {
        &self.held
    }

    /// One bit for each symbol with a position.
    pub(super) fn held_bits(&self) -> &[u64] {
        &self.held_bits
    }

    /// Of each of them how many bars there had been when the position was opened.
    pub(super) fn opened_at(&self) -> impl Iterator<Item = u32> {
        self.accounts[..self.held.len()].iter().map(|account| account.opened_at)
    }

    /// Takes positions apart: each as if it were the only one.
    pub(super) fn take_apart(&mut self) -> Vec<Single> {
        let held = std::mem::take(&mut self.held);
        held.into_iter().zip(&self.accounts).map(|(held, account)| Single { held, account: *account }).collect()
    }

    /// Holds nothing but this.
    pub(super) fn hold(&mut self, Single { held, account }: Single) {
        self.held = vec![held];
        self.accounts = vec![account, Account::default()];
    }

    /// Trades that are over.
    pub(super) fn closed(&self) -> &TradeColumns {
        &self.closed
    }

    /// Gives up everything but the trades that are over.
    pub(super) fn into_closed(self) -> TradeColumns {
        self.closed
    }

    /// Takes note of the lowest and highest price at which symbols stood while they were held.
    pub(super) fn note_ranges(&mut self, ranges: &Ranges) {
        for at in 0..self.held.len() {
            self.note_range(at as u32, ranges.of(self.held[at].0));
        }
    }

    /// As [`Positions::note_ranges`], of rows.
    pub(super) fn note_rows(&mut self, places: &Places<'_>, rows: &Range<usize>) {
        for ((symbol_idx, _), account) in self.held.iter().zip(&mut self.accounts) {
            if let Some((low, high)) = places.range_of(*symbol_idx, rows) {
                account.note_range(&[low, high]);
            }
        }
    }

    /// As [`Positions::note_ranges`], of the position in a place; gives the base units held, and does nothing where there are
    /// none: after all positions.
    #[inline(always)]
    pub(super) fn note_range(&mut self, place: u32, range: &[f64; 2]) -> f64 {
        let account = &mut self.accounts[place as usize];
        account.note_range(range);
        account.quantity
    }

    /// Books the fills of lines, those that sell before those that buy. `ends` is room.
    pub(super) fn book(&mut self, lines: &Lines, ends: &mut Ends) {
        ends.find(lines);
        self.close_all(lines, ends);
        let n_lines = lines.blocks.len() * WIDE;
        self.held.resize(n_lines, (0, 0.0));
        self.next.resize(self.next.len().max(n_lines + 1), Account::default());
        let (accounts, next, held) = (&self.accounts[..], &mut self.next[..], &mut self.held[..]);
        let mut n_held = 0;
        for block in &lines.blocks {
            for at in 0..WIDE {
                let (symbol_idx, after) = (block.symbols[at], block.parts.after[at]);
                let mut account = accounts[block.accounts[at] as usize];
                account.go_on(block, at);
                // Written whether it counts or not, so that nothing has to be guessed.
                (next[n_held], held[n_held]) = (account, (symbol_idx, after));
                n_held += usize::from(after != 0.0);
            }
        }
        next[n_held] = Account::default();
        std::mem::swap(&mut self.accounts, &mut self.next);
        self.held.truncate(n_held);
        self.held_bits.fill(0);
        self.held
            .iter()
            .for_each(|(symbol_idx, _)| self.held_bits[*symbol_idx as usize / 64] |= 1 << (symbol_idx % 64));
    }

    /// Ends the trades of lines, several at once.
    fn close_all(&mut self, lines: &Lines, ends: &Ends) {
        let Self { accounts, closed, .. } = self;
        let n_closed = closed.profits.len() + ends.ordered.len();
        for ended in ends.ordered.chunks(WIDE) {
            // The last stands for those that are not there; what they give is cut off again.
            let at = from_fn(|at| ended[at.min(ended.len() - 1)] as usize);
            let fills = at.map(|place: usize| (&lines.blocks[place / WIDE], place % WIDE));
            let places = fills.map(|(block, line)| block.accounts[line] as usize);
            Ending::new(fills, places.map(|place| &accounts[place])).tell(closed);
            places.into_iter().for_each(|place| accounts[place] = Account::default());
        }
        closed.truncate(n_closed);
    }
}

/// Trades that end, side by side.
#[derive(Debug, Clone, Copy)]
struct Ending {
    /// Base units opened.
    opened: Wide,
    /// Value opened.
    opened_value: Wide,
    /// Value closed before.
    closed_value: Wide,
    /// Commission before.
    paid: Wide,
    /// Lowest profits before, see [`Extremes`].
    lowest: Wide,
    /// Lowest losses before.
    lowest_loss: Wide,
    /// Base units held, negative when short.
    held: Wide,
    /// Prices of the last fills.
    prices: Wide,
    /// Commissions of the last fills.
    commissions: Wide,
    /// Bars from the first fill to the last.
    n_bars: Wide,
}

impl Ending {
    /// Trades that end with fills, lines of blocks, and their accounts.
    #[inline(always)]
    fn new(fills: [(&Block, usize); WIDE], accounts: [&Account; WIDE]) -> Self {
        Self {
            opened: accounts.map(|account| account.opened[0]),
            opened_value: accounts.map(|account| account.opened[1]),
            closed_value: accounts.map(|account| account.closed[0]),
            paid: accounts.map(|account| account.closed[1]),
            lowest: accounts.map(|account| account.extremes.lowest()[0]),
            lowest_loss: accounts.map(|account| account.extremes.lowest()[1]),
            held: accounts.map(|account| account.quantity),
            prices: fills.map(|(block, line)| block.prices[line]),
            commissions: fills.map(|(block, line)| block.commissions[line] * block.parts.end_share[line]),
            n_bars: from_fn(|at| {
                let (block, line) = fills[at];
                f64::from(block.n_bars[line] - accounts[at].opened_at)
            }),
        }
    }

    /// Adds what the trades came to.
    #[inline(always)]
    fn tell(self, closed: &mut TradeColumns) {
        let Self { opened, opened_value, closed_value, held, prices, .. } = self;
        let gained: Wide = from_fn(|at| closed_value[at] + held[at].abs() * prices[at] - opened_value[at]);
        let gross: Wide = from_fn(|at| if held[at] > 0.0 { gained[at] } else { -gained[at] });
        let profits: Wide = from_fn(|at| gross[at] - (self.paid[at] + self.commissions[at]));
        // At their mean price.
        let value: Wide = from_fn(|at| opened[at] * (opened_value[at] / opened[at]));
        let last: Wide = from_fn(|at| profit_at(prices[at], held[at], opened_value[at], closed_value[at]));
        let (lowest, lowest_loss) = (self.lowest, self.lowest_loss);
        let adverse: Wide = from_fn(|at| lower(gross[at], lower(last[at], lowest[at])) / value[at]);
        let favourable: Wide = from_fn(|at| lower(-gross[at], lower(-last[at], lowest_loss[at])));
        // Less than 0, so that a zero is not negative.
        let favourable: Wide = from_fn(|at| (0.0 - favourable[at]) / value[at]);
        closed.profits.extend_from_slice(&profits);
        closed.bars.extend_from_slice(&self.n_bars);
        closed.longs.extend_from_slice(&held.map(|held| held > 0.0));
        closed.adverse.extend_from_slice(&adverse);
        closed.favourable.extend_from_slice(&favourable);
    }
}
