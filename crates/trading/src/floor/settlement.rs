//! What happens on a floor without a strategy: funding, borrowing, delisting, the guard's closing, liquidation.

use crosscut_model::{OrderId, Side};

use super::Floor;
use super::desk::closing;
use crate::account::{CashKind, Funds};
use crate::journal::{ACCOUNT, Entry, Origin, Record};
use crate::limits::Rule;
use crate::market::Bar;
use crate::order::{Event, Reason, Update};
use crate::venue::{Clearing, Meeting, Purse, Terms, execute};

impl Floor {
    /// Pays funding on a position: `rate` of its value at `mark_price`, from the long to the short when positive.
    /// A price that is none must not get here: see [`crate::funding`].
    pub fn fund(&mut self, symbol_idx: u32, rate: f64, mark_price: f64) {
        let amount = -self.desk.account.quantity(symbol_idx) * mark_price * rate;
        if amount != 0.0 {
            self.move_cash(symbol_idx, CashKind::Funding, amount);
        }
    }

    /// Pays a dividend of `amount` quote units for each unit held; whoever is short pays it.
    pub fn pay_dividend(&mut self, symbol_idx: u32, amount: f64) {
        let amount = self.desk.account.quantity(symbol_idx) * amount;
        if amount != 0.0 {
            self.move_cash(symbol_idx, CashKind::Dividend, amount);
        }
    }

    /// Pays for what has been borrowed since the last call, at present prices.
    #[inline]
    pub fn accrue(&mut self) {
        if self.borrow.is_some() {
            self.pay_borrowing();
        }
    }

    /// Pays for borrowing up to now.
    fn pay_borrowing(&mut self) {
        let now = self.desk.now;
        let since = self.borrowed_until.replace(now).unwrap_or(now);
        let Some(rate) = self.borrow.filter(|_| now > since) else {
            return;
        };
        for at in 0..self.desk.account.ledger().held().len() {
            let symbol_idx = self.desk.account.ledger().held()[at];
            let value = self.desk.account.value(symbol_idx);
            if value < 0.0 {
                self.move_cash(symbol_idx, CashKind::Borrow, -rate.cost(-value, now - since));
            }
        }
    }

    /// Moves cash and writes it down.
    fn move_cash(&mut self, symbol_idx: u32, kind: CashKind, amount: f64) {
        self.desk.account.move_cash(kind, amount);
        self.is_drained |= amount < 0.0;
        let entry = Entry::Cash { kind, amount };
        let (at, order_id) = (self.desk.now, OrderId(0));
        self.desk.journal.note(Record { at, order_id, symbol_idx, side: Side::Buy, entry });
    }

    /// Ends trading in a symbol: its orders are cancelled, a position is closed at its last price, nothing is accepted
    /// any more.
    pub fn delist(&mut self, symbol_idx: u32) {
        let now = self.desk.now;
        self.desk.ended[symbol_idx as usize] = true;
        let (venue, mut clearing) = self.at_venue();
        venue.cancel_all(symbol_idx, (now, Reason::NotTrading), &mut clearing);
        let price = self.desk.account.price(symbol_idx);
        self.close_for(Origin::Delisting, symbol_idx, (price, now));
    }

    /// Whether a day has begun that the guard has not seen.
    pub(super) fn is_day_new(&self) -> bool {
        // Equity without a position does not move, but the day's first equity has to be taken.
        self.desk.guard.rules().daily_loss.is_some() || self.desk.guard.rules().turnover.is_some()
    }

    /// The guard's look at equity and positions.
    pub(super) fn look(&mut self, symbols: &[u32]) {
        let now = self.desk.now;
        let equity = self.desk.account.equity();
        if let Some(rule) = self.desk.guard.watch(now, equity) {
            let entry = Entry::Halted { rule, equity };
            let (order_id, side) = (OrderId(0), Side::Sell);
            self.desk.journal.note(Record { at: now, order_id, symbol_idx: ACCOUNT, side, entry });
            self.leave_everything(rule);
            return;
        }
        if !self.desk.guard.has_to_exit() {
            return;
        }
        for &symbol_idx in symbols {
            let position = self.desk.position(symbol_idx);
            if position.quantity != 0.0 {
                let price = self.desk.price(symbol_idx);
                if let Some(rule) = self.desk.guard.exit(now, symbol_idx, position, price) {
                    self.desk.leave(symbol_idx, rule);
                }
            }
        }
    }

    /// Cancels all orders and closes all positions on the guard's account.
    fn leave_everything(&mut self, rule: Rule) {
        let mut symbols: Vec<u32> = self.desk.held().to_vec();
        symbols.extend(self.desk.open.iter().map(|order| order.request.symbol_idx));
        symbols.sort_unstable();
        symbols.dedup();
        for symbol_idx in symbols {
            self.desk.leave(symbol_idx, rule);
        }
    }

    /// Liquidates when the worst price of a bar takes equity below the maintenance margin; other symbols are valued at
    /// their last prices.
    #[inline]
    pub(super) fn liquidate_within(&mut self, bar: &Bar) {
        if !matches!(self.desk.account.funds(), Funds::Margin(_)) {
            return;
        }
        let quantity = self.desk.account.quantity(bar.symbol_idx);
        let worst = if quantity > 0.0 { bar.low } else { bar.high };
        if quantity == 0.0 || !self.desk.account.is_liquidated_at(bar.symbol_idx, worst) {
            return;
        }
        // Where equity meets the margin, or at the open when the bar began beyond it.
        let price = self.desk.account.liquidation_price(bar.symbol_idx).unwrap_or(worst);
        let price = if quantity > 0.0 { price.min(bar.open) } else { price.max(bar.open) };
        self.liquidate(bar.symbol_idx, price.clamp(bar.low, bar.high), bar.available_at);
    }

    /// Liquidates when what has been paid took equity below the maintenance margin: once all of the instant is paid and
    /// received, not at the first payment.
    pub(super) fn liquidate_drained(&mut self) {
        self.is_drained = false;
        if let Some(&symbol_idx) = self.desk.held().first() {
            self.liquidate_at(symbol_idx, self.desk.price(symbol_idx), self.desk.now);
        }
    }

    /// Liquidates when a price takes equity below the maintenance margin.
    pub(super) fn liquidate_at(&mut self, symbol_idx: u32, price: f64, at: i64) {
        if self.desk.account.is_liquidated_at(symbol_idx, price) {
            self.liquidate(symbol_idx, price, at);
        }
    }

    /// Closes everything: `symbol_idx` at `price`, others at their last prices, with the fee of it.
    pub(super) fn liquidate(&mut self, symbol_idx: u32, price: f64, at: i64) {
        let Funds::Margin(margin) = self.desk.account.funds() else {
            return;
        };
        self.desk.account.mark(symbol_idx, price);
        let equity = self.desk.account.equity();
        let (order_id, side, entry) = (OrderId(0), Side::Sell, Entry::Liquidated { equity });
        self.desk.journal.note(Record { at, order_id, symbol_idx: ACCOUNT, side, entry });
        for symbol_idx in 0..self.desk.n_symbols() as u32 {
            let (venue, mut clearing) = self.at_venue();
            venue.cancel_all(symbol_idx, (at, Reason::Liquidated), &mut clearing);
        }
        for symbol_idx in self.desk.held().to_vec() {
            let fee = margin.liquidation_fee * self.desk.account.value(symbol_idx).abs();
            let price = self.desk.account.price(symbol_idx);
            self.close_for(Origin::Liquidation, symbol_idx, (price, at));
            if fee > 0.0 {
                self.move_cash(symbol_idx, CashKind::LiquidationFee, -fee);
            }
        }
    }

    /// Closes a position at a price and a time, costs included, without asking anybody.
    fn close_for(&mut self, origin: Origin, symbol_idx: u32, price: (f64, i64)) {
        let quantity = self.desk.account.quantity(symbol_idx);
        if quantity != 0.0 {
            let order_id = self.desk.number(&closing(symbol_idx, quantity), origin);
            self.close_at(order_id, symbol_idx, price);
        }
    }

    /// Executes an order that closes a position at a price and a time.
    pub(super) fn close_at(&mut self, order_id: OrderId, symbol_idx: u32, (price, at): (f64, i64)) {
        let request = closing(symbol_idx, self.desk.account.quantity(symbol_idx));
        let side = request.side;
        // Nobody trades there: the order is judged as the smallest in a deep market.
        let unit = self.desk.steps.at(symbol_idx, at).unit();
        let spread = price * self.desk.steps.spread(symbol_idx, at);
        let terms = Terms { unit, spread, traded_before: self.desk.account.traded_before(at), ..Terms::default() };
        let meeting = Meeting { side, quantity: request.quantity, reference: price, at, lot_size: None, terms };
        let (_, clearing) = self.at_venue();
        let Clearing { account, costs, updates, .. } = clearing;
        let event = match execute(meeting, Purse::Unlimited, costs) {
            Some(fill) => {
                account.book(symbol_idx, side, &fill);
                Event::Filled { fill, remaining: 0.0 }
            }
            None => Event::Rejected(Reason::NothingToReduce),
        };
        updates.push(Update { order_id, symbol_idx, side, at, event });
    }
}
