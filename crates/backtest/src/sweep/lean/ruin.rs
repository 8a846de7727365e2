//! The end of a set whose equity is gone: as the guard does it, everything is closed and nothing is decided any more.
//!
//! [`crosscut_trading::limits::DrawdownGuard`] is the rule. The guard looks at a row's close before anything is decided there.

use super::Job;
use super::book::Book;
use super::curve::Bookmark;
use super::sight::{Places, Standing};
use super::slate::Slate;

impl Book {
    /// Looks for the row at which equity is gone among those valued since a row, and closes everything there.
    pub(super) fn look_back<'a>(
        &mut self,
        job: &Job<'_>,
        places: &Places<'a>,
        slate: &mut Slate<'a>,
        (from, bookmark): (usize, Bookmark),
    ) {
        let (to, equity) = (self.at, &self.curve.equity()[bookmark.n_rows..]);
        if equity.iter().any(|equity| equity.is_nan()) {
            self.is_void = true;
            return;
        }
        // What is traded at a close costs after the guard has looked: it sees that at the next row.
        let n_seen = usize::from(!self.is_delayed);
        let Some(row) = (n_seen..equity.len()).find(|&nth| equity[nth] <= 0.0).map(|nth| from + nth) else { return };
        self.curve.back_to(bookmark);
        self.at = from;
        self.value(places, slate, row);
        self.leave(job, places, slate, row);
        self.value(places, slate, to);
    }

    /// Closes everything for the guard that has looked at a row's close: there, in the order of the symbols, or at the next
    /// open, sells before buys.
    pub(super) fn leave<'a>(&mut self, job: &Job<'_>, places: &Places<'a>, slate: &mut Slate<'a>, row: usize) {
        self.is_ruined = true;
        let met = row + usize::from(self.is_delayed);
        let meets = |symbol_idx| match self.is_delayed {
            true => places.has_open(symbol_idx, met, self.rows.end),
            false => places.has_bar(symbol_idx, row),
        };
        if self.is_cash
            || self.is_late(places, row)
            || !self.positions.held().iter().all(|(symbol_idx, _)| meets(*symbol_idx))
        {
            self.is_void = true;
            return;
        }
        self.positions.note_rows(places, &(self.since..row + 1));
        self.n_orders += self.positions.held().len();
        if self.is_delayed {
            self.value(places, slate, met);
        }
        if met == self.rows.end {
            return;
        }
        // Cash is paid as orders are filled; what they cost is summed as they were made.
        let mut costs = vec![(0.0, 0.0); places.panel.symbols().len()];
        let before = self.paid;
        let mut singles = self.positions.take_apart();
        if self.is_delayed {
            singles.sort_by_key(|single| single.held.1 < 0.0);
        }
        for single in singles {
            let (symbol_idx, _) = single.held;
            let close =
                if self.is_delayed { places.open_at(symbol_idx, met) } else { places.last_close(symbol_idx, row) };
            slate.lay_closing(single.held, Standing { close, n_bars: places.n_bars(symbol_idx, met) });
            self.positions.hold(single);
            (self.paid.commission, self.paid.slippage) = (0.0, 0.0);
            self.trade(job, slate);
            costs[symbol_idx as usize] = (self.paid.commission, self.paid.slippage);
        }
        (self.paid.commission, self.paid.slippage) = (before.commission, before.slippage);
        for (commission, slippage) in costs {
            self.paid.commission += commission;
            self.paid.slippage += slippage;
        }
    }
}
