//! When sessions open and close: the rule of a run, and an exchange's own times where the rule leaves it to them.

use super::rules::Session;

/// The sessions a venue keeps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hours {
    /// The rule.
    session: Session,
    /// Open and close of each session of the exchange, ascending, microseconds UTC; empty where it is open around the clock
    /// or not known.
    times: Vec<(i64, i64)>,
}

impl Hours {
    /// The sessions of a rule; `times` count where the rule is [`Session::Auto`].
    pub fn new(session: Session, times: Vec<(i64, i64)>) -> Self {
        let times = if session == Session::Auto { times } else { Vec::new() };
        Self { session, times }
    }

    /// The end of the session in which an order sent at `at` works, or of the next one when it is sent between two. After
    /// the last session that is known a day is a UTC day.
    pub fn end(&self, at: i64) -> i64 {
        let next = self.times.partition_point(|(_, close)| *close <= at);
        self.times.get(next).map_or_else(|| self.session.end(at), |(_, close)| *close)
    }

    /// Whether a bar (or trade) from `timestamp` to `available_at` is the first of its session; the one before it began and
    /// could be known at `before`.
    pub fn opens_at(&self, (timestamp, available_at): (i64, i64), before: Option<(i64, i64)>) -> bool {
        if self.times.is_empty() {
            return self.session.opens_at(timestamp, before.map(|(timestamp, _)| timestamp));
        }
        let at = self.times.partition_point(|(_, close)| *close <= timestamp);
        // A daily bar is labelled by its date, before its session opens.
        self.times.get(at).is_some_and(|&(open, _)| {
            (timestamp >= open || available_at > open)
                && before.is_none_or(|(began, known_at)| began < open && known_at <= open)
        })
    }

    /// Whether a bar from `timestamp` to `available_at` is the last of its session.
    pub fn closes_with(&self, timestamp: i64, available_at: i64) -> bool {
        if self.times.is_empty() {
            return self.session.closes_with(timestamp, available_at);
        }
        let at = self.times.partition_point(|(_, close)| *close <= timestamp);
        self.times.get(at).is_some_and(|(_, close)| *close <= available_at)
    }
}

#[cfg(test)]
mod tests {
    //! A Thursday, an early Friday close and a Monday, by hand.

    use super::*;
    use crosscut_model::time::{DAY, HOUR};

    /// 14:30 to 21:00, 14:30 to 18:00, and 14:30 to 21:00 three days later.
    fn hours() -> Hours {
        let session = |day: i64, close: i64| (day * DAY + 14 * HOUR + HOUR / 2, day * DAY + close * HOUR);
        Hours::new(Session::Auto, vec![session(0, 21), session(1, 18), session(4, 21)])
    }

    #[test]
    fn a_day_order_ends_with_its_session() {
        let hours = hours();
        assert_eq!(hours.end(15 * HOUR), 21 * HOUR);
        // Sent at the close: the next session, however far it is.
        assert_eq!(hours.end(21 * HOUR), DAY + 18 * HOUR);
        assert_eq!(hours.end(DAY + 18 * HOUR), 4 * DAY + 21 * HOUR);
        assert_eq!(hours.end(4 * DAY + 21 * HOUR), 5 * DAY);
        assert_eq!(Hours::new(Session::Auto, Vec::new()).end(15 * HOUR), DAY);
        let given = Session::Daily { opens: 0, closes: 16 * HOUR };
        assert_eq!(Hours::new(given, vec![(HOUR, 21 * HOUR)]).end(15 * HOUR), 16 * HOUR);
    }

    #[test]
    fn each_session_has_one_first_and_one_last_bar() {
        let hours = hours();
        let bars: Vec<(i64, i64)> = (0..5 * 24)
            .map(|hour| (hour * HOUR, (hour + 1) * HOUR))
            .filter(|(from, _)| from % DAY >= 12 * HOUR)
            .collect();
        let mut before = None;
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for &(from, to) in &bars {
            if hours.opens_at((from, to), before) {
                first.push(from / HOUR);
            }
            if hours.closes_with(from, to) {
                last.push(from / HOUR);
            }
            before = Some((from, to));
        }
        // The bar in which the session opens, and the one in which it closes; none at the weekend.
        assert_eq!(first, [14, 24 + 14, 4 * 24 + 14]);
        assert_eq!(last, [20, 24 + 17, 4 * 24 + 20]);
    }

    #[test]
    fn daily_bars_open_and_close_their_sessions() {
        let hours = hours();
        let days = [(0, 21 * HOUR), (DAY, DAY + 18 * HOUR), (4 * DAY, 4 * DAY + 21 * HOUR)];
        for (at, &(from, to)) in days.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| days[before]);
            assert!(hours.opens_at((from, to), before) && hours.closes_with(from, to), "{at}");
        }
    }

    #[test]
    fn the_first_trade_of_a_session_opens_it() {
        let hours = hours();
        let open = 14 * HOUR + HOUR / 2;
        let trade = |at: i64, before: i64| hours.opens_at((at, at), Some((before, before)));
        assert!(trade(open, open - 1) && trade(open + 5, open - 9));
        assert!(!trade(open - 1, open - 2) && !trade(open + 6, open + 5));
    }
}
