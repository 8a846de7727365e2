//! Splits and dividends on a floor: what is held, what works and what is remembered are told in the new units.

use crosscut_model::{CorporateAction, OrderId, Side};

use super::Floor;
use crate::account::CashKind;
use crate::journal::{Entry, Record};

impl Floor {
    /// Books a corporate action before its ex-date trades. The dividend is paid on what was held before it, then comes the
    /// split. Working orders follow the split; a dividend leaves them as they are (do not reduce).
    pub fn act(&mut self, symbol_idx: u32, action: &CorporateAction) {
        self.pay_dividend(symbol_idx, action.dividend);
        self.split(symbol_idx, action.split);
        if action.factor > 0.0 && action.factor.is_finite() {
            self.desk.growth[symbol_idx as usize] /= action.factor;
        }
    }

    /// Makes `ratio` units of each one held and ordered, at prices divided by it; nothing is gained or lost. Of a symbol
    /// traded in lots what is no whole number of them is paid out at the last price. A ratio that is no positive number
    /// changes nothing.
    pub fn split(&mut self, symbol_idx: u32, ratio: f64) {
        if !(ratio > 0.0 && ratio.is_finite()) || ratio == 1.0 {
            return;
        }
        let now = self.desk.now;
        let lot_size = self.desk.steps.at(symbol_idx, now).lot_size;
        let held = self.desk.account.quantity(symbol_idx);
        if let Some((split, paid)) = self.desk.account.split(symbol_idx, (now, ratio), lot_size) {
            let side = if held > 0.0 { Side::Buy } else { Side::Sell };
            let entry = Entry::Split { ratio, quantity: split.quantity, price: split.price };
            let record = Record { at: now, order_id: OrderId(0), symbol_idx, side, entry };
            self.desk.journal.note(record);
            if paid != 0.0 {
                let entry = Entry::Cash { kind: CashKind::CashInLieu, amount: paid };
                self.desk.journal.note(Record { entry, ..record });
            }
        }
        self.desk.guard.split(symbol_idx, ratio);
        self.desk.split_orders(symbol_idx, ratio);
        let (venue, mut clearing) = self.at_venue();
        venue.split(symbol_idx, (now, ratio), &mut clearing);
    }
}
