//! Where market data can come from, as data: what each provider gives, in which files, and what of it is kept.
//!
//! This is what [`crate::import`] recognises and [`crate::synthetic`] writes; the tests import a file of every kind of
//! table named here. Nothing is connected to: no provider is live yet.

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
const INSTRUMENT_FIELDS: &[&str] =
    &["symbol", "listed_at", "delisted_at", "tick_size", "lot_size", "min_notional", "valid_from"];

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
        ],
        containers: &["zip", "gzip", "csv"],
        is_checked: true,
        is_live: false,
        command: "crosscut data import --venue NAME FILE...",
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
        ],
        containers: &["parquet", "zip", "gzip", "csv"],
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
