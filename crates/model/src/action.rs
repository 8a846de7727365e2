//! Corporate actions: what turns one price of a share into another without anybody having gained or lost.

/// What happened to one share at the open of its ex-date.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorporateAction {
    /// Label of the first daily bar that trades without what was given away (the ex-date), microseconds UTC.
    pub timestamp: i64,
    /// From when it may be acted on: the open of the ex-date, microseconds UTC. Announcements come earlier; no source
    /// here has them.
    pub available_at: i64,
    /// Shares held after it for each one held before; 1 when there is no split.
    pub split: f64,
    /// Cash for each share held before it, quote units, before tax; 0 when there is none.
    pub dividend: f64,
    /// What a price before the ex-date is multiplied with to compare with prices after it: for a pure split `1 / split`,
    /// for a pure dividend `(close - dividend) / close` of the last close before it.
    pub factor: f64,
}

/// Numbers with which raw prices at `timestamps` (ascending) are multiplied so that their ratios are total returns, by
/// what was known at each of them: the product of `1 / factor` of the actions whose ex-date has come. It begins at 1 and
/// looks at no later action, unlike the usual adjustment of the past by the present.
pub fn growth(timestamps: &[i64], actions: &[CorporateAction]) -> Vec<f64> {
    let mut coming = actions.iter().peekable();
    let mut product = 1.0;
    let started = timestamps.first().copied().unwrap_or(i64::MIN);
    let step = |timestamp: &i64| {
        while let Some(action) = coming.next_if(|action| action.timestamp <= *timestamp) {
            // An ex-date at or before the first price has no price before it to compare with.
            if action.timestamp > started {
                product /= action.factor;
            }
        }
        product
    };
    timestamps.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    //! A split and a dividend by hand.

    use super::*;

    #[test]
    fn growth_makes_ratios_total_returns() {
        let action = |timestamp, split, dividend, factor| CorporateAction {
            timestamp,
            available_at: timestamp,
            split,
            dividend,
            factor,
        };
        // 100 -> 100 -> (2 for 1) 50 -> (dividend 5 on a close of 50) 45: nothing was gained or lost.
        let actions = [action(0, 3.0, 0.0, 1.0 / 3.0), action(2, 2.0, 0.0, 0.5), action(3, 1.0, 5.0, 0.9)];
        let growth = growth(&[0, 1, 2, 3], &actions);
        let adjusted: Vec<f64> = [100.0, 100.0, 50.0, 45.0].iter().zip(&growth).map(|(price, g)| price * g).collect();
        assert_eq!(adjusted, [100.0, 100.0, 100.0, 100.0]);
    }
}
