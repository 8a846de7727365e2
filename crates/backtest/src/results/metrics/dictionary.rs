//! The dictionary of metrics: names, headings, units and definitions, in the order of `metrics.json`.

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A fraction, shown as a percentage.
    Share,
    /// Quote units.
    Amount,
    /// A number without unit.
    Ratio,
    /// A whole number.
    Count,
    /// Days of 24 hours.
    Days,
    /// Bars of a symbol.
    Bars,
}

/// What there is to say about a metric besides its value.
pub(super) struct Definition {
    /// Name in `metrics.json`.
    pub(super) name: &'static str,
    /// Heading.
    pub(super) label: &'static str,
    /// What it counts.
    pub(super) unit: Unit,
    /// Whether the calendar's periods per year are in it.
    pub(super) annualised: bool,
    /// Definition in words and symbols: `W` the equity, `r` its simple returns, `N` periods per year.
    pub(super) note: &'static str,
}

/// Shorthand for a row of the dictionary that is not annualised.
const fn plain(name: &'static str, label: &'static str, unit: Unit, note: &'static str) -> Definition {
    Definition { name, label, unit, annualised: false, note }
}

/// Shorthand for a row of the dictionary that is annualised by the calendar.
const fn yearly(name: &'static str, label: &'static str, unit: Unit, note: &'static str) -> Definition {
    Definition { name, label, unit, annualised: true, note }
}

/// The dictionary, in the order of `metrics.json`.
pub(super) const DICTIONARY: &[Definition] = &[
    plain("final_equity", "Final equity", Unit::Amount, "equity after the last bar, quote units"),
    plain("total_return", "Total return", Unit::Share, "W_n/W_0 - 1, W_0 is the capital"),
    plain("cagr", "CAGR", Unit::Share, "(W_n/W_0)^(1/years) - 1, years of 365.25 days between first and last label"),
    yearly("volatility", "Volatility", Unit::Share, "std(r)*sqrt(N), ddof 1"),
    yearly("sharpe", "Sharpe ratio", Unit::Ratio, "mean(r)/std(r)*sqrt(N), ddof 1, risk-free rate 0"),
    yearly(
        "sortino",
        "Sortino ratio",
        Unit::Ratio,
        "mean(r)/sqrt(sum(min(r,0)^2)/n)*sqrt(N), downside over all n returns",
    ),
    yearly(
        "downside_deviation",
        "Downside deviation",
        Unit::Share,
        "sqrt(sum(min(r,0)^2)/n)*sqrt(N), downside over all n returns",
    ),
    plain("calmar", "Calmar ratio", Unit::Ratio, "CAGR/|max drawdown|"),
    plain("max_drawdown", "Max drawdown", Unit::Share, "lowest W/max(W so far) - 1"),
    plain(
        "max_drawdown_days",
        "Length of max drawdown",
        Unit::Days,
        "from the high before the max drawdown to its recovery, or to the end",
    ),
    plain(
        "longest_drawdown_days",
        "Longest drawdown",
        Unit::Days,
        "longest time from a high to its recovery, or to the end",
    ),
    plain(
        "probabilistic_sharpe",
        "Probabilistic Sharpe",
        Unit::Share,
        "probability that the true Sharpe ratio is above 0 (Bailey and Lopez de Prado 2012), raw kurtosis",
    ),
    plain("ulcer_index", "Ulcer index", Unit::Share, "sqrt(mean(d^2)), d the fall below the highest W so far"),
    plain("recovery_factor", "Recovery factor", Unit::Ratio, "total return/|max drawdown|"),
    plain("best_period", "Best bar", Unit::Share, "highest r"),
    plain("worst_period", "Worst bar", Unit::Share, "lowest r"),
    plain("positive_periods", "Bars with a gain", Unit::Share, "share of r above 0"),
    plain("value_at_risk_95", "Value at risk, 95 %", Unit::Share, "5 % quantile of r, linear between order statistics"),
    plain(
        "conditional_value_at_risk_95",
        "Conditional value at risk, 95 %",
        Unit::Share,
        "mean of the floor((n-1)*0.05)+1 lowest r",
    ),
    plain("skewness", "Skewness", Unit::Ratio, "m3/m2^1.5 of r, ddof 0"),
    plain("kurtosis", "Kurtosis", Unit::Ratio, "m4/m2^2 of r, ddof 0, raw: 3 for a normal distribution"),
    plain("tail_ratio", "Tail ratio", Unit::Ratio, "|95 % quantile of r|/|5 % quantile|"),
    plain("omega", "Omega ratio", Unit::Ratio, "sum of r above 0 over sum of r below"),
    plain("gain_to_pain", "Gain to pain", Unit::Ratio, "sum(r) over the sum of losses"),
    plain("stability", "Stability", Unit::Ratio, "R^2 of a straight line through log W"),
    plain("n_bars", "Bars", Unit::Count, "bars of the timeline"),
    plain("n_rebalances", "Rebalances", Unit::Count, "times the portfolio was decided anew"),
    plain("n_orders", "Orders", Unit::Count, "orders made"),
    plain("n_fills", "Fills", Unit::Count, "orders filled in full or in part"),
    plain("n_trades", "Closed trades", Unit::Count, "one symbol from flat to flat"),
    plain("win_rate", "Win rate", Unit::Share, "closed trades with a profit after costs over all closed trades"),
    plain(
        "profit_factor",
        "Profit factor",
        Unit::Ratio,
        "sum of profits over sum of losses of closed trades, after costs",
    ),
    plain("expectancy", "Expectancy", Unit::Amount, "mean profit of a closed trade after costs, quote units"),
    plain("payoff", "Payoff ratio", Unit::Ratio, "mean profit of winners over mean loss of losers"),
    plain("mean_trade_bars", "Mean holding time", Unit::Bars, "mean bars from a closed trade's first fill to its last"),
    plain(
        "median_trade_bars",
        "Median holding time",
        Unit::Bars,
        "median bars from a closed trade's first fill to its last",
    ),
    plain("best_trade", "Best trade", Unit::Amount, "highest profit of a closed trade after costs, quote units"),
    plain("worst_trade", "Worst trade", Unit::Amount, "lowest profit of a closed trade after costs, quote units"),
    plain("average_win", "Average win", Unit::Amount, "mean profit of winners, quote units"),
    plain("average_loss", "Average loss", Unit::Amount, "mean loss of losers, quote units"),
    plain("longest_winning_streak", "Longest winning streak", Unit::Count, "winners closed one after the other"),
    plain("longest_losing_streak", "Longest losing streak", Unit::Count, "losers closed one after the other"),
    plain(
        "quality_number",
        "System quality number",
        Unit::Ratio,
        "sqrt(n)*mean/std of profits of closed trades, ddof 1",
    ),
    plain("kelly", "Kelly fraction", Unit::Ratio, "p - (1-p)/payoff, p the win rate"),
    plain(
        "mean_mae",
        "Mean adverse excursion",
        Unit::Share,
        "mean over closed trades of the lowest profit before commission while open (0 or below), over the value opened",
    ),
    plain(
        "mean_mfe",
        "Mean favourable excursion",
        Unit::Share,
        "mean over closed trades of the highest profit before commission while open (0 or above), over the value opened",
    ),
    plain("edge_ratio", "Edge ratio", Unit::Ratio, "mean favourable excursion/|mean adverse excursion|"),
    plain("n_long_trades", "Closed long trades", Unit::Count, "one symbol from flat to flat, bought first"),
    plain("n_short_trades", "Closed short trades", Unit::Count, "one symbol from flat to flat, sold first"),
    plain("win_rate_long", "Win rate, long", Unit::Share, "closed long trades with a profit after costs"),
    plain("win_rate_short", "Win rate, short", Unit::Share, "closed short trades with a profit after costs"),
    plain(
        "turnover",
        "Turnover",
        Unit::Share,
        "one-sided: mean of 0.5*sum|w - w_drifted| per rebalance; of strategies of every bar, of 0.5*traded/equity per bar with fills",
    ),
    plain("turnover_yearly", "Turnover per year", Unit::Share, "sum of one-sided turnover over years of 365.25 days"),
    plain("commission", "Commission", Unit::Amount, "sum over all fills, quote units"),
    plain("slippage", "Slippage", Unit::Amount, "sum over all fills against the reference price, quote units"),
    plain("funding", "Funding", Unit::Amount, "sum over the run, negative was paid, quote units"),
    plain("borrow", "Borrow", Unit::Amount, "sum over the run, negative was paid, quote units"),
    plain("dividend", "Dividends", Unit::Amount, "sum over the run, negative was paid, quote units"),
    plain("liquidation_fee", "Liquidation fees", Unit::Amount, "sum over the run, negative was paid, quote units"),
    plain("gross_exposure", "Gross exposure", Unit::Share, "mean over bars of sum|position value|/equity"),
    plain("net_exposure", "Net exposure", Unit::Share, "mean over bars of sum(position value)/equity"),
    plain("time_in_market", "Time in market", Unit::Share, "share of bars with any position"),
    plain("benchmark_return", "Benchmark return", Unit::Share, "total return of the benchmark from its first price"),
    yearly("alpha", "Alpha", Unit::Share, "intercept of r on the benchmark's returns by OLS, times N"),
    plain("beta", "Beta", Unit::Ratio, "slope of r on the benchmark's returns by OLS"),
    plain(
        "benchmark_correlation",
        "Correlation with benchmark",
        Unit::Ratio,
        "Pearson correlation of r and the benchmark's returns",
    ),
    plain(
        "excess_return",
        "Excess return",
        Unit::Share,
        "total return less that of the benchmark, where it has a price",
    ),
    yearly("tracking_error", "Tracking error", Unit::Share, "std(r - b)*sqrt(N), b the benchmark's returns"),
    yearly("information_ratio", "Information ratio", Unit::Ratio, "mean(r - b)/std(r - b)*sqrt(N)"),
    plain(
        "up_capture",
        "Up capture",
        Unit::Share,
        "compound growth per bar of r over that of b, in bars in which the benchmark rose",
    ),
    plain(
        "down_capture",
        "Down capture",
        Unit::Share,
        "compound growth per bar of r over that of b, in bars in which the benchmark fell",
    ),
    plain("treynor", "Treynor ratio", Unit::Share, "CAGR/beta"),
];

/// The row of the dictionary for a name.
pub(super) fn definition(name: &str) -> Option<&'static Definition> {
    DICTIONARY.iter().find(|definition| definition.name == name)
}
