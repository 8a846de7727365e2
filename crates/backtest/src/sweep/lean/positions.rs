//! Cash and positions of a set, with as much of the trading ledger as metrics ask for, in its arithmetic and order.
//!
//! [`crosscut_trading::ledger`] is the rule; what it keeps beyond this (exit prices, times of fills) no metric of a set reads,
//! and a sweep fills tens of millions of orders.

use crosscut_trading::ledger::Extremes;

use super::lines::{Block, Lines, WIDE};
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
    /// The row in which the trade was opened.
    opened_row: f64,
}

impl Account {
    /// Takes note of what the trade's profit before commission would be if `quantity` were closed at `price`.
    #[inline]
    fn note(&mut self, price: f64, quantity: f64) {
        self.extremes.note(price, quantity, self.opened[1], self.closed[0]);
    }

    /// Takes a fill in that ends no trade. An account without a position is empty.
    #[inline]
    fn go_on(&mut self, Block { commissions, parts, .. }: &Block, at: usize, row: f64) {
        let closed_value = self.closed[0];
        self.opened_row = if self.quantity == 0.0 { row } else { self.opened_row };
        self.opened = [self.opened[0] + parts.opened[at], self.opened[1] + parts.opened_value[at]];
        self.closed = [closed_value + parts.closed_value[at], self.closed[1] + commissions[at]];
        self.quantity = parts.after[at];
        self.extremes.note(parts.noted_price[at], parts.noted[at], self.opened[1], closed_value);
    }
}

/// Fills that end a trade, as places among the lines.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// They sell.
    sold: Vec<u32>,
    /// They buy.
    bought: Vec<u32>,
}

impl Ends {
    /// Finds them.
    fn find(&mut self, lines: &Lines) {
        let n_lines = lines.blocks.len() * WIDE;
        let (mut n_sold, mut n_bought) = (0, 0);
        self.sold.resize(n_lines, 0);
        self.bought.resize(n_lines, 0);
        for (nth, Block { held, parts, .. }) in lines.blocks.iter().enumerate() {
            for (at, (&held, &after)) in held.iter().zip(&parts.after).enumerate() {
                let place = (nth * WIDE + at) as u32;
                // Written whether it counts or not: which it is cannot be foreseen.
                self.sold[n_sold] = place;
                n_sold += usize::from((held > 0.0) & (after <= 0.0));
                self.bought[n_bought] = place;
                n_bought += usize::from((held < 0.0) & (after >= 0.0));
            }
        }
        self.sold.truncate(n_sold);
        self.bought.truncate(n_bought);
    }
}

/// Positions and closed trades.
#[derive(Debug)]
pub(super) struct Positions {
    /// One account per symbol.
    accounts: Vec<Account>,
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
        // One more than there are symbols, for lines of nobody.
        let (accounts, held_bits) = (vec![Account::default(); n_symbols + 1], vec![0; n_symbols / 64 + 1]);
        Self { accounts, held: Vec::new(), held_bits, closed }
    }

    /// Symbols with a position, ascending, and base units held, negative when short.
    pub(super) fn held(&self) -> &[(u32, f64)] {
        &self.held
    }

    /// One bit for each symbol with a position.
    pub(super) fn held_bits(&self) -> &[u64] {
        &self.held_bits
    }

    /// The row in which the present position of a symbol was opened; meaningless while flat.
    pub(super) fn opened_row(&self, symbol_idx: u32) -> usize {
        self.accounts[symbol_idx as usize].opened_row as usize
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
            self.note_range(self.held[at].0, ranges);
        }
    }

    /// As [`Positions::note_ranges`], of a symbol; gives the base units held, and does nothing where there are none.
    #[inline]
    pub(super) fn note_range(&mut self, symbol_idx: u32, ranges: &Ranges) -> f64 {
        let account = &mut self.accounts[symbol_idx as usize];
        let (low, high) = ranges.of(symbol_idx);
        account.note(low, account.quantity);
        account.note(high, account.quantity);
        account.quantity
    }

    /// Books the fills of lines in a row, those that sell before those that buy. `ends` is room.
    pub(super) fn book(&mut self, places: &Places<'_>, row: usize, lines: &mut Lines, ends: &mut Ends) {
        ends.find(lines);
        for &place in ends.sold.iter().chain(&ends.bought) {
            self.end(places, row, &mut lines.blocks[place as usize / WIDE], place as usize % WIDE);
        }
        self.held.resize(lines.blocks.len() * WIDE, (0, 0.0));
        self.held_bits.fill(0);
        let (accounts, held, held_bits) =
            (self.accounts.as_mut_slice(), self.held.as_mut_slice(), self.held_bits.as_mut_slice());
        let mut n_held = 0;
        for block in &lines.blocks {
            for at in 0..WIDE {
                let (symbol_idx, after) = (block.symbols[at], block.parts.after[at]);
                accounts[symbol_idx as usize].go_on(block, at, row as f64);
                // Written whether it counts or not, so that nothing has to be guessed.
                held[n_held] = (symbol_idx, after);
                n_held += usize::from(after != 0.0);
                held_bits[symbol_idx as usize / 64] |= u64::from(after != 0.0) << (symbol_idx % 64);
            }
        }
        self.held.truncate(n_held);
    }

    /// Books a fill that ends a trade; what is left of the line begins one of the other side, or does nothing.
    fn end(&mut self, places: &Places<'_>, row: usize, block: &mut Block, at: usize) {
        let (held, after, price, commission) =
            (block.held[at], block.parts.after[at], block.prices[at], block.commissions[at]);
        let share = if after == 0.0 { 1.0 } else { held.abs() / block.changes[at].abs() };
        self.close(places, block.symbols[at], (held.abs(), price, commission * share), row);
        block.commissions[at] = commission * (1.0 - share);
        block.parts.opened[at] = after.abs();
        block.parts.opened_value[at] = after.abs() * price;
        block.parts.closed_value[at] = 0.0;
        block.parts.noted[at] = after;
        block.parts.noted_price[at] = if after == 0.0 { f64::NAN } else { price };
    }

    /// Ends a trade by so many base units at a price and a commission.
    fn close(
        &mut self,
        places: &Places<'_>,
        symbol_idx: u32,
        (quantity, price, commission): (f64, f64, f64),
        row: usize,
    ) {
        let mut account = std::mem::take(&mut self.accounts[symbol_idx as usize]);
        let is_long = account.quantity > 0.0;
        account.note(price, account.quantity);
        let ([opened, opened_value], [closed_value, paid]) = (account.opened, account.closed);
        let gained = closed_value + quantity * price - opened_value;
        let gross = if is_long { gained } else { -gained };
        let opened = opened * (opened_value / opened);
        let (adverse, favourable) = account.extremes.excursions(gross);
        self.closed.adverse.push(adverse / opened);
        self.closed.favourable.push(favourable / opened);
        self.closed.profits.push(gross - (paid + commission));
        self.closed.bars.push(places.bars_between(symbol_idx, account.opened_row, row));
        self.closed.longs.push(is_long);
    }
}
