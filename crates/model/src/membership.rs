//! Who belonged to an index or another list, and from when to when.

/// A stretch of time over which a symbol belonged to a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    /// The symbol.
    pub symbol: String,
    /// First moment, microseconds UTC.
    pub start: i64,
    /// End, exclusive, microseconds UTC; `None` while it belongs.
    pub end: Option<i64>,
}

/// All stretches of a list, sorted by symbol and start; those of one symbol do not overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// The stretches.
    stretches: Vec<Membership>,
}

impl Members {
    /// Sorts stretches.
    ///
    /// # Errors
    /// The stretch (the later one of two) that ends before it starts or overlaps another one of its symbol.
    pub fn new(mut stretches: Vec<Membership>) -> Result<Self, Membership> {
        stretches.sort();
        if let Some(wrong) = stretches.iter().find(|one| one.end.is_some_and(|end| end <= one.start)) {
            return Err(wrong.clone());
        }
        let overlap = |pair: &&[Membership]| {
            pair[0].symbol == pair[1].symbol && pair[0].end.is_none_or(|end| end > pair[1].start)
        };
        match stretches.windows(2).find(overlap) {
            Some(pair) => Err(pair[1].clone()),
            None => Ok(Self { stretches }),
        }
    }

    /// All stretches, sorted by symbol and start.
    pub fn stretches(&self) -> &[Membership] {
        &self.stretches
    }

    /// Whether a symbol belonged to the list at a moment (microseconds UTC).
    pub fn contains(&self, symbol: &str, at: i64) -> bool {
        let after = self.stretches.partition_point(|one| (one.symbol.as_str(), one.start) <= (symbol, at));
        let before = after.checked_sub(1).map(|before| &self.stretches[before]);
        before.is_some_and(|one| one.symbol == symbol && one.end.is_none_or(|end| at < end))
    }

    /// The symbols that belonged to the list at a moment (microseconds UTC), sorted.
    pub fn at(&self, at: i64) -> Vec<&str> {
        let holds = |one: &&Membership| one.start <= at && one.end.is_none_or(|end| at < end);
        self.stretches.iter().filter(holds).map(|one| one.symbol.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    //! Coming, going and coming back.

    use super::*;

    fn stretch(symbol: &str, start: i64, end: Option<i64>) -> Membership {
        Membership { symbol: symbol.to_owned(), start, end }
    }

    #[test]
    fn ends_are_exclusive_and_symbols_come_back() {
        let all = vec![stretch("AAL", 50, None), stretch("A", 10, None), stretch("AAL", 10, Some(20))];
        let members = Members::new(all).unwrap();
        assert_eq!((members.at(10), members.at(20), members.at(50)), (vec!["A", "AAL"], vec!["A"], vec!["A", "AAL"]));
        assert_eq!(
            [9, 10, 19, 20, 49, 50].map(|at| members.contains("AAL", at)),
            [false, true, true, false, false, true]
        );
        assert!(!members.contains("AA", 15) && !members.contains("B", 15));
    }

    #[test]
    fn contradictions_are_told() {
        assert_eq!(Members::new(vec![stretch("A", 5, Some(5))]), Err(stretch("A", 5, Some(5))));
        let twice = vec![stretch("A", 8, Some(12)), stretch("A", 5, Some(9))];
        assert_eq!(Members::new(twice), Err(stretch("A", 8, Some(12))));
        assert!(Members::new(vec![stretch("A", 5, None), stretch("A", 9, None)]).is_err());
    }
}
