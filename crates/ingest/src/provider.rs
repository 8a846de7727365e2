//! Where market data can come from, as data: what each provider gives, in which files, and what of it is kept.
//!
//! This is what [`crate::import`] recognises, [`crate::download`] fetches and [`crate::synthetic`] writes; the tests import a
//! file of every kind of table named here. No provider is live yet.

use crosscut_model::bar::BAR_COLUMNS;

/// A source of market data a user can name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Provider {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub doc: &'static str,
    /// The tables it gives.
    pub tables: &'static [Provided],
    /// What its files may be packed in.
    pub containers: &'static [&'static str],
    /// Whether a checksum beside a file is required to match where there is one.
    pub is_checked: bool,
    /// Whether it delivers while the market moves, rather than files.
    pub is_live: bool,
    /// The command that brings it in.
    pub command: &'static str,
}

/// One kind of table of a provider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Provided {
    /// The kind: a word of `--kind`.
    pub kind: &'static str,
    /// How its rows are written.
    pub layouts: &'static [&'static str],
    /// The length of its bars; empty for what is no bars.
    pub timeframes: &'static str,
    /// The columns that are filled, as far as the file has them.
    pub fields: &'static [&'static str],
}

/// The columns of a table of trades.
const TRADE_FIELDS: &[&str] = &["trade_id", "timestamp", "price", "quantity", "is_buyer_maker"];
/// The columns of a table of aggregated trades.
const AGG_TRADE_FIELDS: &[&str] =
    &["trade_id", "timestamp", "price", "quantity", "is_buyer_maker", "first_trade_id", "last_trade_id"];
/// The columns of the archives' klines.
const KLINE_FIELDS: &[&str] = &[
    "timestamp",
    "available_at",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "buy_volume",
    "sell_volume",
    "vwap",
    "dollar_volume",
    "tick_count",
];
/// The columns of a table of instruments.
const INSTRUMENT_FIELDS: &[&str] = &[
    "symbol",
    "listed_as",
    "listed_at",
    "delisted_at",
    "tick_size",
    "lot_size",
    "min_quantity",
    "min_notional",
    "multiplier",
    "valid_from",
    "seen_at",
];
/// The columns of a table of funding rates.
const FUNDING_FIELDS: &[&str] = &["timestamp", "available_at", "rate", "interval_us", "mark_price"];
/// The columns of a table of bars of mark prices or indices.
const PRICE_FIELDS: &[&str] = &["timestamp", "available_at", "open", "high", "low", "close"];
/// The columns of a table of corporate actions.
const ACTION_FIELDS: &[&str] = &["timestamp", "available_at", "split", "dividend", "factor"];
/// The columns of the bars of shares.
const SHARE_FIELDS: &[&str] = &["timestamp", "available_at", "open", "high", "low", "close", "volume"];

/// Funding rates of a venue's files.
const FUNDING: Provided = Provided {
    kind: "funding",
    layouts: &["archive funding rates", "funding rates by column names"],
    timeframes: "",
    fields: FUNDING_FIELDS,
};
/// Mark prices of a venue's files.
const MARKS: Provided =
    Provided { kind: "mark", layouts: &["mark-price klines"], timeframes: ANY_BAR, fields: PRICE_FIELDS };

/// Premium indices of a venue's files.
const PREMIUM: Provided =
    Provided { kind: "premium", layouts: &["premium-index klines"], timeframes: ANY_BAR, fields: PRICE_FIELDS };

/// Instruments of a venue, asked for once a day.
const SNAPSHOT: Provided = Provided {
    kind: "instruments",
    layouts: &["exchange information, as answered"],
    timeframes: "",
    fields: INSTRUMENT_FIELDS,
};
/// The columns of bars that venues give with the volume in coins and in money alone.
const REST_BAR_FIELDS: &[&str] =
    &["timestamp", "available_at", "open", "high", "low", "close", "volume", "vwap", "dollar_volume"];

/// Lengths of bars as the venue has them.
const VENUE_BAR: &str = "1m to 1M, as the venue has them";

/// Lengths of bars Bybit has.
const BYBIT_BAR: &str = "1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d 1w 1M";

/// Any length of bars.
const ANY_BAR: &str = "any, from minutes to days: found out from name and rows";

/// All providers.
pub const PROVIDERS: &[Provider] = &[
    Provider {
        name: "binance_archive",
        doc: "The public monthly and daily archives of Binance, spot and USD-M futures.",
        tables: &[
            Provided {
                kind: "trades",
                layouts: &["Binance spot trades", "Binance USD-M trades", "Binance trades"],
                timeframes: "",
                fields: TRADE_FIELDS,
            },
            Provided {
                kind: "agg_trades",
                layouts: &["Binance spot aggTrades", "Binance USD-M aggTrades", "Binance aggTrades"],
                timeframes: "",
                fields: AGG_TRADE_FIELDS,
            },
            Provided { kind: "klines", layouts: &["klines"], timeframes: ANY_BAR, fields: KLINE_FIELDS },
            MARKS,
            PREMIUM,
            FUNDING,
            Provided {
                kind: "instruments",
                layouts: &["exchangeInfo, an answer or recorded"],
                timeframes: "",
                fields: INSTRUMENT_FIELDS,
            },
        ],
        containers: &["zip", "gzip", "csv"],
        is_checked: true,
        is_live: false,
        command: "crosscut data download --exchange binance_futures|binance_spot, or crosscut data import --venue NAME FILE...",
    },
    Provider {
        name: "binance_rest",
        doc: "Binance's public REST interfaces, spot and USD-M futures: days the archive does not hold yet.",
        tables: &[
            Provided {
                kind: "agg_trades",
                layouts: &["Binance USD-M aggTrades"],
                timeframes: "",
                fields: AGG_TRADE_FIELDS,
            },
            Provided { kind: "klines", layouts: &["klines"], timeframes: VENUE_BAR, fields: KLINE_FIELDS },
            Provided { timeframes: VENUE_BAR, ..MARKS },
            Provided { timeframes: VENUE_BAR, ..PREMIUM },
            FUNDING,
            SNAPSHOT,
        ],
        containers: &["csv", "json"],
        is_checked: false,
        is_live: false,
        command: "crosscut data download --exchange binance_futures|binance_spot",
    },
    Provider {
        name: "okx_archive",
        doc: "OKX's daily files of trades, bars of a minute (from 2023-07) and funding rates (from 2022-03), spot and \
              perpetual swaps; the venue publishes no checksums. A file of rates has those of all swaps.",
        tables: &[
            Provided { kind: "trades", layouts: &["trades by column names"], timeframes: "", fields: TRADE_FIELDS },
            Provided { kind: "klines", layouts: &["bars by column names"], timeframes: "1m", fields: REST_BAR_FIELDS },
            FUNDING,
        ],
        containers: &["zip"],
        is_checked: false,
        is_live: false,
        command: "crosscut data download --exchange okx_swap|okx_spot",
    },
    Provider {
        name: "okx_rest",
        doc: "OKX's public REST interface, spot and perpetual swaps; of trades the last three months.",
        tables: &[
            Provided { kind: "trades", layouts: &["trades by column names"], timeframes: "", fields: TRADE_FIELDS },
            Provided {
                kind: "klines",
                layouts: &["bars by column names"],
                timeframes: VENUE_BAR,
                fields: REST_BAR_FIELDS,
            },
            Provided { timeframes: VENUE_BAR, ..MARKS },
            FUNDING,
            SNAPSHOT,
        ],
        containers: &["csv", "json"],
        is_checked: false,
        is_live: false,
        command: "crosscut data download --exchange okx_swap|okx_spot",
    },
    Provider {
        name: "bybit_archive",
        doc: "Bybit's daily files of trades, spot and linear perpetuals, delisted ones too; the venue publishes no checksums.",
        tables: &[Provided {
            kind: "trades",
            layouts: &["trades by column names"],
            timeframes: "",
            fields: TRADE_FIELDS,
        }],
        containers: &["gzip"],
        is_checked: false,
        is_live: false,
        command: "crosscut data download --exchange bybit_linear|bybit_spot",
    },
    Provider {
        name: "bybit_rest",
        doc: "Bybit's public REST interface, spot and linear perpetuals.",
        tables: &[
            Provided {
                kind: "klines",
                layouts: &["bars by column names"],
                timeframes: BYBIT_BAR,
                fields: REST_BAR_FIELDS,
            },
            Provided { timeframes: BYBIT_BAR, ..MARKS },
            Provided { timeframes: BYBIT_BAR, ..PREMIUM },
            FUNDING,
            SNAPSHOT,
        ],
        containers: &["csv", "json"],
        is_checked: false,
        is_live: false,
        command: "crosscut data download --exchange bybit_linear|bybit_spot",
    },
    Provider {
        name: "rest_answers",
        doc: "Answers of Binance, OKX and Bybit in JSON: funding history, klines, exchange information.",
        tables: &[
            Provided { kind: "funding", layouts: &["funding history"], timeframes: "", fields: FUNDING_FIELDS },
            Provided {
                kind: "instruments",
                layouts: &["Binance exchangeInfo", "OKX instruments", "Bybit instruments-info, symbols"],
                timeframes: "",
                fields: INSTRUMENT_FIELDS,
            },
        ],
        containers: &["json", "gzip"],
        is_checked: true,
        is_live: false,
        command: "crosscut data import --venue NAME FILE...",
    },
    Provider {
        name: "freqtrade",
        doc: "Feather files of freqtrade's data folder: candles, mark prices, funding rates.",
        tables: &[
            Provided { kind: "klines", layouts: &["candles"], timeframes: ANY_BAR, fields: SHARE_FIELDS },
            MARKS,
            Provided {
                kind: "funding",
                layouts: &["candles with the rate in open"],
                timeframes: "",
                fields: FUNDING_FIELDS,
            },
        ],
        containers: &["feather"],
        is_checked: true,
        is_live: false,
        command: "crosscut data import --venue NAME FILE...",
    },
    Provider {
        name: "lean",
        doc: "LEAN's data folder: daily equities with factor and map files, funding, symbol properties, market hours.",
        tables: &[
            Provided { kind: "klines", layouts: &["daily equities"], timeframes: "1d", fields: SHARE_FIELDS },
            Provided { kind: "actions", layouts: &["factor files"], timeframes: "", fields: ACTION_FIELDS },
            Provided { kind: "funding", layouts: &["margin interest"], timeframes: "", fields: FUNDING_FIELDS },
            Provided {
                kind: "instruments",
                layouts: &["map files", "symbol properties"],
                timeframes: "",
                fields: INSTRUMENT_FIELDS,
            },
            Provided {
                kind: "calendar",
                layouts: &["market hours"],
                timeframes: "",
                fields: &["zone", "weekdays", "holidays", "early_closes", "late_opens"],
            },
        ],
        containers: &["zip", "gzip", "csv", "json"],
        is_checked: true,
        is_live: false,
        command: "crosscut data import --venue us_equities FOLDER...",
    },
    Provider {
        name: "binance_stream_recording",
        doc: "Recorded messages of Binance's trade stream, one row per execution.",
        tables: &[Provided {
            kind: "trades",
            layouts: &["Binance trade stream CSV"],
            timeframes: "",
            fields: TRADE_FIELDS,
        }],
        containers: &["zip", "gzip", "csv"],
        is_checked: true,
        is_live: false,
        command: "crosscut data import --venue NAME FILE...",
    },
    Provider {
        name: "tables",
        doc: "Tables of any venue or program, understood by the names of their columns, one symbol per file or with a \
              symbol column.",
        tables: &[
            Provided {
                kind: "trades",
                layouts: &["trades by column names", "trades by column names, negative size = taker sold"],
                timeframes: "",
                fields: TRADE_FIELDS,
            },
            Provided {
                kind: "agg_trades",
                layouts: &["aggregated trades by column names"],
                timeframes: "",
                fields: AGG_TRADE_FIELDS,
            },
            Provided {
                kind: "klines",
                layouts: &["bars by column names, further columns kept under their own"],
                timeframes: ANY_BAR,
                fields: &BAR_COLUMNS,
            },
            Provided {
                kind: "instruments",
                layouts: &["instruments by column names"],
                timeframes: "",
                fields: INSTRUMENT_FIELDS,
            },
            FUNDING,
            Provided {
                kind: "actions",
                layouts: &["corporate actions by column names"],
                timeframes: "",
                fields: ACTION_FIELDS,
            },
        ],
        containers: &["parquet", "feather", "zip", "gzip", "csv"],
        is_checked: true,
        is_live: false,
        command: "crosscut data import --venue NAME FILE...",
    },
    Provider {
        name: "synthetic",
        doc: "A made-up market in the archives' own format, for trying things out: says nothing about any real market.",
        tables: &[
            Provided {
                kind: "agg_trades",
                layouts: &["Binance USD-M aggTrades"],
                timeframes: "",
                fields: AGG_TRADE_FIELDS,
            },
            MARKS,
            FUNDING,
            Provided {
                kind: "instruments",
                layouts: &["instruments by column names"],
                timeframes: "",
                fields: INSTRUMENT_FIELDS,
            },
        ],
        containers: &["zip", "csv"],
        is_checked: true,
        is_live: false,
        command: "crosscut data generate, then crosscut data import --venue synthetic raw",
    },
];
