//! Cash and positions of a set, with as much of the trading ledger as metrics ask for, in its arithmetic and order.
//!
//! [`crosscut_trading::ledger`] is the rule; what it keeps beyond this (exit prices, times of fills) no metric of a set reads,
//! and a sweep fills tens of millions of orders.

use crosscut_model::Side;
use crosscut_trading::ledger::Extremes;

use super::ranges::Ranges;
use super::sight::Places;
use crate::results::metrics::TradeColumns;

/// The position in one symbol and the trade it belongs to: a line of the processor's cache.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Account {
    /// Signed base units.
    quantity: f64,
    /// Base units opened so far.
    opened: f64,
    /// Value opened so far, at the prices paid or received.
    opened_value: f64,
    /// Value closed so far.
    closed_value: f64,
    /// Commission so far.
    commission: f64,
    /// The row in which the trade was opened.
    opened_row: usize,
    /// What it would have made when it stood worst and best.
    extremes: Extremes,
}

impl Account {
    /// Takes note of what the trade's profit before commission would be if all that is held were closed at `price`.
    #[inline]
    fn note(&mut self, price: f64) {
        self.extremes.note(price, self.quantity, self.opened_value, self.closed_value);
    }

    /// Begins a trade.
    #[inline]
    fn begin(&mut self, side: Side, fill: Part, row: usize) {
        *self = Self { opened_row: row, ..Self::default() };
        self.grow(side, fill);
    }

    /// Adds to a trade.
    #[inline]
    fn grow(&mut self, side: Side, fill: Part) {
        self.quantity += side.sign() * fill.quantity;
        self.opened += fill.quantity;
        self.opened_value += fill.quantity * fill.price;
        self.commission += fill.commission;
        self.note(fill.price);
    }

    /// Takes from a trade without ending it.
    #[inline]
    fn shrink(&mut self, side: Side, fill: Part) {
        self.note(fill.price);
        self.quantity += side.sign() * fill.quantity;
        self.closed_value += fill.quantity * fill.price;
        self.commission += fill.commission;
    }
}

/// A fill as the positions see it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Part {
    /// The symbol.
    pub(super) symbol_idx: u32,
    /// Base units, positive.
    pub(super) quantity: f64,
    /// Price paid or received, quote units.
    pub(super) price: f64,
    /// Commission, quote units.
    pub(super) commission: f64,
}

/// Fills by what they do, as places in their list. Which of these one is cannot be foreseen, so that they are sorted without
/// a branch and then booked kind by kind.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    /// They begin a trade.
    begin: Vec<u32>,
    /// They add to one.
    grow: Vec<u32>,
    /// They take from one.
    shrink: Vec<u32>,
    /// They end one, and may begin one of the other side.
    end: Vec<u32>,
}

impl Kinds {
    /// Sorts fills of one side.
    fn sort(&mut self, accounts: &[Account], side: Side, fills: &[Part]) {
        let (mut n_begin, mut n_grow, mut n_shrink, mut n_end) = (0, 0, 0, 0);
        for kind in [&mut self.begin, &mut self.grow, &mut self.shrink, &mut self.end] {
            kind.resize(fills.len(), 0);
        }
        for (place, fill) in fills.iter().enumerate() {
            // As a seller sees it when this side sells.
            let before = accounts[fill.symbol_idx as usize].quantity * side.sign();
            let after = before + fill.quantity;
            let place = place as u32;
            // Written whether it counts or not.
            self.begin[n_begin] = place;
            n_begin += usize::from(before == 0.0);
            self.grow[n_grow] = place;
            n_grow += usize::from(before > 0.0);
            self.shrink[n_shrink] = place;
            n_shrink += usize::from(after < 0.0);
            self.end[n_end] = place;
            n_end += usize::from((before < 0.0) & (after >= 0.0));
        }
        self.begin.truncate(n_begin);
        self.grow.truncate(n_grow);
        self.shrink.truncate(n_shrink);
        self.end.truncate(n_end);
    }
}

/// Positions and closed trades.
#[derive(Debug)]
pub(super) struct Positions {
    /// One account per symbol.
    accounts: Vec<Account>,
    /// Symbols with a position, ascending, and base units.
    held: Vec<(u32, f64)>,
    /// Trades that are over.
    closed: TradeColumns,
}

impl Positions {
    /// Nothing yet; `closed` is room for trades that are over.
    pub(super) fn new(n_symbols: usize, mut closed: TradeColumns) -> Self {
        closed.clear();
        Self { accounts: vec![Account::default(); n_symbols], held: Vec::new(), closed }
    }

    /// Symbols with a position, ascending, and base units held, negative when short; as of the last [`Positions::settle`].
    pub(super) fn held(&self) -> &[(u32, f64)] {
        &self.held
    }

    /// Base units held of a symbol; negative when short.
    #[inline]
    pub(super) fn quantity(&self, symbol_idx: u32) -> f64 {
        self.accounts[symbol_idx as usize].quantity
    }

    /// The row in which the present position of a symbol was opened; meaningless while flat.
    pub(super) fn opened_row(&self, symbol_idx: u32) -> usize {
        self.accounts[symbol_idx as usize].opened_row
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
    pub(super) fn note_ranges(&mut self, places: &Places<'_>, ranges: &mut Ranges) {
        for &(symbol_idx, _) in &self.held {
            let (low, high) = ranges.of(places, symbol_idx);
            let account = &mut self.accounts[symbol_idx as usize];
            account.note(low);
            account.note(high);
        }
    }

    /// Books fills of one side in a row, symbols ascending; [`Positions::settle`] has to follow before anybody asks who is held.
    /// `kinds` is room.
    pub(super) fn book(&mut self, places: &Places<'_>, (side, row): (Side, usize), fills: &[Part], kinds: &mut Kinds) {
        let accounts = &mut self.accounts;
        kinds.sort(accounts, side, fills);
        for &place in &kinds.begin {
            let fill = fills[place as usize];
            accounts[fill.symbol_idx as usize].begin(side, fill, row);
        }
        for &place in &kinds.grow {
            let fill = fills[place as usize];
            accounts[fill.symbol_idx as usize].grow(side, fill);
        }
        for &place in &kinds.shrink {
            let fill = fills[place as usize];
            accounts[fill.symbol_idx as usize].shrink(side, fill);
        }
        for &place in &kinds.end {
            self.end(places, (side, row), fills[place as usize]);
        }
    }

    /// Books a fill that ends a trade, and may begin one of the other side.
    fn end(&mut self, places: &Places<'_>, (side, row): (Side, usize), fill: Part) {
        let before = self.accounts[fill.symbol_idx as usize].quantity;
        let after = before + side.sign() * fill.quantity;
        if after == 0.0 {
            self.close(places, fill, row);
            return;
        }
        let share = before.abs() / fill.quantity;
        let part = |quantity: f64, share: f64| Part { quantity, commission: fill.commission * share, ..fill };
        self.close(places, part(before.abs(), share), row);
        self.accounts[fill.symbol_idx as usize].begin(side, part(after.abs(), 1.0 - share), row);
    }

    /// Ends a trade.
    fn close(&mut self, places: &Places<'_>, fill: Part, row: usize) {
        let account = &mut self.accounts[fill.symbol_idx as usize];
        let sign = account.quantity.signum();
        account.note(fill.price);
        account.quantity = 0.0;
        let gross = sign * (account.closed_value + fill.quantity * fill.price - account.opened_value);
        let commission = account.commission + fill.commission;
        let opened = account.opened * (account.opened_value / account.opened);
        let (adverse, favourable) = account.extremes.excursions(gross);
        let n_bars = places.bar_number(fill.symbol_idx, row) - places.bar_number(fill.symbol_idx, account.opened_row);
        self.closed.adverse.push(adverse / opened);
        self.closed.favourable.push(favourable / opened);
        self.closed.profits.push(gross - commission);
        self.closed.bars.push(n_bars as f64);
        self.closed.longs.push(sign > 0.0);
    }

    /// Takes note of who is held after fills; `named` holds everybody who was held before or filled, ascending.
    pub(super) fn settle(&mut self, named: &[u32]) {
        self.held.resize(named.len(), (0, 0.0));
        let mut n_held = 0;
        for &symbol_idx in named {
            // Written whether it counts or not, so that nothing has to be guessed.
            let quantity = self.accounts[symbol_idx as usize].quantity;
            self.held[n_held] = (symbol_idx, quantity);
            n_held += usize::from(quantity != 0.0);
        }
        self.held.truncate(n_held);
    }
}
