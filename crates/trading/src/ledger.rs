//! The one ledger: fills in, cash, positions and closed trades out. Cash plus positions is equity at any time.

use crosscut_model::{Fill, Position, Side};

/// One symbol from flat to flat. A change of sign closes one trade and opens the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClosedTrade {
    /// Position in the sorted symbol list.
    pub symbol_idx: u32,
    /// `Buy` for a long trade, `Sell` for a short one.
    pub side: Side,
    /// When the first fill was, as the fill says.
    pub opened_at: i64,
    /// When the last fill was, as the fill says.
    pub closed_at: i64,
    /// Base units bought (long) or sold (short) over the trade's life, positive.
    pub quantity: f64,
    /// Quantity-weighted price of the fills that opened or increased, slippage included.
    pub entry_price: f64,
    /// Quantity-weighted price of the fills that reduced or closed, slippage included.
    pub exit_price: f64,
    /// Profit after commission and slippage, quote units.
    pub pnl: f64,
    /// Commission of all its fills, quote units.
    pub commission: f64,
    /// `pnl` over the value of the opening fills (`quantity * entry_price`).
    pub return_: f64,
    /// Bars of the symbol from the first fill's bar to the last fill's bar, not counting the first.
    pub n_bars: u64,
    /// The lowest the trade's profit before commission stood while it was open, quote units, 0 or negative; see
    /// [`Ledger::note_price`] for the prices that count.
    pub mae: f64,
    /// The highest it stood, 0 or positive.
    pub mfe: f64,
}

/// A split of what is held of a symbol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// When, as fills are dated.
    pub at: i64,
    /// Units after it for each one before.
    pub ratio: f64,
    /// Signed base units left after it; what it makes beyond them is paid out in cash.
    pub quantity: f64,
    /// The price after it at which that is paid out, quote units.
    pub price: f64,
}

/// Cash and positions of a run.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// Quote units.
    cash: f64,
    /// One account per symbol.
    accounts: Vec<Account>,
    /// Symbols with a position, ascending.
    held: Vec<u32>,
    /// Trades that are over.
    closed: Vec<ClosedTrade>,
}

/// The position in one symbol and the trade it belongs to.
#[derive(Debug, Clone, Copy, Default)]
struct Account {
    /// What is held.
    position: Position,
    /// The symbol's bar number at which the trade was opened.
    opened_bar: u64,
    /// Base units opened so far.
    opened: f64,
    /// Their value at the prices paid or received.
    opened_value: f64,
    /// Base units closed so far.
    closed: f64,
    /// Their value at the prices paid or received.
    closed_value: f64,
    /// Commission so far.
    commission: f64,
    /// When the last fill was, as the fill says.
    filled_at: i64,
    /// What it would have made when it stood worst and best.
    extremes: Extremes,
}

impl Account {
    /// Takes note of what the trade's profit before commission would be if all that is held were closed at `price`.
    #[inline]
    fn note(&mut self, price: f64) {
        self.extremes.note(price, self.position.quantity, self.opened_value, self.closed_value);
    }
}

/// The lowest and highest profit before commission a trade has stood at so far, quote units.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extremes {
    /// The lowest profit, and the lowest loss: both of the same kind, so that one instruction takes both.
    lowest: [f64; 2],
}

impl Extremes {
    /// Takes note of what the profit would be if all of `quantity` (negative when short) were closed at `price`, after
    /// fills worth `opened_value` and `closed_value`; a price of NaN is none.
    #[inline]
    pub fn note(&mut self, price: f64, quantity: f64, opened_value: f64, closed_value: f64) {
        let profit = profit_at(price, quantity, opened_value, closed_value);
        self.lowest = [lower(profit, self.lowest[0]), lower(-profit, self.lowest[1])];
    }

    /// The lowest profit and the lowest loss.
    #[inline]
    pub fn lowest(&self) -> [f64; 2] {
        self.lowest
    }

    /// The largest adverse (at most 0) and favourable (at least 0) excursion of a trade that made `gross` before commission.
    #[inline]
    pub fn excursions(&self, gross: f64) -> (f64, f64) {
        // A fill opens at a profit of 0 but for rounding, which is where both begin. Less than 0, so that a zero is not negative.
        (lower(gross, self.lowest[0]), 0.0 - lower(-gross, self.lowest[1]))
    }
}

/// The profit of a trade before commission if all of `quantity` (negative when short) were closed at `price`, after fills worth
/// `opened_value` and `closed_value`, quote units; NaN for a price of NaN.
#[inline]
pub fn profit_at(price: f64, quantity: f64, opened_value: f64, closed_value: f64) -> f64 {
    // What was opened and closed so far is cash already, with the sign of the side.
    let realised = if quantity > 0.0 { closed_value - opened_value } else { opened_value - closed_value };
    realised + quantity * price
}

/// The lower of a value that may be NaN, which is none, and one that is a number.
#[inline]
pub fn lower(seen: f64, lowest: f64) -> f64 {
    if seen < lowest { seen } else { lowest }
}

impl Ledger {
    /// A ledger with `capital` in cash and no position in any of `n_symbols` symbols.
    pub fn new(capital: f64, n_symbols: usize) -> Self {
        Self { cash: capital, accounts: vec![Account::default(); n_symbols], held: Vec::new(), closed: Vec::new() }
    }

    /// Cash, quote units.
    pub fn cash(&self) -> f64 {
        self.cash
    }

    /// Symbols with a position, ascending.
    pub fn held(&self) -> &[u32] {
        &self.held
    }

    /// Base units held of a symbol; negative when short.
    pub fn quantity(&self, symbol_idx: u32) -> f64 {
        self.accounts[symbol_idx as usize].position.quantity
    }

    /// The position in a symbol.
    pub fn position(&self, symbol_idx: u32) -> Position {
        self.accounts[symbol_idx as usize].position
    }

    /// The symbol's bar number at which its present position was opened from flat; meaningless while flat.
    pub fn opened_bar(&self, symbol_idx: u32) -> u64 {
        self.accounts[symbol_idx as usize].opened_bar
    }

    /// When the last fill of the present position was; meaningless while flat.
    #[inline]
    pub fn filled_at(&self, symbol_idx: u32) -> i64 {
        self.accounts[symbol_idx as usize].filled_at
    }

    /// Takes note of a price at which a held symbol stood, for the excursions of its trade; NaN is none.
    ///
    /// These count: the prices of the trade's own fills, the close of every bar at which it is open, and high and low of a
    /// bar when nothing of it was filled between that bar's open and close. Of other bars nobody can say which prices came
    /// while the trade was open. Among trades every price counts.
    #[inline]
    pub fn note_price(&mut self, symbol_idx: u32, price: f64) {
        self.accounts[symbol_idx as usize].note(price);
    }

    /// Trades that are over, in order of closing.
    pub fn closed(&self) -> &[ClosedTrade] {
        &self.closed
    }

    /// Gives up the ledger for its closed trades.
    pub fn into_closed(self) -> Vec<ClosedTrade> {
        self.closed
    }

    /// Takes out the trades that are over, in order of closing.
    pub fn take_closed(&mut self) -> Vec<ClosedTrade> {
        std::mem::take(&mut self.closed)
    }

    /// Moves cash without a trade; negative is paid.
    pub fn move_cash(&mut self, amount: f64) {
        self.cash += amount;
    }

    /// Books a fill. `bar_number` counts the symbol's own bars, so that a trade knows its length.
    pub fn book(&mut self, symbol_idx: u32, side: Side, fill: &Fill, bar_number: u64) {
        let signed = side.sign() * fill.quantity;
        self.cash -= signed * fill.price + fill.commission;
        let before = self.accounts[symbol_idx as usize].position.quantity;
        let after = before + signed;
        if before == 0.0 || before.signum() == signed.signum() {
            self.increase(symbol_idx, side, fill, bar_number);
        } else if after == 0.0 || after.signum() == before.signum() {
            self.reduce(symbol_idx, fill, bar_number);
        } else {
            let share = before.abs() / fill.quantity;
            let part = |quantity: f64, share: f64| Fill { quantity, commission: fill.commission * share, ..*fill };
            self.reduce(symbol_idx, &part(before.abs(), share), bar_number);
            self.increase(symbol_idx, side, &part(after.abs(), 1.0 - share), bar_number);
        }
    }

    /// Splits a position: more units, each worth less, nothing gained or lost. What is paid out in cash (received when
    /// long, paid when short) closes a part of the trade; the amount is given back.
    pub fn split(&mut self, symbol_idx: u32, split: &Split, bar_number: u64) -> f64 {
        let account = &mut self.accounts[symbol_idx as usize];
        if account.position.quantity == 0.0 {
            return 0.0;
        }
        account.position.quantity *= split.ratio;
        account.position.entry_price /= split.ratio;
        account.opened *= split.ratio;
        account.closed *= split.ratio;
        let rest = account.position.quantity - split.quantity;
        if rest == 0.0 {
            return 0.0;
        }
        let quantity = rest.abs();
        let fill = Fill { filled_at: split.at, quantity, price: split.price, commission: 0.0, slippage: 0.0 };
        self.cash += rest * split.price;
        self.reduce(symbol_idx, &fill, bar_number);
        if split.quantity != 0.0 {
            self.accounts[symbol_idx as usize].position.quantity = split.quantity;
        }
        rest * split.price
    }

    /// Opens a position or adds to it.
    fn increase(&mut self, symbol_idx: u32, side: Side, fill: &Fill, bar_number: u64) {
        let account = &mut self.accounts[symbol_idx as usize];
        let held = account.position.quantity.abs();
        if held == 0.0 {
            *account = Account {
                position: Position { opened_at: fill.filled_at, ..Position::default() },
                opened_bar: bar_number,
                ..Account::default()
            };
            if let Err(at) = self.held.binary_search(&symbol_idx) {
                self.held.insert(at, symbol_idx);
            }
        }
        let position = &mut account.position;
        position.entry_price = if held == 0.0 {
            fill.price
        } else {
            (held * position.entry_price + fill.quantity * fill.price) / (held + fill.quantity)
        };
        position.quantity += side.sign() * fill.quantity;
        account.opened += fill.quantity;
        account.opened_value += fill.quantity * fill.price;
        account.commission += fill.commission;
        account.filled_at = fill.filled_at;
        account.note(fill.price);
    }

    /// Takes from a position without turning it around; at zero the trade is over.
    fn reduce(&mut self, symbol_idx: u32, fill: &Fill, bar_number: u64) {
        let account = &mut self.accounts[symbol_idx as usize];
        let sign = account.position.quantity.signum();
        account.note(fill.price);
        account.filled_at = fill.filled_at;
        account.position.quantity -= sign * fill.quantity;
        account.closed += fill.quantity;
        account.closed_value += fill.quantity * fill.price;
        account.commission += fill.commission;
        if account.position.quantity != 0.0 {
            return;
        }
        let over = *account;
        *account = Account::default();
        if let Ok(at) = self.held.binary_search(&symbol_idx) {
            self.held.remove(at);
        }
        let gross = sign * (over.closed_value - over.opened_value);
        let pnl = gross - over.commission;
        let (mae, mfe) = over.extremes.excursions(gross);
        self.closed.push(ClosedTrade {
            symbol_idx,
            side: if sign > 0.0 { Side::Buy } else { Side::Sell },
            opened_at: over.position.opened_at,
            closed_at: fill.filled_at,
            quantity: over.opened,
            entry_price: over.opened_value / over.opened,
            exit_price: over.closed_value / over.closed,
            pnl,
            commission: over.commission,
            return_: pnl / over.opened_value,
            n_bars: bar_number - over.opened_bar,
            mae,
            mfe,
        });
    }
}

#[cfg(test)]
mod tests {
    //! A book kept by hand.

    use super::*;

    fn fill(filled_at: i64, quantity: f64, price: f64, commission: f64) -> Fill {
        Fill { filled_at, quantity, price, commission, slippage: 0.0 }
    }

    #[test]
    fn a_long_trade_in_three_fills() {
        let mut ledger = Ledger::new(1000.0, 2);
        ledger.book(1, Side::Buy, &fill(10, 2.0, 100.0, 1.0), 5);
        assert_eq!((ledger.cash(), ledger.quantity(1), ledger.held()), (799.0, 2.0, &[1][..]));
        ledger.book(1, Side::Buy, &fill(11, 2.0, 110.0, 1.0), 6);
        assert_eq!(ledger.position(1), Position { quantity: 4.0, entry_price: 105.0, opened_at: 10 });
        ledger.note_price(1, 101.0);
        ledger.book(1, Side::Sell, &fill(12, 1.0, 120.0, 0.5), 7);
        assert!(ledger.closed().is_empty());
        ledger.note_price(1, f64::NAN);
        ledger.note_price(1, 121.0);
        ledger.book(1, Side::Sell, &fill(15, 3.0, 104.0, 1.5), 9);
        // Bought for 420, sold for 120 + 312 = 432, commission 4.
        assert_eq!(ledger.cash(), 1008.0);
        assert!(ledger.held().is_empty());
        let expected = ClosedTrade {
            symbol_idx: 1,
            side: Side::Buy,
            opened_at: 10,
            closed_at: 15,
            quantity: 4.0,
            entry_price: 105.0,
            exit_price: 108.0,
            pnl: 8.0,
            commission: 4.0,
            return_: 8.0 / 420.0,
            n_bars: 4,
            // 4 at 101 are worth 16 less than paid; then 120 in cash and 3 at 121 are 63 more.
            mae: -16.0,
            mfe: 63.0,
        };
        assert_eq!(ledger.into_closed(), [expected]);
    }

    #[test]
    fn turning_around_closes_one_trade_and_opens_the_next() {
        let mut ledger = Ledger::new(0.0, 1);
        ledger.book(0, Side::Sell, &fill(1, 2.0, 50.0, 0.0), 0);
        ledger.note_price(0, 55.0);
        ledger.book(0, Side::Buy, &fill(2, 3.0, 40.0, 3.0), 1);
        // Short 2 from 50 to 40 earns 20 less two thirds of the commission; 1 is now long at 40.
        assert_eq!(ledger.closed().len(), 1);
        assert_eq!(ledger.closed()[0].pnl, 18.0);
        assert_eq!((ledger.closed()[0].mae, ledger.closed()[0].mfe), (-10.0, 20.0));
        assert_eq!(ledger.closed()[0].side, Side::Sell);
        assert_eq!(ledger.position(0), Position { quantity: 1.0, entry_price: 40.0, opened_at: 2 });
        assert_eq!((ledger.cash(), ledger.opened_bar(0)), (-23.0, 1));
    }

    #[test]
    fn a_split_gains_and_loses_nothing() {
        let mut ledger = Ledger::new(1000.0, 1);
        ledger.book(0, Side::Buy, &fill(1, 5.0, 90.0, 0.0), 0);
        // 3 for 2: 7.5 at 60, of which half a share is paid out at 60.
        let split = Split { at: 2, ratio: 1.5, quantity: 7.0, price: 60.0 };
        assert_eq!(ledger.split(0, &split, 1), 30.0);
        assert_eq!((ledger.cash(), ledger.position(0).entry_price), (580.0, 60.0));
        ledger.note_price(0, 58.0);
        ledger.book(0, Side::Sell, &fill(3, 7.0, 63.0, 0.0), 2);
        // 7 shares gained 3 each; the half was paid out at what it had cost.
        let trade = ledger.closed()[0];
        assert_eq!((trade.quantity, trade.entry_price, trade.pnl), (7.5, 60.0, 21.0));
        // 58 a share is 2 below what 7 cost in the new units.
        assert_eq!((trade.mae, trade.mfe), (-14.0, 21.0));
        assert_eq!(ledger.cash(), 1021.0);
    }

    #[test]
    fn a_reverse_split_may_leave_nothing() {
        let mut ledger = Ledger::new(0.0, 1);
        ledger.book(0, Side::Sell, &fill(1, 4.0, 2.0, 0.0), 0);
        let split = Split { at: 2, ratio: 0.1, quantity: 0.0, price: 30.0 };
        assert_eq!(ledger.split(0, &split, 1), -12.0);
        assert!(ledger.held().is_empty());
        assert_eq!((ledger.closed()[0].pnl, ledger.cash()), (-4.0, -4.0));
        assert_eq!(ledger.split(0, &split, 1), 0.0);
    }

    #[test]
    fn profits_add_up_to_the_change_in_cash() {
        let mut ledger = Ledger::new(500.0, 3);
        let mut fills = 0.0;
        for step in 0..60u32 {
            let symbol_idx = step % 3;
            let side = if (step * 7) % 5 < 2 { Side::Buy } else { Side::Sell };
            let price = 10.0 + f64::from((step * 13) % 7);
            ledger.book(
                symbol_idx,
                side,
                &fill(i64::from(step), f64::from(step % 4 + 1), price, 0.25),
                u64::from(step),
            );
            fills += 0.25;
        }
        for symbol_idx in 0..3 {
            let quantity = ledger.quantity(symbol_idx);
            if quantity != 0.0 {
                let side = if quantity > 0.0 { Side::Sell } else { Side::Buy };
                ledger.book(symbol_idx, side, &fill(100, quantity.abs(), 12.0, 0.25), 100);
                fills += 0.25;
            }
        }
        assert!(ledger.held().is_empty());
        let pnl: f64 = ledger.closed().iter().map(|trade| trade.pnl).sum();
        let commission: f64 = ledger.closed().iter().map(|trade| trade.commission).sum();
        assert!((ledger.cash() - 500.0 - pnl).abs() < 1e-9, "{} {pnl}", ledger.cash());
        assert!((commission - fills).abs() < 1e-9);
    }
}
