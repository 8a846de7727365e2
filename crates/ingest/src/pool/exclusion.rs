//! Symbols an asset pool leaves out by rule: pairs of stablecoins, and leveraged tokens.

/// Quote currencies, the longer ones first where one ends with another.
const QUOTES: [&str; 12] = ["FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD1", "USD", "EUR", "TRY", "BTC", "ETH", "BNB"];

/// Coins that are meant to be worth one dollar (or one euro): their price says nothing of a market.
const STABLECOINS: [&str; 25] = [
    "USDT", "USDC", "BUSD", "TUSD", "FDUSD", "DAI", "USDP", "PAX", "UST", "USDS", "USDSB", "USDD", "USDE", "USD1",
    "PYUSD", "GUSD", "SUSD", "LUSD", "FRAX", "RLUSD", "BFUSD", "XUSD", "EURI", "AEUR", "USD",
];

/// Endings of leveraged tokens: Binance's `BTCUP`, FTX's `ETHBULL`, and the `BTC3L` of KuCoin, Gate and MEXC.
const LEVERAGED: [&str; 10] = ["UP", "DOWN", "BULL", "BEAR", "2L", "2S", "3L", "3S", "5L", "5S"];

/// Coins known to have had leveraged tokens, for venues that do not list the coin itself.
const UNDERLYINGS: [&str; 22] = [
    "1INCH", "AAVE", "ADA", "BCH", "BNB", "BTC", "DOT", "EOS", "ETH", "FIL", "LINK", "LTC", "SUSHI", "SXP", "TRX",
    "UNI", "XLM", "XRP", "XTZ", "YFI", "DOGE", "MATIC",
];

/// The base of a pair, such as `BTC` of `BTCUSDT`; the symbol itself when it ends with no known quote.
pub(super) fn base(symbol: &str) -> &str {
    // `LUNAUSDT~20190826` is an earlier holder of a name.
    let pair = symbol.split('~').next().unwrap_or(symbol);
    let quote = QUOTES.iter().find(|quote| pair.len() > quote.len() && pair.ends_with(**quote));
    quote.map_or(pair, |quote| pair[..pair.len() - quote.len()].trim_end_matches(['-', '_', '/']))
}

/// Why a symbol is left out by rule; `None` when it is not. `bases` are the bases of all symbols of the venue: an ending
/// such as `UP` counts only after a coin (`BTCUP`), not in a coin's own name (`JUP`).
pub(super) fn exclusion(symbol: &str, bases: &[&str]) -> Option<&'static str> {
    let base = base(symbol);
    if STABLECOINS.contains(&base) {
        return Some("stablecoin");
    }
    let leveraged = LEVERAGED.iter().any(|ending| {
        base.strip_suffix(ending)
            .is_some_and(|coin| UNDERLYINGS.contains(&coin) || (!coin.is_empty() && bases.contains(&coin)))
    });
    let index = base == "BULL" || base == "BEAR";
    (leveraged || index).then_some("leveraged token")
}
