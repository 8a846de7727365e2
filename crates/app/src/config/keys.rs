//! Every setting there is, once: its key, its flag, its type, its default and what it means.
//!
//! The command line's options, the environment variables, the YAML files, `config show` and the help texts are all
//! derived from this table. A setting that is not here does not exist.

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number, 0 or more.
    Count,
    /// A number, finite.
    Number,
    /// Yes or no.
    Flag,
    /// Texts; one text is split at commas.
    List,
    /// A model and its parameters: `bps:5`, `per_share:rate=0.005,minimum=1`, in YAML also a mapping; read by whoever uses
    /// it.
    Model,
    /// Named values of any scalar type, `params.k=10`; the names are checked by whoever uses them.
    Named,
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted path in YAML files and for `--set`.
    pub path: &'static str,
    /// Long option on the command line, without the dashes.
    pub flag: &'static str,
    /// What a value may be.
    pub kind: Kind,
    /// The value when nothing is given, in the form a user would write; empty: none.
    pub default: &'static str,
    /// One line of help.
    pub help: &'static str,
}

/// Shorthand for a row of the table.
const fn key(path: &'static str, flag: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key { path, flag, kind, default, help }
}

/// The words of `--execution`.
pub const EXECUTIONS: &[&str] = &["next_open", "close", "next_close", "next_vwap"];

/// All settings, in the order in which `config show` prints them.
pub const KEYS: &[Key] = &[
    key("hub", "hub", Kind::Text, "./hub", "Folder of the data hub"),
    key("results", "results", Kind::Text, "./results", "Folder of the archive of runs"),
    key(
        "log_level",
        "log-level",
        Kind::Choice(&["error", "warning", "info", "debug"]),
        "info",
        "How much to tell on standard error",
    ),
    key("threads", "threads", Kind::Count, "0", "Number of threads; 0 takes all. Never changes a result"),
    key(
        "venue",
        "venue",
        Kind::Text,
        "",
        "Where the data comes from, such as binance_futures; not needed when the hub has one venue, or a factor set names it",
    ),
    key(
        "store.url",
        "store",
        Kind::Text,
        "",
        "SQL store of factor sets besides the hub: sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE",
    ),
    key(
        "import.kind",
        "kind",
        Kind::Choice(&[
            "agg_trades",
            "trades",
            "klines",
            "mark",
            "premium",
            "funding",
            "actions",
            "calendar",
            "instruments",
        ]),
        "",
        "What the files hold; found out from the file when not given",
    ),
    key("import.timeframe", "timeframe", Kind::Text, "", "Length of the bars, such as 4h; found out when not given"),
    key("import.symbol", "symbol", Kind::Text, "", "Symbol of files that do not name theirs"),
    key("import.columns", "columns", Kind::List, "", "Columns of bar files by name, timestamp=date,close=adj_close"),
    key("import.symbol_suffix", "symbol-suffix", Kind::Text, "", "Appended to names that lack the quote, such as USDT"),
    key("import.replace", "replace", Kind::Flag, "false", "Replace tables that hold other rows or another origin"),
    key("pool.top_n", "top-n", Kind::Count, "100", "How many symbols, the most traded first"),
    key("pool.ticker", "ticker", Kind::Text, "", "Rank by the venue's 24-hour ticker: its answer in a file"),
    key("pool.bar", "bar", Kind::Text, "", "Rank by these bars on disk, such as 1h; by ticks when not given"),
    key("pool.dynamic", "dynamic", Kind::Flag, "false", "List all symbols with the bars; the run chooses over time"),
    key("pool.reselect", "reselect", Kind::Text, "MS", "Dynamic: when the run chooses anew, as for --rebalance"),
    key("pool.lookback", "lookback", Kind::Text, "30d", "Dynamic: how far back it looks"),
    key("pool.min_bars", "min-bars", Kind::Count, "168", "Dynamic: bars a name needs in that time"),
    key("pool.as_of", "as-of", Kind::Text, "", "When the ticker was so, UTC, if it does not say"),
    key("pool.quote", "quote", Kind::Text, "", "Only pairs of this quote currency; USDT for a ticker, all on disk"),
    key(
        "pool.stablecoins",
        "stablecoins",
        Kind::List,
        "",
        "Bases of pairs that are left out, in place of the built-in list; none leaves none out",
    ),
    key("pool.keep_leveraged", "keep-leveraged", Kind::Flag, "false", "Keep leveraged tokens such as BTCUP and BTC3L"),
    key("pool.exclude", "exclude", Kind::List, "", "Symbols to leave out, *DOM*,1000*"),
    key("download.exchange", "exchange", Kind::Text, "", "Where to download from, see `crosscut data providers`"),
    key(
        "download.symbols",
        "symbols",
        Kind::List,
        "",
        "Symbols, a,b,c, or patterns with * and ?; all there are when not given",
    ),
    key(
        "download.kind",
        "kind",
        Kind::List,
        "",
        "What to download: trades, agg_trades, klines-1h, mark-1h, premium-1h (any timeframe), funding, instruments",
    ),
    key("download.start_date", "start-date", Kind::Text, "", "First month or day, such as 2020-01 or 2020-01-15"),
    key(
        "download.end_date",
        "end-date",
        Kind::Text,
        "",
        "Last month or day, which belongs to it; today when not given",
    ),
    key(
        "download.raw",
        "raw",
        Kind::Text,
        "./raw",
        "Folder for the venue's files and the ledger of what came from where",
    ),
    key("download.keep_raw", "keep-raw", Kind::Flag, "true", "Keep the venue's files after conversion"),
    key("download.convert", "convert", Kind::Flag, "true", "Convert files into the hub while downloads go on"),
    key("download.replace", "replace", Kind::Flag, "false", "Make tables anew whose files the venue has issued anew"),
    key("download.connections", "connections", Kind::Count, "0", "Files fetched at once; 0 takes --threads, or 8"),
    key("download.retries", "retries", Kind::Count, "5", "Further attempts after one that failed"),
    key(
        "download.backoff",
        "backoff",
        Kind::Number,
        "0.5",
        "Seconds before the first further attempt; doubles with each",
    ),
    key("download.backoff_max", "backoff-max", Kind::Number, "60", "Most seconds between two attempts"),
    key(
        "download.retry_after_max",
        "retry-after-max",
        Kind::Number,
        "300",
        "Most seconds a host may make us wait before a file is given up",
    ),
    key("download.connect_timeout", "connect-timeout", Kind::Number, "10", "Seconds to connect"),
    key("download.stall_timeout", "stall-timeout", Kind::Number, "30", "Seconds without a byte before another attempt"),
    key("download.listing", "listing", Kind::Flag, "true", "Read the archive's listing; otherwise ask for each file"),
    key("download.mirror", "mirror", Kind::Text, "", "Ask this address instead, with each host as a folder below it"),
    key("download.urls", "url", Kind::Named, "", "Ask one host elsewhere, binance_archive=http://...; repeatable"),
    key("download.proxy", "proxy", Kind::Text, "", "HTTP proxy, such as http://127.0.0.1:3128"),
    key("aggregate.bar", "bar", Kind::Text, "1h", "Bars to build: 1h, tick-1000, volume-50, dollar-1000000"),
    key("aggregate.from", "from", Kind::Text, "", "Build from these finer time bars instead of from ticks, such as 1h"),
    key(
        "aggregate.kind",
        "kind",
        Kind::Choice(&["trades", "agg_trades"]),
        "",
        "Which trade table to use where a symbol has both",
    ),
    key(
        "aggregate.side_rule",
        "side-rule",
        Kind::Choice(&["venue", "tick"]),
        "venue",
        "Who was the aggressor: the venue's flag, or the tick rule",
    ),
    key("aggregate.replace", "replace", Kind::Flag, "false", "Replace bars of another origin"),
    key("pipeline.top_n", "top-n", Kind::Count, "30", "Static pool: this many symbols by dollar volume"),
    key("pipeline.threshold", "threshold", Kind::Text, "1h", "Bars to build: 1h, tick-1000, volume-50, dollar-1000000"),
    key("pipeline.long_n", "long-n", Kind::Count, "5", "Names held long"),
    key("pipeline.short_n", "short-n", Kind::Count, "5", "Names held short"),
    key("pipeline.factor", "factor", Kind::Text, "return_20", "Feature that ranks the names"),
    key("pipeline.workers", "workers", Kind::Count, "0", "Number of threads; 0 leaves it to --threads"),
    key("pipeline.skip_aggregation", "skip-aggregation", Kind::Flag, "false", "Use the bars that are in the hub"),
    key(
        "pipeline.dynamic_pool",
        "dynamic-pool",
        Kind::Flag,
        "false",
        "Choose the names anew over time by what was known then; any --pool option says so too",
    ),
    key("backtest.timeframe", "timeframe", Kind::Text, "", "Length of the bars; the factor set's when not given"),
    key("backtest.start", "start", Kind::Text, "", "First bar label of the run, UTC, such as 2024-07-21"),
    key("backtest.end", "end", Kind::Text, "", "End of the run, UTC, exclusive"),
    key("backtest.symbols", "symbols", Kind::List, "", "Only these symbols, a,b,c"),
    key("backtest.include", "include", Kind::List, "", "Only symbols that match one of these patterns (* and ?)"),
    key("backtest.exclude", "exclude", Kind::List, "", "Without symbols that match one of these patterns (* and ?)"),
    key("backtest.factor_set", "factor-set", Kind::Text, "", "Factor set that ranks; the hub's only one if it has one"),
    key(
        "backtest.formula",
        "formula",
        Kind::Text,
        "",
        "Ranking factor computed from bars instead of read from a factor set, such as 'close / delay(close, 20) - 1'",
    ),
    key("backtest.strategy", "strategy", Kind::Text, "top_k", "Name of the strategy, see `crosscut list strategies`"),
    key("backtest.params", "param", Kind::Named, "", "Parameter of the strategy, name=value; repeatable"),
    key("backtest.capital", "capital", Kind::Number, "1000000", "Starting cash, quote units"),
    key(
        "backtest.execution",
        "execution",
        Kind::Choice(EXECUTIONS),
        "next_open",
        "The price at which a decision is executed",
    ),
    key(
        "backtest.rebalance",
        "rebalance",
        Kind::Text,
        "D",
        "When to decide anew: D, W-MON .. W-SUN, MS, QS or a number of bars",
    ),
    key("backtest.commission_bps", "commission-bps", Kind::Number, "5", "Commission, basis points of the traded value"),
    key("backtest.slippage_bps", "slippage-bps", Kind::Number, "3", "Slippage, basis points of the price"),
    key(
        "backtest.costs.commission",
        "commission",
        Kind::Model,
        "",
        "Commission model in place of basis points, such as per_share:rate=0.005,minimum=1; see `crosscut list costs`",
    ),
    key(
        "backtest.costs.slippage",
        "slippage",
        Kind::Model,
        "",
        "Slippage model in place of basis points, such as volume_share:0.1; see `crosscut list costs`",
    ),
    key(
        "backtest.borrow",
        "borrow",
        Kind::Number,
        "",
        "What being short costs a year, a fraction of the value, such as 0.05",
    ),
    key(
        "backtest.funding.source",
        "funding",
        Kind::Choice(&["none", "table"]),
        "none",
        "Funding of perpetuals: not paid, or as the hub's funding tables say",
    ),
    key(
        "backtest.funding.missing_row",
        "funding-missing-row",
        Kind::Choice(&["error", "skip", "carry_last"]),
        "error",
        "A funding row that is missing: refuse to run, pay nothing for it, or pay the rate before it",
    ),
    key(
        "backtest.funding.missing_mark",
        "funding-missing-mark",
        Kind::Choice(&["error", "last_price"]),
        "error",
        "A mark price that is missing: refuse to run, or pay on the last traded price",
    ),
    key(
        "backtest.funding.mark_bars",
        "funding-mark-bars",
        Kind::Text,
        "mark-1h",
        "Bars whose closes are the mark prices",
    ),
    key("backtest.funding.mark_age_max", "funding-mark-age", Kind::Text, "8h", "The oldest mark price that counts"),
    key(
        "backtest.margin.leverage",
        "leverage",
        Kind::Number,
        "",
        "Position value per unit of equity that may be opened",
    ),
    key(
        "backtest.margin.initial",
        "initial-margin",
        Kind::Number,
        "",
        "Equity needed to open a position, a fraction of its value: 1 over the leverage",
    ),
    key(
        "backtest.margin.maintenance",
        "maintenance-margin",
        Kind::Number,
        "",
        "Equity below which everything is liquidated, a fraction of positions' value (half of the initial margin)",
    ),
    key(
        "backtest.margin.liquidation_fee",
        "liquidation-fee",
        Kind::Number,
        "",
        "Fee on the value liquidated, a fraction",
    ),
    key(
        "backtest.steps",
        "steps",
        Kind::Flag,
        "true",
        "Keep to the lots, ticks and least order values of the instruments table",
    ),
    key(
        "backtest.corporate_actions",
        "corporate-actions",
        Kind::Choice(&["book", "adjusted_prices"]),
        "book",
        "Splits and dividends: booked on their ex-dates at raw prices, or prices of a holder who reinvests them",
    ),
    key(
        "backtest.venue_rules.path",
        "path",
        Kind::Choice(&["adverse_first", "nearer_first", "high_first", "low_first"]),
        "adverse_first",
        "In what order the price visits a bar's high and low",
    ),
    key(
        "backtest.venue_rules.limit_fill",
        "limit-fill",
        Kind::Choice(&["trade_through", "touch"]),
        "trade_through",
        "A limit order fills when the price goes beyond it, or reaches it",
    ),
    key(
        "backtest.venue_rules.participation",
        "participation",
        Kind::Number,
        "",
        "Largest share of a bar's volume that orders take, such as 0.1",
    ),
    key(
        "backtest.venue_rules.latency",
        "latency",
        Kind::Text,
        "0",
        "How long an order takes to the venue, such as 250ms",
    ),
    key(
        "backtest.venue_rules.session",
        "session",
        Kind::Text,
        "each_bar",
        "What open and close are to on-open, on-close and day orders: each_bar, or a session such as 14:30-21:00 UTC",
    ),
    key(
        "backtest.untradable",
        "untradable",
        Kind::Choice(&["hold", "close_last"]),
        "hold",
        "A held name that cannot be traded: keep it, or close it at its last close",
    ),
    key(
        "backtest.on_short",
        "on-short",
        Kind::Choice(&["skip", "flat", "scale"]),
        "skip",
        "Too few names at a rebalance: skip it, go flat, or trade those there are",
    ),
    key(
        "backtest.align",
        "align",
        Kind::Text,
        "intersect",
        "How bars and factors meet: intersect, forward_fill:N or drop",
    ),
    key(
        "backtest.universe",
        "universe",
        Kind::Text,
        "",
        "Which symbols may be held: conditions such as 'age >= 90d, dollar_volume(30d) top 100'",
    ),
    key(
        "backtest.universe_reselect",
        "universe-reselect",
        Kind::Text,
        "",
        "When the universe is chosen anew, as for --rebalance (MS)",
    ),
    key(
        "backtest.pool",
        "pool",
        Kind::Text,
        "",
        "Only the members of this pool of the hub; a dynamic one is chosen from over time",
    ),
    key(
        "backtest.pool_top_n",
        "pool-top-n",
        Kind::Count,
        "",
        "Dynamic pool: this many names by mean dollar volume (100 when another pool option is given)",
    ),
    key(
        "backtest.pool_reselect",
        "pool-reselect",
        Kind::Text,
        "",
        "Dynamic pool: when it is chosen anew, as for --rebalance (MS)",
    ),
    key("backtest.pool_lookback", "pool-lookback", Kind::Text, "", "Dynamic pool: how far it looks back (30d)"),
    key(
        "backtest.pool_min_bars",
        "pool-min-bars",
        Kind::Count,
        "",
        "Dynamic pool: bars a name needs in that time (168)",
    ),
    key("backtest.max_position", "max-position", Kind::Number, "", "Largest absolute weight of one name"),
    key("backtest.max_gross", "max-gross", Kind::Number, "", "Largest sum of absolute weights"),
    key(
        "backtest.max_drawdown",
        "max-drawdown",
        Kind::Number,
        "",
        "Loss from the peak at which everything is closed for good, such as 0.3",
    ),
    key("backtest.cash_buffer", "cash-buffer", Kind::Number, "", "Part of equity that is never invested"),
    key("backtest.risk.max_order", "max-order", Kind::Number, "", "Largest value of one order, quote units"),
    key("backtest.risk.max_net", "max-net", Kind::Number, "", "Largest absolute sum of weights"),
    key("backtest.risk.max_positions", "max-positions", Kind::Count, "", "Most names held at once"),
    key(
        "backtest.risk.stop_loss",
        "stop-loss",
        Kind::Number,
        "",
        "Loss from the entry at which a position is closed, such as 0.05",
    ),
    key(
        "backtest.risk.take_profit",
        "take-profit",
        Kind::Number,
        "",
        "Profit from the entry at which a position is closed, such as 0.1",
    ),
    key(
        "backtest.risk.trailing_stop",
        "trailing-stop",
        Kind::Number,
        "",
        "Loss from a position's best price at which it is closed, such as 0.05",
    ),
    key(
        "backtest.risk.daily_loss",
        "daily-loss",
        Kind::Number,
        "",
        "Loss since the UTC day began at which everything is closed until the next, such as 0.02",
    ),
    key(
        "backtest.risk.cooldown",
        "cooldown",
        Kind::Text,
        "",
        "How long a name may not be opened after a stop closed it, such as 1d",
    ),
    key(
        "backtest.risk.turnover",
        "max-turnover",
        Kind::Number,
        "",
        "Most value traded in a UTC day, as a multiple of the day's first equity",
    ),
    key("backtest.risk.no_trade", "no-trade", Kind::List, "", "Names that may not be opened, a,b,c"),
    key(
        "backtest.feeds",
        "feeds",
        Kind::List,
        "",
        "What a strategy that acts at every bar reads: 1h,1d (the first decides, the finest executes), tick-1000, or ticks",
    ),
    key(
        "backtest.sampling",
        "sampling",
        Kind::Text,
        "",
        "How often equity is noted where trades or event bars are read (as long as the bars decided by, else 1h)",
    ),
    key("backtest.audit", "audit", Kind::Flag, "true", "Record every order and decision; off keeps curves only"),
    key("backtest.benchmark", "benchmark", Kind::Text, "", "Symbol to compare with"),
    key(
        "backtest.allow_negative_cash",
        "allow-negative-cash",
        Kind::Flag,
        "false",
        "Do not scale long-only targets so that fees fit in cash",
    ),
    key("backtest.seed", "seed", Kind::Count, "0", "Seed of everything random; part of the run's identity"),
    key("evaluate.factor_set", "factor-set", Kind::Text, "", "Factor set to judge; the hub's only one if it has one"),
    key("evaluate.factor", "factor", Kind::List, "", "Factors, or patterns of their names (* and ?), a,b,c"),
    key("evaluate.timeframe", "timeframe", Kind::Text, "", "Timeframe of the factor set, when several have the name"),
    key(
        "evaluate.horizons",
        "horizons",
        Kind::List,
        "1,5,10",
        "Holding periods: bars (5) or times from 1m to 60d (24h, 5d); factors are compared by the first",
    ),
    key("evaluate.quantiles", "quantiles", Kind::Count, "5", "Number of portfolios"),
    key(
        "evaluate.quantile_rule",
        "quantile-rule",
        Kind::Choice(&["rank", "ordinal", "qcut", "bins"]),
        "rank",
        "How names are divided: average rank, rank with ties by symbol, interpolated edges, bins of equal width",
    ),
    key(
        "evaluate.rows",
        "rows",
        Kind::Choice(&["each", "common"]),
        "each",
        "Each horizon on the names that have its return, or only names that have the returns of all",
    ),
    key("evaluate.min_names", "min-names", Kind::Count, "5", "Fewest names of a time that is judged"),
    key("evaluate.group", "group", Kind::Text, "", "CSV file symbol,category[,from]: neutral variants and IC by group"),
    key("evaluate.pool", "pool", Kind::Text, "", "Only the members of this pool snapshot of the hub"),
    key(
        "evaluate.pool_top_n",
        "pool-top-n",
        Kind::Count,
        "",
        "Pool chosen over time: this many names by mean dollar volume",
    ),
    key("evaluate.pool_reselect", "pool-reselect", Kind::Text, "MS", "When that pool is chosen anew"),
    key("evaluate.pool_lookback", "pool-lookback", Kind::Text, "30d", "How far back it looks"),
    key("evaluate.pool_min_bars", "pool-min-bars", Kind::Count, "168", "Bars a name needs in that time"),
    key("evaluate.start", "start", Kind::Text, "", "First label, UTC, such as 2024-07-21"),
    key("evaluate.end", "end", Kind::Text, "", "End, UTC, exclusive; prices at or after it are not looked at either"),
    key("evaluate.symbols", "symbols", Kind::List, "", "Only these symbols, a,b,c"),
    key(
        "evaluate.price",
        "price",
        Kind::Choice(&["open", "close", "vwap"]),
        "open",
        "The price at which positions are entered and left",
    ),
    key(
        "evaluate.lag",
        "lag",
        Kind::Count,
        "1",
        "Bars from the one just known to the one traded at; 0 with --price close trades at the price just seen",
    ),
    key("evaluate.price_bars", "price-bars", Kind::Text, "", "Other bars for prices, such as 1m under factors of 1h"),
    key(
        "evaluate.calendar",
        "calendar",
        Kind::Choice(&["auto", "24/7", "exchange"]),
        "auto",
        "How times such as 5d are counted: exactly, or in trading days",
    ),
    key(
        "evaluate.delisting",
        "delisting",
        Kind::Choice(&["last_price", "drop"]),
        "last_price",
        "A name delisted while it is held: left at its last price, or dropped and counted",
    ),
    key(
        "evaluate.costs",
        "costs",
        Kind::List,
        "commission_bps=5,slippage_bps=3",
        "Costs of trading, commission_bps=N,slippage_bps=N,funding=table; or none",
    ),
    key(
        "evaluate.participation",
        "participation",
        Kind::Number,
        "0.01",
        "Share of a bar's dollar volume a trade may take, for the capacity estimate",
    ),
    key("evaluate.bootstrap", "bootstrap", Kind::Count, "1000", "Resampled series of the confidence bands; 0 for none"),
    key("evaluate.seed", "seed", Kind::Count, "0", "Seed of the resampling"),
    key("evaluate.max_loss", "max-loss", Kind::Number, "", "Largest share of rows that may be dropped, such as 0.35"),
    key(
        "evaluate.against",
        "against",
        Kind::List,
        "all",
        "Factor sets to look for redundancy in: all of the timeframe, none, or a,b",
    ),
    key("evaluate.detail", "detail", Kind::Count, "3", "How many factors are reported in full, the strongest first"),
    key("evaluate.out", "out", Kind::Text, "", "Folder of the report; one under --results when not given"),
];

/// Other paths of settings: the rules of `risk` may all be written there.
pub const ALIASES: &[(&str, &str)] = &[
    ("backtest.risk.max_position", "backtest.max_position"),
    ("backtest.risk.max_gross", "backtest.max_gross"),
    ("backtest.risk.max_drawdown", "backtest.max_drawdown"),
    ("backtest.risk.cash_buffer", "backtest.cash_buffer"),
    ("backtest.costs.commission_bps", "backtest.commission_bps"),
    ("backtest.costs.slippage_bps", "backtest.slippage_bps"),
];

/// The path under which a setting is kept.
pub fn canonical(path: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == path).map_or(path, |(_, path)| path)
}

/// The row of a key; `None` when there is no such setting.
pub fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The environment variable of a key: `CROSSCUT_BACKTEST_MAX_POSITION` for `backtest.max_position`.
pub fn environment_name(path: &str) -> String {
    format!("CROSSCUT_{}", path.to_uppercase().replace('.', "_"))
}
