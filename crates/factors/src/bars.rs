//! The bars of one symbol as the engine wants them: times, the columns the formulas need, and which rows were
//! invented by the fill policy. No row is invented unless the policy says so, and what it invents is counted.

use crosscut_model::Timeframe;

/// Bars of one symbol in time order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SymbolBars {
    /// Bar opens, microseconds UTC.
    pub timestamp: Vec<i64>,
    /// Bar closes, microseconds UTC.
    pub available_at: Vec<i64>,
    /// The numbers of event bars, which may share times; empty for bars of one length.
    pub bar_seq: Vec<i64>,
    /// Columns by name, in the order they were asked for; missing is NaN.
    pub columns: Vec<(String, Vec<f64>)>,
    /// Whether each row was invented by the fill policy; empty when none was.
    pub invented: Vec<bool>,
}

/// How a missing bar's value follows from the bar before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carry {
    /// The last close: without a trade, every price of the bar is where the market stood.
    Close,
    /// Zero: nothing was traded.
    Zero,
    /// The value of the bar before: a column of the source whose meaning we do not know.
    Previous,
}

impl Carry {
    /// The rule of a bar column.
    fn of(column: &str) -> Self {
        match column {
            "open" | "high" | "low" | "close" | "vwap" | "medium_price" => Self::Close,
            "volume" | "buy_volume" | "sell_volume" | "dollar_volume" | "tick_count" | "up_move_ratio"
            | "reversals" => Self::Zero,
            _ => Self::Previous,
        }
    }

    /// The value of an invented bar, given this column's value and the close of the bar before. What the source does
    /// not give (NaN) stays missing.
    fn value(self, previous: f64, close: f64) -> f64 {
        match self {
            _ if previous.is_nan() => f64::NAN,
            Self::Close => close,
            Self::Zero => 0.0,
            Self::Previous => previous,
        }
    }
}

impl SymbolBars {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.timestamp.len()
    }

    /// Number of rows that were invented.
    pub fn n_invented(&self) -> usize {
        self.invented.iter().filter(|invented| **invented).count()
    }

    /// Rows up to and including the bar number `n` of these, counted from 1; all when there are fewer bars.
    pub fn rows_of(&self, n: usize) -> usize {
        if self.invented.is_empty() || n == 0 {
            return n.min(self.len());
        }
        let bars = self.invented.iter().enumerate().filter(|(_, invented)| !**invented);
        bars.map(|(row, _)| row + 1).nth(n - 1).unwrap_or(self.len())
    }

    /// Takes the rows up to and including the label `until` out of the front.
    pub fn take_until(&mut self, until: i64) -> Self {
        let n = self.timestamp.partition_point(|&label| label <= until);
        if n == self.len() {
            let columns = self.columns.iter().map(|(name, _)| (name.clone(), Vec::new())).collect();
            return std::mem::replace(self, Self { columns, ..Self::default() });
        }
        let rest = self.split_off(n);
        std::mem::replace(self, rest)
    }

    /// Takes the rows from `n` on.
    pub fn split_off(&mut self, n: usize) -> Self {
        Self {
            timestamp: self.timestamp.split_off(n),
            available_at: self.available_at.split_off(n),
            bar_seq: self.bar_seq.split_off(n.min(self.bar_seq.len())),
            columns: self.columns.iter_mut().map(|(name, values)| (name.clone(), values.split_off(n))).collect(),
            invented: self.invented.split_off(n.min(self.invented.len())),
        }
    }

    /// Puts rows behind these; the columns are the same.
    pub fn append(&mut self, mut rows: Self) {
        if self.len() == 0 {
            *self = rows;
            return;
        }
        if !self.invented.is_empty() || !rows.invented.is_empty() {
            self.invented.resize(self.timestamp.len(), false);
            rows.invented.resize(rows.timestamp.len(), false);
            self.invented.append(&mut rows.invented);
        }
        self.timestamp.append(&mut rows.timestamp);
        self.available_at.append(&mut rows.available_at);
        self.bar_seq.append(&mut rows.bar_seq);
        for ((_, values), (_, more)) in self.columns.iter_mut().zip(&mut rows.columns) {
            values.append(more);
        }
    }

    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find(|(column, _)| column == name).map(|(_, values)| values.as_slice())
    }

    /// Inserts up to `limit` bars after each bar that is followed by a gap, labelled by `timeframe`. Needs the column
    /// `close`. Returns how many were inserted.
    ///
    /// # Panics
    /// If the column `close` is not there.
    pub fn fill_forward(&mut self, timeframe: Timeframe, limit: u32) -> usize {
        let source = self.sources(timeframe, limit);
        let n_filled = source.iter().filter(|(_, label)| label.is_some()).count();
        if n_filled == 0 {
            return 0;
        }
        let close = self.column("close").expect("the plan reads close whenever it fills").to_vec();
        for (name, values) in &mut self.columns {
            let carry = Carry::of(name);
            let value = |(row, label): &(usize, Option<i64>)| match label {
                None => values[*row],
                Some(_) => carry.value(values[*row], close[*row]),
            };
            *values = source.iter().map(value).collect();
        }
        self.invented = source.iter().map(|(_, label)| label.is_some()).collect();
        self.available_at = source
            .iter()
            .map(|(row, label)| label.map_or(self.available_at[*row], |label| timeframe.next(label)))
            .collect();
        self.timestamp = source.iter().map(|(row, label)| label.unwrap_or(self.timestamp[*row])).collect();
        n_filled
    }

    /// For each row of the filled table, the row it comes from, and its label when it is invented.
    fn sources(&self, timeframe: Timeframe, limit: u32) -> Vec<(usize, Option<i64>)> {
        let mut source = Vec::with_capacity(self.len());
        for (row, &label) in self.timestamp.iter().enumerate() {
            source.push((row, None));
            let Some(&following) = self.timestamp.get(row + 1) else { break };
            let mut missing = timeframe.next(label);
            for _ in 0..limit {
                if missing >= following {
                    break;
                }
                source.push((row, Some(missing)));
                missing = timeframe.next(missing);
            }
        }
        source
    }
}

#[cfg(test)]
mod tests {
    //! Gaps shorter than, as long as and longer than the limit.

    use super::*;
    use crosscut_model::time::HOUR;

    /// Hourly bars at the given hours, close = 10 + hour, volume = 1, premium unknown.
    fn bars(hours: &[i64]) -> SymbolBars {
        SymbolBars {
            timestamp: hours.iter().map(|h| h * HOUR).collect(),
            available_at: hours.iter().map(|h| (h + 1) * HOUR).collect(),
            columns: vec![
                ("close".to_owned(), hours.iter().map(|&h| 10.0 + h as f64).collect()),
                ("high".to_owned(), hours.iter().map(|&h| 20.0 + h as f64).collect()),
                ("volume".to_owned(), vec![1.0; hours.len()]),
                ("medium_price".to_owned(), vec![f64::NAN; hours.len()]),
                ("premium_close".to_owned(), vec![0.5; hours.len()]),
            ],
            ..SymbolBars::default()
        }
    }

    #[test]
    fn fills_up_to_the_limit() {
        let mut filled = bars(&[0, 2, 6, 7]);
        assert_eq!(filled.fill_forward("1h".parse().unwrap(), 2), 3);
        let hours: Vec<i64> = filled.timestamp.iter().map(|t| t / HOUR).collect();
        assert_eq!(hours, [0, 1, 2, 3, 4, 6, 7]);
        assert_eq!(filled.invented, [false, true, false, true, true, false, false]);
        assert_eq!(filled.available_at[3], 4 * HOUR);
        assert_eq!(filled.column("close").unwrap(), [10.0, 10.0, 12.0, 12.0, 12.0, 16.0, 17.0]);
        assert_eq!(filled.column("high").unwrap()[1], 10.0, "a bar without trades is flat at the last close");
        assert_eq!(filled.column("volume").unwrap(), [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(filled.column("premium_close").unwrap()[3], 0.5);
        assert!(filled.column("medium_price").unwrap().iter().all(|v| v.is_nan()));
    }

    #[test]
    fn nothing_to_fill() {
        for hours in [&[][..], &[3], &[3, 4, 5]] {
            let mut filled = bars(hours);
            assert_eq!(filled.fill_forward("1h".parse().unwrap(), 5), 0);
            assert_eq!(filled.timestamp, bars(hours).timestamp);
            assert!(filled.invented.is_empty());
        }
    }

    #[test]
    fn months_have_their_own_lengths() {
        let at = |text: &str| crosscut_model::parse_iso(text).unwrap();
        let mut filled = bars(&[0, 1]);
        filled.timestamp = vec![at("2024-01"), at("2024-04")];
        assert_eq!(filled.fill_forward("1M".parse().unwrap(), 5), 2);
        assert_eq!(filled.timestamp, [at("2024-01"), at("2024-02"), at("2024-03"), at("2024-04")]);
        assert_eq!(filled.available_at[2], at("2024-04"));
    }
}
