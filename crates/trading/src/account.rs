//! The account of a run: the ledger, the last prices by which it is valued, what it may owe, and cash that moves without a trade.

use crosscut_model::time::DAY;
use crosscut_model::{Fill, Side};

use crate::error::TradingError;
use crate::ledger::{Ledger, Split};
use crate::order::Reason;
use crate::venue::Purse;

/// What an account may owe.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Funds {
    /// Nothing: buys must fit in cash, and only what is held can be sold.
    #[default]
    Cash,
    /// Anything; equity at zero is still the end when the driver says so.
    Unlimited,
    /// Leverage with liquidation.
    Margin(Margin),
}

/// Margin as one rate for opening and one for keeping positions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margin {
    /// Equity needed per unit of gross position value to open: 1 over the leverage.
    pub initial: f64,
    /// Equity needed per unit of gross position value to keep: below it everything is liquidated.
    pub maintenance: f64,
    /// Charged on the value liquidated, a fraction.
    pub liquidation_fee: f64,
}

impl Margin {
    /// Checks the rates.
    ///
    /// # Errors
    /// [`TradingError::BadNumber`] naming the rate.
    pub fn check(&self) -> Result<(), TradingError> {
        let bad = |what, value, expected| Err(TradingError::BadNumber { what, value, expected });
        if !(self.initial > 0.0 && self.initial <= 1.0) {
            return bad("initial margin", self.initial, "a fraction in (0, 1]");
        }
        if !(self.maintenance >= 0.0 && self.maintenance <= self.initial) {
            return bad("maintenance margin", self.maintenance, "a fraction from 0 to the initial margin");
        }
        if !(0.0..1.0).contains(&self.liquidation_fee) {
            return bad("liquidation fee", self.liquidation_fee, "a fraction from 0 to below 1");
        }
        Ok(())
    }
}

/// Why cash moved without a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CashKind {
    /// Funding of a perpetual, paid or received.
    Funding,
    /// Borrowing what was sold short.
    Borrow,
    /// Dividends, received or, when short, paid.
    Dividend,
    /// The fee of a liquidation.
    LiquidationFee,
    /// Fractions of a lot that a split left, paid out at the last price.
    CashInLieu,
}

impl CashKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Funding, Self::Borrow, Self::Dividend, Self::LiquidationFee, Self::CashInLieu];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Funding => "funding",
            Self::Borrow => "borrow",
            Self::Dividend => "dividend",
            Self::LiquidationFee => "liquidation_fee",
            Self::CashInLieu => "cash_in_lieu",
        }
    }
}

/// Ledger, prices and rules of one account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Cash, positions, closed trades.
    ledger: Ledger,
    /// Last price of each symbol; NaN before the first.
    marks: Vec<f64>,
    /// Bars of each symbol that have begun.
    n_bars: Vec<u64>,
    /// Whether the last of them is still under way.
    is_in_bar: Vec<bool>,
    /// Whether each present position was opened while a bar was under way.
    is_opened_in_bar: Vec<bool>,
    /// What it may owe.
    funds: Funds,
    /// Cash moved by kind, in the order of [`CashKind::ALL`].
    moved: [f64; CashKind::ALL.len()],
    /// Commission paid so far, rebates taken off.
    commission: f64,
    /// What slippage has cost so far.
    slippage: f64,
    /// Value traded in each of the last days, by number of the day modulo their number.
    traded: [f64; DAYS],
    /// Number of the last UTC day in which something was traded.
    traded_day: i64,
}

/// Days that count for fees that follow what was traded, the present one among them.
const DAYS: usize = 30;

/// A wish to trade, as the account looks at it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// The symbol.
    pub symbol_idx: u32,
    /// Buy or sell.
    pub side: Side,
    /// Base units, positive.
    pub quantity: f64,
    /// Price it would meet, quote units.
    pub price: f64,
}

impl Account {
    /// An account with `capital` in cash for `n_symbols` symbols.
    pub fn new(capital: f64, n_symbols: usize, funds: Funds) -> Self {
        Self {
            ledger: Ledger::new(capital, n_symbols),
            marks: vec![f64::NAN; n_symbols],
            n_bars: vec![0; n_symbols],
            is_in_bar: vec![false; n_symbols],
            is_opened_in_bar: vec![false; n_symbols],
            funds,
            moved: [0.0; CashKind::ALL.len()],
            commission: 0.0,
            slippage: 0.0,
            traded: [0.0; DAYS],
            traded_day: i64::MIN,
        }
    }

    /// Value traded in the thirty UTC days that end with the one of `at`, quote units.
    pub fn traded_before(&self, at: i64) -> f64 {
        let age = at.div_euclid(DAY).saturating_sub(self.traded_day).max(0);
        let n_days = DAYS as i64;
        // Days are summed from the latest on; those that have grown too old do not count.
        (0..n_days.saturating_sub(age)).map(|back| self.traded[slot(self.traded_day - back)]).sum()
    }

    /// Adds to what was traded.
    fn note_traded(&mut self, at: i64, value: f64) {
        let day = at.div_euclid(DAY);
        let passed = day.saturating_sub(self.traded_day).clamp(0, DAYS as i64);
        (0..passed).for_each(|back| self.traded[slot(day - back)] = 0.0);
        self.traded_day = self.traded_day.max(day);
        self.traded[slot(self.traded_day)] += value;
    }

    /// Cash, positions, closed trades.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Takes out the trades that are over, in order of closing.
    pub fn take_closed(&mut self) -> Vec<crate::ledger::ClosedTrade> {
        self.ledger.take_closed()
    }

    /// What it may owe.
    pub fn funds(&self) -> Funds {
        self.funds
    }

    /// Base units held; negative when short.
    #[inline]
    pub fn quantity(&self, symbol_idx: u32) -> f64 {
        self.ledger.quantity(symbol_idx)
    }

    /// Last price of a symbol, quote units; NaN before the first.
    #[inline]
    pub fn price(&self, symbol_idx: u32) -> f64 {
        self.marks[symbol_idx as usize]
    }

    /// Takes note of a price.
    #[inline]
    pub fn mark(&mut self, symbol_idx: u32, price: f64) {
        self.marks[symbol_idx as usize] = price;
    }

    /// Takes note of a price at which a symbol stood, for the excursions of its trade, if there is one.
    #[inline]
    pub fn note_price(&mut self, symbol_idx: u32, price: f64) {
        if self.quantity(symbol_idx) != 0.0 {
            self.ledger.note_price(symbol_idx, price);
        }
    }

    /// Takes note of high and low of a bar that has closed but for what happens at its close, if all of it belongs to a
    /// trade.
    #[inline]
    pub fn note_range(&mut self, bar: &crate::market::Bar) {
        let symbol_idx = bar.symbol_idx;
        // What is about to be liquidated within the bar is not held through it.
        let is_ending = |price| self.is_liquidated_at(symbol_idx, price);
        if self.quantity(symbol_idx) != 0.0
            && self.ledger.filled_at(symbol_idx) <= bar.timestamp
            && !is_ending(bar.low)
            && !is_ending(bar.high)
        {
            self.ledger.note_price(symbol_idx, bar.low);
            self.ledger.note_price(symbol_idx, bar.high);
        }
    }

    /// Counts a bar of a symbol that has begun.
    #[inline]
    pub fn count_bar(&mut self, symbol_idx: u32) {
        self.n_bars[symbol_idx as usize] += 1;
        self.is_in_bar[symbol_idx as usize] = true;
    }

    /// Says how many bars of a symbol have begun, for a driver that leaves out bars in which nothing happens.
    #[inline]
    pub fn set_bars(&mut self, symbol_idx: u32, n_bars: u64) {
        self.n_bars[symbol_idx as usize] = n_bars;
    }

    /// A bar of a symbol is over.
    #[inline]
    pub fn end_bar(&mut self, symbol_idx: u32) {
        self.is_in_bar[symbol_idx as usize] = false;
    }

    /// Bars of a symbol that have closed since its position was opened from flat, the bar it was opened in among them unless
    /// that was after its close.
    pub fn bars_held(&self, symbol_idx: u32) -> u64 {
        let since = self.n_bars[symbol_idx as usize].saturating_sub(self.ledger.opened_bar(symbol_idx));
        since + u64::from(self.is_opened_in_bar[symbol_idx as usize])
    }

    /// Cash plus positions at their last prices, quote units. Symbols are summed in ascending order.
    pub fn equity(&self) -> f64 {
        self.ledger.cash() + self.net()
    }

    /// Sum of signed position values at their last prices, quote units.
    pub fn net(&self) -> f64 {
        self.ledger.held().iter().map(|&symbol_idx| self.value(symbol_idx)).sum()
    }

    /// Sum of absolute position values at their last prices, quote units.
    pub fn gross(&self) -> f64 {
        self.ledger.held().iter().map(|&symbol_idx| self.value(symbol_idx).abs()).sum()
    }

    /// Signed value of a position at its last price, quote units; 0 when there is none.
    pub fn value(&self, symbol_idx: u32) -> f64 {
        let quantity = self.quantity(symbol_idx);
        if quantity == 0.0 { 0.0 } else { quantity * self.price(symbol_idx) }
    }

    /// Cash moved without a trade, by kind, quote units; negative was paid.
    pub fn moved(&self, kind: CashKind) -> f64 {
        self.moved[kind as usize]
    }

    /// Commission paid so far, rebates taken off, quote units.
    pub fn commission(&self) -> f64 {
        self.commission
    }

    /// What slippage has cost so far, quote units.
    pub fn slippage(&self) -> f64 {
        self.slippage
    }

    /// Books an execution.
    pub fn book(&mut self, symbol_idx: u32, side: Side, fill: &Fill) {
        self.commission += fill.commission;
        self.slippage += fill.slippage;
        self.note_traded(fill.filled_at, fill.quantity * fill.price);
        let before = self.quantity(symbol_idx);
        if before == 0.0 || (before * side.sign() < 0.0 && fill.quantity > before.abs()) {
            self.is_opened_in_bar[symbol_idx as usize] = self.is_in_bar[symbol_idx as usize];
        }
        self.ledger.book(symbol_idx, side, fill, self.n_bars[symbol_idx as usize]);
    }

    /// Moves cash without a trade; negative is paid.
    pub fn move_cash(&mut self, kind: CashKind, amount: f64) {
        self.moved[kind as usize] += amount;
        self.ledger.move_cash(amount);
    }

    /// Splits what is held of a symbol into `ratio` units each, and its last price with it; units beyond whole lots of
    /// `lot_size` are paid out at that price. Gives what became of the position, and the cash that was moved; `None` when
    /// nothing is held.
    pub fn split(&mut self, symbol_idx: u32, (at, ratio): (i64, f64), lot_size: Option<f64>) -> Option<(Split, f64)> {
        let price = self.price(symbol_idx) / ratio;
        self.mark(symbol_idx, price);
        let held = self.quantity(symbol_idx);
        if held == 0.0 {
            return None;
        }
        let split = Split { at, ratio, quantity: crate::sizing::whole_lots(held * ratio, lot_size), price };
        let paid = self.ledger.split(symbol_idx, &split, self.n_bars[symbol_idx as usize]);
        self.moved[CashKind::CashInLieu as usize] += paid;
        Some((split, paid))
    }

    /// How much of what is wanted the account allows to trade, and from what purse a buy is paid.
    ///
    /// # Errors
    /// The reason when nothing is allowed.
    pub fn allowed(&self, wanted: &Wanted) -> Result<(f64, Purse), Reason> {
        let held = self.quantity(wanted.symbol_idx);
        match self.funds {
            Funds::Unlimited => Ok((wanted.quantity, Purse::Unlimited)),
            Funds::Cash if wanted.side == Side::Buy => Ok((wanted.quantity, Purse::Cash(self.ledger.cash()))),
            Funds::Cash if held > 0.0 => Ok((wanted.quantity.min(held), Purse::Unlimited)),
            Funds::Cash => Err(Reason::NothingToSell),
            Funds::Margin(margin) => {
                let allowed = self.margined(wanted, held, margin);
                if allowed > 0.0 { Ok((allowed, Purse::Unlimited)) } else { Err(Reason::InsufficientMargin) }
            }
        }
    }

    /// What of a quantity the initial margin allows: reducing always, increasing up to equity over the rate.
    fn margined(&self, wanted: &Wanted, held: f64, margin: Margin) -> f64 {
        let reducing = if held * wanted.side.sign() < 0.0 { held.abs().min(wanted.quantity) } else { 0.0 };
        let increasing = wanted.quantity - reducing;
        if increasing <= 0.0 {
            return wanted.quantity;
        }
        // The symbol is valued at the price met: the last one may lie on the other side of a gap.
        let gap = held * (wanted.price - self.price(wanted.symbol_idx));
        let gap = if gap.is_finite() { gap } else { 0.0 };
        let others = self.gross() - self.value(wanted.symbol_idx).abs();
        let kept = (held.abs() - reducing) * wanted.price;
        let room = (self.equity() + gap) / margin.initial - others - kept;
        let affordable = (room / wanted.price).max(0.0);
        // A hair of allowance: an order sized to the whole margin is not to lose its last digit.
        if increasing <= affordable * (1.0 + 1e-12) { wanted.quantity } else { reducing + affordable }
    }

    /// Whether equity has fallen below the maintenance margin, with `symbol_idx` valued at `price`.
    pub fn is_liquidated_at(&self, symbol_idx: u32, price: f64) -> bool {
        let Funds::Margin(margin) = self.funds else {
            return false;
        };
        let quantity = self.quantity(symbol_idx);
        let value = self.value(symbol_idx);
        let equity = self.equity() - value + quantity * price;
        let gross = self.gross() - value.abs() + (quantity * price).abs();
        gross > 0.0 && equity < margin.maintenance * gross
    }

    /// Where a move of a symbol's price from `from` to `to` takes equity below the maintenance margin, others as they are;
    /// `from` when it is below there.
    #[inline]
    pub fn liquidated_on(&self, symbol_idx: u32, (from, to): (f64, f64)) -> Option<f64> {
        if !matches!(self.funds, Funds::Margin(_)) || self.quantity(symbol_idx) == 0.0 {
            return None;
        }
        if self.is_liquidated_at(symbol_idx, from) {
            return Some(from);
        }
        self.is_liquidated_at(symbol_idx, to)
            .then(|| self.liquidation_price(symbol_idx).unwrap_or(to).clamp(from.min(to), from.max(to)))
    }

    /// The price of a held symbol at which equity meets the maintenance margin, others as they are; `None` when no
    /// positive price does.
    pub fn liquidation_price(&self, symbol_idx: u32) -> Option<f64> {
        let Funds::Margin(margin) = self.funds else {
            return None;
        };
        let quantity = self.quantity(symbol_idx);
        let value = self.value(symbol_idx);
        let (rest, others) = (self.equity() - value, self.gross() - value.abs());
        // rest + quantity * p = maintenance * (others + |quantity| * p)
        let slope = quantity - margin.maintenance * quantity.abs();
        let price = (margin.maintenance * others - rest) / slope;
        Some(price).filter(|price| quantity != 0.0 && price.is_finite() && *price > 0.0)
    }
}

/// Where a day's value is kept.
fn slot(day: i64) -> usize {
    day.rem_euclid(DAYS as i64) as usize
}

#[cfg(test)]
mod tests {
    //! Accounts by hand.

    use super::*;

    fn fill(quantity: f64, price: f64) -> Fill {
        Fill { filled_at: 0, quantity, price, commission: 0.0, slippage: 0.0 }
    }

    fn margin_account() -> Account {
        let margin = Margin { initial: 0.1, maintenance: 0.05, liquidation_fee: 0.01 };
        let mut account = Account::new(1000.0, 2, Funds::Margin(margin));
        account.mark(0, 100.0);
        account
    }

    #[test]
    fn leverage_is_bounded_by_the_initial_margin() {
        let mut account = margin_account();
        let wanted = |side, quantity| Wanted { symbol_idx: 0, side, quantity, price: 100.0 };
        assert_eq!(account.allowed(&wanted(Side::Buy, 100.0)).unwrap().0, 100.0);
        assert_eq!(account.allowed(&wanted(Side::Buy, 150.0)).unwrap().0, 100.0);
        account.book(0, Side::Buy, &fill(80.0, 100.0));
        assert_eq!(account.allowed(&wanted(Side::Buy, 30.0)).unwrap().0, 20.0);
        // Turning around: 80 to close, then 100 short.
        assert_eq!(account.allowed(&wanted(Side::Sell, 500.0)).unwrap().0, 180.0);
    }

    #[test]
    fn the_liquidation_price_meets_the_maintenance_margin() {
        let mut account = margin_account();
        account.book(0, Side::Buy, &fill(50.0, 100.0));
        // 1000 + 50 (p - 100) = 0.05 * 50 p: p = 4000 / 47.5.
        let price = account.liquidation_price(0).unwrap();
        assert!((price - 4000.0 / 47.5).abs() < 1e-9);
        assert!(account.is_liquidated_at(0, price - 0.01) && !account.is_liquidated_at(0, price + 0.01));
        let mut short = margin_account();
        short.book(0, Side::Sell, &fill(50.0, 100.0));
        // 1000 + 50 (100 - p) = 2.5 p: p = 6000 / 52.5.
        assert!((short.liquidation_price(0).unwrap() - 6000.0 / 52.5).abs() < 1e-9);
    }

    #[test]
    fn a_cash_account_sells_only_what_it_holds() {
        let mut account = Account::new(1000.0, 1, Funds::Cash);
        account.mark(0, 10.0);
        let sell = Wanted { symbol_idx: 0, side: Side::Sell, quantity: 5.0, price: 10.0 };
        assert_eq!(account.allowed(&sell).unwrap_err(), Reason::NothingToSell);
        account.book(0, Side::Buy, &fill(3.0, 10.0));
        assert_eq!(account.allowed(&sell).unwrap().0, 3.0);
    }

    #[test]
    fn thirty_days_of_trading_count() {
        let mut account = Account::new(1e6, 1, Funds::Unlimited);
        assert_eq!(account.traded_before(5), 0.0);
        for day in 0..40 {
            account.book(0, Side::Buy, &Fill { filled_at: day * DAY + 7, ..fill(1.0, (day + 1) as f64) });
        }
        // Days 11 to 40 by their prices.
        assert_eq!(account.traded_before(39 * DAY), (11..=40).sum::<i32>() as f64);
        assert_eq!(account.traded_before(45 * DAY), (17..=40).sum::<i32>() as f64);
        assert_eq!(account.traded_before(90 * DAY), 0.0);
        account.book(0, Side::Buy, &Fill { filled_at: 90 * DAY, ..fill(1.0, 3.0) });
        assert_eq!(account.traded_before(90 * DAY), 3.0);
    }

    #[test]
    fn moved_cash_is_told_apart() {
        let mut account = margin_account();
        account.move_cash(CashKind::Funding, -3.0);
        account.move_cash(CashKind::Borrow, -2.0);
        assert_eq!((account.ledger().cash(), account.moved(CashKind::Funding)), (995.0, -3.0));
    }
}
