//! One clock over all feeds.

use crosscut_model::calendar::Rebalance;
use crosscut_model::{CorporateAction, Side};
use crosscut_trading::funding::FundingDue;
use crosscut_trading::market::{Bar, Data};
use crosscut_trading::{Floor, Strategy};

use super::Admission;
use super::feed::Cursor;
use super::record::{Recorder, Sampling};
use super::{EventOptions, Market};
use crate::error::BacktestError;

/// Feeds and everything else that happens at known times.
pub(super) struct Clock<'a> {
    /// Feeds, by symbol, the one that executes first.
    cursors: Vec<Cursor<'a>>,
    /// Payments of all symbols by time, then symbol; the next is last.
    funding: Vec<(u32, FundingDue)>,
    /// Ends of trading by time, then symbol; the next is last.
    delistings: Vec<(i64, u32)>,
    /// Splits and dividends to book, by symbol; the next is last. Empty when there are none at all.
    actions: Vec<Vec<CorporateAction>>,
    /// Which symbols may be opened.
    universe: Option<Admission>,
    /// The period whose universe holds; `None` before the first.
    admitted: Option<i64>,
    /// First label of the run; the least there is once no row before it is left.
    start: i64,
    /// When the strategy evaluates.
    evaluate: Option<Rebalance>,
    /// When curves are sampled.
    sampling: Sampling,
    /// Instants at which a deciding bar has closed.
    n_instants: usize,
    /// Label of the latest bar that orders met; `None` before the first.
    latest: Option<i64>,
    /// The calendar period of the last evaluation.
    period: Option<i64>,
    /// End of the stretch under way, at which a sample is taken; `i64::MAX` when samples are not taken by stretches.
    sample_at: i64,
    /// Feeds that have a row at the present instant, kept for its allocation.
    due: Vec<usize>,
    /// Their rows, kept for its allocation.
    told: Vec<Data>,
    /// Bars among them that orders meet, kept for its allocation.
    closing: Vec<Bar>,
    /// Symbols that have a new price, kept for its allocation.
    priced: Vec<u32>,
}

impl<'a> Clock<'a> {
    /// A clock before the first event.
    ///
    /// # Errors
    /// [`BacktestError`] for feeds of unknown symbols and rows that cannot be.
    pub(super) fn new(market: Market<'a>, options: EventOptions) -> Result<Self, BacktestError> {
        let mut cursors = Vec::with_capacity(market.feeds.len());
        for (feed_idx, feed) in market.feeds.into_iter().enumerate() {
            let symbol_idx =
                market.symbols.binary_search_by(|symbol| symbol.as_str().cmp(feed.symbol())).map_err(|_| {
                    BacktestError::unknown("symbol", feed.symbol(), "the market".to_owned(), &market.symbols)
                })?;
            cursors.push(Cursor::new(feed, symbol_idx as u32, feed_idx as u32)?);
        }
        // Factor values are told before the bars of their instant.
        cursors.sort_by_key(|cursor| (!cursor.is_factors(), cursor.symbol_idx, cursor.grain(), cursor.feed_idx));
        let (mut last, mut last_of_bars) = (None, None);
        for cursor in cursors.iter_mut().filter(|cursor| !cursor.is_factors()) {
            cursor.executes = last != Some(cursor.symbol_idx);
            last = Some(cursor.symbol_idx);
            if cursor.is_bars() {
                let is_finest = last_of_bars.replace(cursor.symbol_idx) != Some(cursor.symbol_idx);
                let is_named = market.deciding.binary_search(&cursor.feed_idx).is_ok();
                cursor.decides = if market.deciding.is_empty() { is_finest } else { is_named };
            }
        }
        let mut funding: Vec<(u32, FundingDue)> = Vec::new();
        for (symbol_idx, due) in market.funding.into_iter().enumerate() {
            funding.extend(due.into_iter().map(|due| (symbol_idx as u32, due)));
        }
        funding.sort_by_key(|(symbol_idx, due)| std::cmp::Reverse((due.at, *symbol_idx)));
        let mut delistings: Vec<(i64, u32)> = market
            .delisted_at
            .iter()
            .enumerate()
            .filter_map(|(symbol_idx, at)| at.map(|at| (at, symbol_idx as u32)))
            .collect();
        delistings.sort_unstable_by_key(|delisting| std::cmp::Reverse(*delisting));
        let actions = to_come(market.actions, &cursors);
        Ok(Self {
            cursors,
            funding,
            delistings,
            actions,
            universe: market.universe,
            admitted: None,
            start: options.start.unwrap_or(i64::MIN),
            evaluate: options.evaluate,
            sampling: options.sampling,
            n_instants: 0,
            latest: None,
            period: None,
            sample_at: if matches!(options.sampling, Sampling::Every(_)) { i64::MIN } else { i64::MAX },
            due: Vec::new(),
            told: Vec::new(),
            closing: Vec::new(),
            priced: Vec::new(),
        })
    }

    /// Replays everything; gives the number of bars and trades.
    ///
    /// # Errors
    /// What a trade source says.
    pub(super) fn run(
        &mut self,
        floor: &mut Floor,
        recorder: &mut Recorder,
        strategy: &mut (impl Strategy + ?Sized),
    ) -> Result<u64, BacktestError> {
        let n_events = self.run_all(floor, recorder, strategy)?;
        self.end((floor, recorder));
        Ok(n_events)
    }

    /// The body of [`Clock::run`].
    fn run_all(
        &mut self,
        floor: &mut Floor,
        recorder: &mut Recorder,
        strategy: &mut (impl Strategy + ?Sized),
    ) -> Result<u64, BacktestError> {
        let has_dates = !(self.funding.is_empty() && self.delistings.is_empty() && self.actions.is_empty());
        let has_calendar = self.evaluate.is_some() || self.universe.is_some();
        let is_alone = self.cursors.len() == 1 && !has_dates && !has_calendar;
        if is_alone {
            return self.run_alone((floor, recorder), strategy);
        }
        let mut n_events = 0;
        while let Some(now) = self.cursors.iter().filter_map(Cursor::next_close).min() {
            let open = self.next_open(floor).filter(|open| *open < now);
            if let Some(open) = open {
                self.pass_time(open, (floor, recorder));
                self.pay_funding(open, floor);
                floor.advance(open);
                self.open(open, floor, strategy);
                recorder.label(self.label(open), floor);
            } else if self.is_warming() && self.warm_up(now, floor, strategy)? {
                // Rows of the run that close at the same time come next.
            } else {
                n_events += self.instant(now, (floor, recorder), strategy)?;
            }
        }
        Ok(n_events)
    }

    /// [`Clock::run_all`] where there is one feed and nothing else: the same steps without looking for who is next.
    fn run_alone(
        &mut self,
        (floor, recorder): (&mut Floor, &mut Recorder),
        strategy: &mut (impl Strategy + ?Sized),
    ) -> Result<u64, BacktestError> {
        let mut n_events = 0;
        if self.cursors[0].is_bars() {
            if self.sampling == Sampling::Bars {
                recorder.reserve(self.cursors[0].n_bars());
            }
            while let Some(bar) = self.cursors[0].bar() {
                if bar.timestamp < self.start {
                    floor.warm_up(strategy, &Data::Bar(bar));
                    self.cursors[0].pass()?;
                    continue;
                }
                // A bar that closes with a stretch belongs to it.
                self.pass_time(bar.available_at - 1, (floor, recorder));
                floor.pass_bar(strategy, &bar);
                recorder.label(self.label(bar.timestamp), floor);
                self.sample((bar.timestamp, bar.available_at), true, (floor, recorder));
                self.cursors[0].pass()?;
                n_events += 1;
            }
        } else {
            while let Some(trade) = self.cursors[0].trade() {
                self.pass_time(trade.timestamp, (floor, recorder));
                floor.pass_trade(strategy, &trade);
                recorder.label(self.label(trade.timestamp), floor);
                self.cursors[0].pass()?;
                n_events += 1;
            }
        }
        Ok(n_events)
    }

    /// Whether rows from before the run are left.
    fn is_warming(&mut self) -> bool {
        if self.start != i64::MIN && !self.cursors.iter().any(|cursor| cursor.is_before(self.start)) {
            self.start = i64::MIN;
        }
        self.start != i64::MIN
    }

    /// Tells the rows from before the run that can be known at `now`; whether there were any.
    fn warm_up(
        &mut self,
        now: i64,
        floor: &mut Floor,
        strategy: &mut (impl Strategy + ?Sized),
    ) -> Result<bool, BacktestError> {
        let mut has_told = false;
        for at in 0..self.cursors.len() {
            while self.cursors[at].next_close() == Some(now) && self.cursors[at].is_before(self.start) {
                let (symbol_idx, label) = (self.cursors[at].symbol_idx, self.cursors[at].next_label().unwrap_or(now));
                self.book_symbol(symbol_idx, label, floor);
                let cursor = &mut self.cursors[at];
                for factor in cursor.factors() {
                    floor.warm_up(strategy, &Data::Factor(factor));
                }
                if let Some(bar) = cursor.bar() {
                    floor.warm_up(strategy, &Data::Bar(bar));
                }
                cursor.pass()?;
                has_told = true;
            }
        }
        Ok(has_told)
    }

    /// The first time from now on at which a bar opens whose symbol has orders.
    fn next_open(&self, floor: &Floor) -> Option<i64> {
        let now = floor.desk().now();
        let waiting = self.cursors.iter().filter(|cursor| cursor.executes && floor.has_orders(cursor.symbol_idx));
        waiting.filter_map(Cursor::next_open).filter(|open| *open >= now).min()
    }

    /// Everything that happens when rows can be known at `now`; gives their number.
    fn instant(
        &mut self,
        now: i64,
        (floor, recorder): (&mut Floor, &mut Recorder),
        strategy: &mut (impl Strategy + ?Sized),
    ) -> Result<u64, BacktestError> {
        // A bar that closes with a stretch belongs to it, a trade at its end to the next.
        let is_trade = |cursor: &Cursor<'_>| !cursor.is_bars() && !cursor.is_factors();
        let is_trade = self.cursors.iter().any(|cursor| is_trade(cursor) && cursor.next_close() == Some(now));
        self.pass_time(if is_trade { now } else { now - 1 }, (floor, recorder));
        self.pay_funding(now - 1, floor);
        self.delist(now - 1, floor);
        self.book_actions(now, floor);
        floor.advance(now);
        let mut n_events = 0;
        let (mut label, mut decided) = (None, None);
        // A feed may have several rows at one time (trades, event bars): they are told in turns.
        loop {
            self.due.clear();
            let due = (0..self.cursors.len()).filter(|&at| self.cursors[at].next_close() == Some(now));
            self.due.extend(due);
            if self.due.is_empty() {
                break;
            }
            n_events += self.due.iter().filter(|at| !self.cursors[**at].is_factors()).count() as u64;
            self.book_actions(now, floor);
            let turn = self.turn(now, floor, strategy)?;
            (label, decided) = (turn.0.max(label), turn.1.max(decided));
        }
        if let Some(label) = decided {
            if self.is_evaluation(label) {
                floor.evaluate(strategy);
            }
            self.n_instants += 1;
        }
        self.latest = label.max(self.latest);
        let shown = self.latest.unwrap_or(now);
        recorder.label(self.label(shown), floor);
        self.sample((shown, now), label.is_some(), (floor, recorder));
        if self.next_open(floor) == Some(now) {
            self.open(now, floor, strategy);
            recorder.label(self.label(now), floor);
        }
        Ok(n_events)
    }

    /// One row of each feed that is due; gives the latest label of bars that orders meet, and of deciding bars.
    fn turn(
        &mut self,
        now: i64,
        floor: &mut Floor,
        strategy: &mut (impl Strategy + ?Sized),
    ) -> Result<(Option<i64>, Option<i64>), BacktestError> {
        let mut decided = None;
        self.told.clear();
        self.priced.clear();
        self.closing.clear();
        for at in 0..self.due.len() {
            let cursor = &mut self.cursors[self.due[at]];
            if let Some(bar) = cursor.bar() {
                if cursor.executes {
                    self.closing.push(bar);
                    self.priced.push(bar.symbol_idx);
                }
                if cursor.decides {
                    decided = decided.max(Some(bar.timestamp));
                }
                self.told.push(Data::Bar(bar));
            } else if let Some(trade) = cursor.trade() {
                floor.trade(&trade);
                self.priced.push(trade.symbol_idx);
                self.told.push(Data::Trade(trade));
            } else {
                self.told.extend(cursor.factors().map(Data::Factor));
            }
            cursor.pass()?;
        }
        let label = self.close(floor);
        floor.accrue();
        self.pay_funding(now, floor);
        self.delist(now, floor);
        floor.settle(&self.priced);
        self.admit(decided, floor);
        for data in &self.told {
            floor.tell(strategy, data);
        }
        Ok((label, decided))
    }

    /// Takes up the universe of a period that has begun with a deciding bar of this label.
    fn admit(&mut self, label: Option<i64>, floor: &mut Floor) {
        let (Some(Admission { chosen, leave }), Some(label)) = (&self.universe, label) else { return };
        let period = chosen.rule.period(label);
        if self.admitted.is_some_and(|admitted| admitted >= period) {
            return;
        }
        self.admitted = Some(period);
        let grounds = chosen.grounds(label, floor.desk().n_symbols());
        let admitted: Vec<bool> = grounds.iter().map(Option::is_none).collect();
        floor.admit(&admitted, *leave);
    }

    /// Bars close: the paths of all symbols, then at their closes sells of all symbols, then buys. Gives their latest label.
    fn close(&self, floor: &mut Floor) -> Option<i64> {
        for bar in &self.closing {
            floor.path(bar);
        }
        for side in [Side::Sell, Side::Buy] {
            for bar in &self.closing {
                if floor.has_orders(bar.symbol_idx) {
                    floor.last(bar, side);
                }
            }
        }
        for bar in &self.closing {
            floor.end(bar);
        }
        self.closing.iter().map(|bar| bar.timestamp).max()
    }

    /// Bars open at `now`: sells of all symbols, then buys.
    fn open(&mut self, now: i64, floor: &mut Floor, strategy: &mut (impl Strategy + ?Sized)) {
        self.due.clear();
        let opens = |cursor: &Cursor<'_>| {
            cursor.executes && cursor.next_open() == Some(now) && floor.has_orders(cursor.symbol_idx)
        };
        let due = (0..self.cursors.len()).filter(|&at| opens(&self.cursors[at]));
        self.due.extend(due);
        for at in 0..self.due.len() {
            self.book_symbol(self.cursors[self.due[at]].symbol_idx, now, floor);
        }
        for side in [Side::Sell, Side::Buy] {
            for &at in &self.due {
                if let Some(bar) = self.cursors[at].bar() {
                    floor.open(&bar, Some(side));
                }
            }
        }
        for &at in &self.due {
            self.cursors[at].is_opened = true;
        }
        floor.deliver(strategy);
    }

    /// Books splits and dividends of symbols whose rows can be known at `now`, as of when these rows began.
    fn book_actions(&mut self, now: i64, floor: &mut Floor) {
        if self.actions.is_empty() {
            return;
        }
        for at in 0..self.cursors.len() {
            let cursor = &self.cursors[at];
            if cursor.next_close() == Some(now) {
                self.book_symbol(cursor.symbol_idx, cursor.next_label().unwrap_or(now), floor);
            }
        }
    }

    /// Books the splits and dividends of a symbol whose ex-date has come by `label`, when a row of it begins.
    fn book_symbol(&mut self, symbol_idx: u32, label: i64, floor: &mut Floor) {
        let Some(actions) = self.actions.get_mut(symbol_idx as usize) else { return };
        while let Some(action) = actions.pop_if(|action| action.timestamp <= label) {
            floor.advance(label);
            floor.act(symbol_idx, &action);
        }
    }

    /// Pays what is due up to `until`.
    fn pay_funding(&mut self, until: i64, floor: &mut Floor) {
        while let Some(&(symbol_idx, due)) = self.funding.last().filter(|(_, due)| due.at <= until) {
            self.funding.pop();
            let mark = due.mark.unwrap_or(floor.desk().price(symbol_idx));
            // Trading may have ended within the bar under way.
            let has_ended = self.delistings.iter().any(|(at, ended)| *ended == symbol_idx && *at < due.at);
            if floor.desk().quantity(symbol_idx) != 0.0 && !has_ended {
                floor.advance(due.at);
                floor.fund(symbol_idx, due.rate, mark);
            }
        }
    }

    /// Ends trading in symbols whose time has come by `until`.
    fn delist(&mut self, until: i64, floor: &mut Floor) {
        let mut next = self.delistings.len();
        while let Some(at) = next.checked_sub(1).filter(|at| self.delistings[*at].0 <= until) {
            next = at;
            let (ended_at, symbol_idx) = self.delistings[at];
            if !self.is_ending(symbol_idx, (ended_at, until)) {
                self.delistings.remove(at);
                // What was given away after the last row and before the end is still the holder's.
                self.book_symbol(symbol_idx, ended_at, floor);
                floor.delist(symbol_idx);
            }
        }
    }

    /// Whether the bar in which a symbol's trading ended has not closed by `until`: the last price is its close.
    fn is_ending(&self, symbol_idx: u32, (ended_at, until): (i64, i64)) -> bool {
        let is_open = |bar: Bar| bar.timestamp < ended_at && bar.available_at > until;
        let mut cursors = self.cursors.iter().filter(|cursor| cursor.executes && cursor.symbol_idx == symbol_idx);
        cursors.any(|cursor| cursor.bar().is_some_and(is_open))
    }

    /// Whether the strategy evaluates after a bar with this label.
    fn is_evaluation(&mut self, label: i64) -> bool {
        match self.evaluate {
            None => false,
            Some(Rebalance::Bars(n_bars)) => self.n_instants.is_multiple_of(n_bars),
            Some(rule) => {
                let period = rule.period_start(label);
                let is_new = period > self.period;
                self.period = self.period.max(period);
                is_new
            }
        }
    }

    /// Takes a sample of a bar's close where bars are what is sampled.
    #[inline]
    fn sample(&mut self, (label, now): (i64, i64), is_bar: bool, (floor, recorder): (&mut Floor, &mut Recorder)) {
        if is_bar && self.sampling == Sampling::Bars {
            recorder.sample((label, now), floor);
        }
    }

    /// Before anything happens at `now`: takes the sample of the stretch that has ended, if one has.
    #[inline]
    fn pass_time(&mut self, now: i64, (floor, recorder): (&mut Floor, &mut Recorder)) {
        if now >= self.sample_at {
            self.end_stretch(now, (floor, recorder));
        }
    }

    /// Ends the stretch under way and those without events after it, each labelled with its beginning as a time bar is, and
    /// begins that of `now`.
    fn end_stretch(&mut self, now: i64, (floor, recorder): (&mut Floor, &mut Recorder)) {
        let Sampling::Every(stretch) = self.sampling else { return };
        let stretch = stretch.max(1);
        let next = now.div_euclid(stretch).saturating_add(1).saturating_mul(stretch);
        if self.sample_at == i64::MIN {
            self.sample_at = next;
        }
        while self.sample_at < next {
            recorder.sample((self.sample_at - stretch, self.sample_at), floor);
            self.sample_at += stretch;
        }
    }

    /// Takes the last sample: of the stretch in which the replay ends.
    fn end(&mut self, (floor, recorder): (&mut Floor, &mut Recorder)) {
        if self.sample_at != i64::MAX && self.sample_at != i64::MIN {
            self.end_stretch(self.sample_at, (floor, recorder));
        }
    }

    /// The label of what happens now: the bar's, or the beginning of the stretch where stretches are sampled.
    #[inline]
    fn label(&self, label: i64) -> i64 {
        match self.sampling {
            Sampling::Every(stretch) => self.sample_at.saturating_sub(stretch.max(1)),
            _ => label,
        }
    }
}

/// The actions that come after the first row of each symbol, the next one last; empty when there are none.
fn to_come(mut actions: Vec<Vec<CorporateAction>>, cursors: &[Cursor<'_>]) -> Vec<Vec<CorporateAction>> {
    for (symbol_idx, actions) in actions.iter_mut().enumerate() {
        let of_symbol = cursors.iter().filter(|cursor| cursor.symbol_idx as usize == symbol_idx);
        let first = of_symbol.filter_map(Cursor::next_label).min();
        // Nobody held anything before there was a price.
        actions.retain(|action| first.is_some_and(|first| action.timestamp > first));
        actions.sort_by_key(|action| std::cmp::Reverse(action.timestamp));
    }
    if actions.iter().all(Vec::is_empty) { Vec::new() } else { actions }
}
