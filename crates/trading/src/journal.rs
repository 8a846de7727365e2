//! The audit trail of a run: what was decided, which rule cut it, what the venue did, what it cost.
//!
//! Records are small, of one size and without text, so that keeping them costs a copy; words are made when somebody
//! reads them. A journal that is off keeps nothing, and memory then holds only what is open.

use crosscut_model::{OrderId, OrderRequest, OrderType, Side};

use crate::account::CashKind;
use crate::limits::Rule;
use crate::order::{Event, Reason, Update};

/// Who wants an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The strategy.
    Strategy,
    /// The strategy, at the last price there was, because the symbol cannot be traded now.
    LastPrice,
    /// A rule of the guard.
    Guard(Rule),
    /// The stop of a bracket.
    BracketStop,
    /// The limit of a bracket that takes the profit.
    BracketProfit,
    /// The end of trading in the symbol.
    Delisting,
    /// Too little margin.
    Liquidation,
}

impl Origin {
    /// The words in files and logs.
    pub fn text(self) -> &'static str {
        match self {
            Self::Strategy => "strategy",
            Self::LastPrice => "closed at last price",
            Self::Guard(rule) => rule.text(),
            Self::BracketStop => "bracket stop",
            Self::BracketProfit => "bracket take profit",
            Self::Delisting => "delisted",
            Self::Liquidation => "liquidated",
        }
    }
}

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Entry {
    /// Somebody wants to trade.
    Decision {
        /// Who.
        origin: Origin,
        /// The kind of order.
        order_type: OrderType,
        /// Base units wanted.
        quantity: f64,
        /// Limit price, else the trigger of a stop; NaN where there is neither.
        price: f64,
    },
    /// A rule let less weight through than the strategy wanted, before there was an order; 0: nothing.
    Weighed {
        /// The rule.
        rule: Rule,
        /// Fraction of equity wanted; negative is short.
        wanted: f64,
        /// Fraction of equity let through.
        allowed: f64,
    },
    /// A rule let less through than was wanted; 0: nothing.
    Limited {
        /// The rule.
        rule: Rule,
        /// Base units wanted.
        wanted: f64,
        /// Base units let through.
        allowed: f64,
    },
    /// Lots or ticks changed the order.
    Rounded {
        /// Base units before.
        wanted: f64,
        /// Base units after.
        quantity: f64,
    },
    /// The venue took it.
    Accepted,
    /// A stop was set off.
    Triggered,
    /// Its terms were changed.
    Modified,
    /// A split changed the quantity and prices of a working order.
    Adjusted {
        /// Units after the split for each one before.
        ratio: f64,
        /// Base units still to fill.
        remaining: f64,
    },
    /// What is held was split.
    Split {
        /// Units after it for each one before.
        ratio: f64,
        /// Signed base units held after it.
        quantity: f64,
        /// The last price, told in the new units; fractions of a lot are paid out at it.
        price: f64,
    },
    /// It never got to work.
    Rejected(Reason),
    /// It works no more.
    Cancelled(Reason),
    /// Some of it was executed.
    Filled {
        /// Base units.
        quantity: f64,
        /// Price paid or received, quote units.
        price: f64,
        /// Quote units.
        commission: f64,
        /// Quote units.
        slippage: f64,
    },
    /// Cash moved without a trade.
    Cash {
        /// Why.
        kind: CashKind,
        /// Quote units; negative was paid.
        amount: f64,
    },
    /// A rule stopped trading, for good or for the day.
    Halted {
        /// The rule.
        rule: Rule,
        /// Equity then, quote units.
        equity: f64,
    },
    /// Equity fell below the maintenance margin.
    Liquidated {
        /// Equity then, quote units.
        equity: f64,
    },
}

/// One line of the journal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record {
    /// When, microseconds UTC.
    pub at: i64,
    /// The order it is about; 0: none.
    pub order_id: OrderId,
    /// The symbol it is about; `u32::MAX`: the whole account.
    pub symbol_idx: u32,
    /// The side of the order.
    pub side: Side,
    /// What it says.
    pub entry: Entry,
}

/// The symbol of records about the whole account.
pub const ACCOUNT: u32 = u32::MAX;

/// The records of a run, or none.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    /// What was recorded.
    records: Vec<Record>,
    /// Whether anything is.
    is_on: bool,
}

impl Journal {
    /// A journal that records.
    pub fn on() -> Self {
        Self { records: Vec::new(), is_on: true }
    }

    /// A journal that keeps nothing.
    pub fn off() -> Self {
        Self::default()
    }

    /// Whether it records.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// What was recorded, in order.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Takes out what was recorded so far, so that a long run can put it away.
    pub fn take(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// Moves what was recorded so far to the end of `out`, so that a driver can put it away and the journal stays small.
    pub fn drain_into(&mut self, out: &mut Vec<Record>) {
        out.append(&mut self.records);
    }

    /// Records a line.
    #[inline]
    pub fn note(&mut self, record: Record) {
        if self.is_on {
            self.records.push(record);
        }
    }

    /// Records that an order is wanted.
    #[inline]
    pub fn decision(&mut self, (at, origin): (i64, Origin), order_id: OrderId, request: &OrderRequest) {
        self.note(Record {
            at,
            order_id,
            symbol_idx: request.symbol_idx,
            side: request.side,
            entry: Entry::Decision {
                origin,
                order_type: request.kind.order_type(),
                quantity: request.quantity,
                price: request.kind.limit().or(request.kind.trigger()).unwrap_or(f64::NAN),
            },
        });
    }

    /// Records what happened to an order.
    #[inline]
    pub fn update(&mut self, update: &Update) {
        let entry = match update.event {
            Event::Accepted => Entry::Accepted,
            Event::Rejected(reason) => Entry::Rejected(reason),
            Event::Triggered => Entry::Triggered,
            Event::Modified => Entry::Modified,
            Event::Adjusted { ratio, remaining } => Entry::Adjusted { ratio, remaining },
            Event::Cancelled(reason) => Entry::Cancelled(reason),
            Event::Filled { fill, .. } => Entry::Filled {
                quantity: fill.quantity,
                price: fill.price,
                commission: fill.commission,
                slippage: fill.slippage,
            },
        };
        let Update { at, order_id, symbol_idx, side, .. } = *update;
        self.note(Record { at, order_id, symbol_idx, side, entry });
    }
}

impl Record {
    /// The line in words, without its time and symbol.
    pub fn text(&self) -> String {
        let OrderId(number) = self.order_id;
        let side = self.side.name();
        match self.entry {
            Entry::Decision { order_type, quantity, price, .. } if price.is_nan() => {
                format!("order {number}: {side} {quantity} {}", order_type.name())
            }
            Entry::Decision { order_type, quantity, price, .. } => {
                format!("order {number}: {side} {quantity} {} at {price}", order_type.name())
            }
            Entry::Weighed { rule, wanted, allowed } => {
                format!("{} cuts the weight {wanted} to {allowed}", rule.text())
            }
            Entry::Limited { rule, wanted, allowed } => {
                format!("order {number}: {} lets {allowed} of {wanted} through", rule.text())
            }
            Entry::Rounded { wanted, quantity } => format!("order {number}: {wanted} rounded to {quantity}"),
            Entry::Accepted => format!("order {number}: accepted"),
            Entry::Triggered => format!("order {number}: triggered"),
            Entry::Modified => format!("order {number}: modified"),
            Entry::Adjusted { ratio, remaining } => {
                format!("order {number}: {remaining} left after a split of 1 into {ratio}")
            }
            Entry::Split { ratio, quantity, price } => {
                format!("1 split into {ratio}: {quantity} held, last price {price}")
            }
            Entry::Rejected(reason) => format!("order {number}: rejected, {}", reason.text()),
            Entry::Cancelled(reason) => format!("order {number}: cancelled, {}", reason.text()),
            Entry::Filled { quantity, price, commission, slippage } => {
                format!(
                    "order {number}: {side} {quantity} filled at {price}, commission {commission}, slippage {slippage}"
                )
            }
            Entry::Cash { kind, amount } => format!("{} {amount}", kind.name()),
            Entry::Halted { rule, equity } => format!("{} stops trading at equity {equity}", rule.text()),
            Entry::Liquidated { equity } => format!("liquidated at equity {equity}"),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Records stay small, and an absent journal stays empty.

    use super::*;

    #[test]
    fn a_record_fits_a_cache_line() {
        assert!(size_of::<Record>() <= 64, "{}", size_of::<Record>());
    }

    #[test]
    fn a_journal_that_is_off_keeps_nothing() {
        let mut journal = Journal::off();
        let request = OrderRequest::limit(0, Side::Buy, 2.0, 9.5);
        journal.decision((1, Origin::Strategy), OrderId(7), &request);
        assert!(journal.records().is_empty());
        let mut journal = Journal::on();
        journal.decision((1, Origin::Strategy), OrderId(7), &request);
        assert_eq!(journal.records()[0].text(), "order 7: buy 2 limit at 9.5");
        assert_eq!(journal.take().len(), 1);
        assert!(journal.records().is_empty());
    }
}
