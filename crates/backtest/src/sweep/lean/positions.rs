//! Cash and positions of a set, with as much of the trading ledger as metrics ask for, in its arithmetic and order.
//!
//! [`crosscut_trading::ledger`] is the rule; what it keeps beyond this (exit prices, times of fills) no metric of a set reads,
//! and a sweep fills tens of millions of orders.

use crosscut_model::Side;
use crosscut_trading::ledger::Extremes;

use crate::results::metrics::TradeColumns;

/// The position in one symbol and the trade it belongs to.
#[derive(Debug, Clone, Copy, Default)]
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
    /// The symbol's bar number at which the trade was opened.
    opened_bar: u64,
    /// What it would have made when it stood worst and best.
    extremes: Extremes,
}

impl Account {
    /// Takes note of what the trade's profit before commission would be if all that is held were closed at `price`.
    #[inline]
    fn note(&mut self, price: f64) {
        self.extremes.note(price, self.quantity, self.opened_value, self.closed_value);
    }
}

/// A fill as the positions see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Base units, positive.
    pub(super) quantity: f64,
    /// Price paid or received, quote units.
    pub(super) price: f64,
    /// Commission, quote units.
    pub(super) commission: f64,
}

/// Cash, positions, closed trades.
#[derive(Debug)]
pub(super) struct Positions {
    /// Quote units.
    pub(super) cash: f64,
    /// One account per symbol.
    accounts: Vec<Account>,
    /// Symbols with a position, ascending, and base units.
    held: Vec<(u32, f64)>,
    /// Trades that are over.
    closed: TradeColumns,
}

impl Positions {
    /// Nothing but cash.
    pub(super) fn new(capital: f64, n_symbols: usize) -> Self {
        Self {
            cash: capital,
            accounts: vec![Account::default(); n_symbols],
            held: Vec::new(),
            closed: TradeColumns::default(),
        }
    }

    /// Symbols with a position, ascending, and base units held, negative when short; as of the last [`Positions::settle`].
    pub(super) fn held(&self) -> &[(u32, f64)] {
        &self.held
    }

    /// Base units held of a symbol; negative when short.
    pub(super) fn quantity(&self, symbol_idx: u32) -> f64 {
        self.accounts[symbol_idx as usize].quantity
    }

    /// The symbol's bar number at which its present position was opened; meaningless while flat.
    pub(super) fn opened_bar(&self, symbol_idx: u32) -> u64 {
        self.accounts[symbol_idx as usize].opened_bar
    }

    /// Trades that are over.
    pub(super) fn closed(&self) -> &TradeColumns {
        &self.closed
    }

    /// Takes note of the lowest and highest price at which symbols stood while they were held.
    pub(super) fn note_ranges(&mut self, mut range: impl FnMut(u32) -> Option<(f64, f64)>) {
        for &(symbol_idx, _) in &self.held {
            if let Some((low, high)) = range(symbol_idx) {
                let account = &mut self.accounts[symbol_idx as usize];
                account.note(low);
                account.note(high);
            }
        }
    }

    /// Books a fill; [`Positions::settle`] has to follow before anybody asks who is held. `bar_number` gives the number of the
    /// symbol's bar, where a trade begins or ends.
    #[inline]
    pub(super) fn book(&mut self, symbol_idx: u32, side: Side, fill: Part, bar_number: impl Fn() -> u64 + Copy) {
        let signed = side.sign() * fill.quantity;
        self.cash -= signed * fill.price + fill.commission;
        let before = self.accounts[symbol_idx as usize].quantity;
        let after = before + signed;
        if before == 0.0 || before.signum() == signed.signum() {
            self.increase(symbol_idx, side, fill, bar_number);
        } else if after == 0.0 || after.signum() == before.signum() {
            self.reduce(symbol_idx, fill, bar_number);
        } else {
            let share = before.abs() / fill.quantity;
            let part = |quantity: f64, share: f64| Part { quantity, commission: fill.commission * share, ..fill };
            self.reduce(symbol_idx, part(before.abs(), share), bar_number);
            self.increase(symbol_idx, side, part(after.abs(), 1.0 - share), bar_number);
        }
    }

    /// Takes note of who is held after fills; `named` holds everybody who was held before or filled, ascending.
    pub(super) fn settle(&mut self, named: &[u32]) {
        let accounts = &self.accounts;
        let quantities = named.iter().map(|&symbol_idx| (symbol_idx, accounts[symbol_idx as usize].quantity));
        self.held.clear();
        self.held.extend(quantities.filter(|(_, quantity)| *quantity != 0.0));
    }

    /// Opens a position or adds to it.
    #[inline]
    fn increase(&mut self, symbol_idx: u32, side: Side, fill: Part, bar_number: impl Fn() -> u64) {
        let account = &mut self.accounts[symbol_idx as usize];
        if account.quantity == 0.0 {
            *account = Account { opened_bar: bar_number(), ..Account::default() };
        }
        account.quantity += side.sign() * fill.quantity;
        account.opened += fill.quantity;
        account.opened_value += fill.quantity * fill.price;
        account.commission += fill.commission;
        account.note(fill.price);
    }

    /// Takes from a position without turning it around; at zero the trade is over.
    #[inline]
    fn reduce(&mut self, symbol_idx: u32, fill: Part, bar_number: impl Fn() -> u64) {
        let account = &mut self.accounts[symbol_idx as usize];
        let sign = account.quantity.signum();
        account.note(fill.price);
        account.quantity -= sign * fill.quantity;
        account.closed_value += fill.quantity * fill.price;
        account.commission += fill.commission;
        if account.quantity != 0.0 {
            return;
        }
        let gross = sign * (account.closed_value - account.opened_value);
        let opened = account.opened * (account.opened_value / account.opened);
        let (adverse, favourable) = account.extremes.excursions(gross);
        self.closed.adverse.push(adverse / opened);
        self.closed.favourable.push(favourable / opened);
        self.closed.profits.push(gross - account.commission);
        self.closed.bars.push((bar_number() - account.opened_bar) as f64);
        self.closed.longs.push(sign > 0.0);
    }
}
