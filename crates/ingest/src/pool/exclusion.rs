//! Symbols an asset pool leaves out by rule: pairs of stablecoins, leveraged tokens, other quote currencies, patterns.

use std::collections::HashSet;

use crosscut_model::matches;

/// Quote currencies, the longer ones first where one ends with another.
const QUOTES: [&str; 14] =
    ["FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDE", "USD1", "PERP", "USD", "EUR", "TRY", "BTC", "ETH", "BNB"];

/// Coins that are meant to be worth one dollar (or one euro): their price says nothing of a market.
pub const STABLECOINS: [&str; 38] = [
    "USDT", "USDC", "BUSD", "TUSD", "FDUSD", "DAI", "USDP", "PAX", "UST", "USDS", "USDSB", "USDD", "USDE", "USD1",
    "PYUSD", "GUSD", "SUSD", "LUSD", "FRAX", "RLUSD", "BFUSD", "XUSD", "EURI", "AEUR", "USD", "EURC", "EURT", "USDQ",
    "USDR", "USD0", "USDG", "USDK", "USDJ", "HUSD", "CUSD", "MIM", "CRVUSD", "GHO",
];

/// Endings of leveraged tokens and of their opposites: Binance's `BTCUP`, FTX's `ETHBULL`.
const LEVERAGED: [(&str, &str); 4] = [("UP", "DOWN"), ("DOWN", "UP"), ("BULL", "BEAR"), ("BEAR", "BULL")];

/// Coins known to have had leveraged tokens, for venues that do not list the coin itself.
const UNDERLYINGS: [&str; 28] = [
    "1INCH", "AAVE", "ADA", "BCH", "BNB", "BTC", "DOT", "EOS", "ETH", "FIL", "LINK", "LTC", "SUSHI", "SXP", "TRX",
    "UNI", "XLM", "XRP", "XTZ", "YFI", "DOGE", "MATIC", "SOL", "AVAX", "ATOM", "NEAR", "SHIB", "PEPE",
];

/// A coin's name of fewer letters than this needs more evidence: there is a coin `J`, and `JUP` is not its double.
const COIN_LETTERS: usize = 3;

/// What is left out by rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolRules {
    /// Bases of pairs that are left out, in capitals; empty leaves none out.
    pub stablecoins: Vec<String>,
    /// Whether leveraged tokens are left out.
    pub leveraged: bool,
    /// Only pairs of this quote currency; empty takes all.
    pub quote: String,
    /// Patterns (`*`, `?`) of symbols that are left out.
    pub exclude: Vec<String>,
}

impl Default for PoolRules {
    fn default() -> Self {
        let stablecoins = STABLECOINS.map(str::to_owned).to_vec();
        Self { stablecoins, leveraged: true, quote: String::new(), exclude: Vec::new() }
    }
}

impl PoolRules {
    /// Leaves nothing out.
    pub fn none() -> Self {
        Self { stablecoins: Vec::new(), leveraged: false, quote: String::new(), exclude: Vec::new() }
    }
}

/// The base and the quote of a pair, such as `BTC` and `USDT` of `BTCUSDT`, `BTC-USDT-SWAP` and `BTCUSDT_240329`; the
/// symbol itself and nothing when it ends with no known quote.
pub(crate) fn pair(symbol: &str) -> (&str, &str) {
    // `LUNAUSDT~20190826` is an earlier holder of a name.
    let name = symbol.split('~').next().unwrap_or(symbol);
    let mut words = name.split(['-', '_', '/']);
    let first = words.next().unwrap_or(name);
    if let Some(second) = words.next().filter(|word| !word.is_empty() && !word.bytes().all(|b| b.is_ascii_digit())) {
        return (first, second);
    }
    let quote = QUOTES.iter().find(|quote| first.len() > quote.len() && first.ends_with(**quote));
    quote.map_or((first, ""), |quote| first.split_at(first.len() - quote.len()))
}

/// The rules, and the bases of all symbols of the venue.
pub(super) struct Judge<'a> {
    /// The rules.
    rules: &'a PoolRules,
    /// The bases.
    bases: HashSet<&'a str>,
}

impl<'a> Judge<'a> {
    /// A judge of the symbols of a venue.
    pub fn new(rules: &'a PoolRules, symbols: impl IntoIterator<Item = &'a str>) -> Self {
        Self { rules, bases: symbols.into_iter().map(|symbol| pair(symbol).0).collect() }
    }

    /// Why a symbol is left out by rule; `None` when it is not.
    pub fn exclusion(&self, symbol: &str) -> Option<&'static str> {
        let (base, quote) = pair(symbol);
        if self.rules.exclude.iter().any(|pattern| matches(pattern, symbol)) {
            return Some("excluded by pattern");
        }
        if !self.rules.quote.is_empty() && quote != self.rules.quote {
            return Some("another quote currency");
        }
        if self.rules.stablecoins.iter().any(|coin| coin == base) {
            return Some("stablecoin");
        }
        (self.rules.leveraged && self.is_leveraged(base)).then_some("leveraged token")
    }

    /// Whether a base is a leveraged token: an ending counts only behind a coin (`BTCUP`), not in a coin's own name
    /// (`JUP`, `SYRUP`). A short coin's name counts only if the venue also lists the token's opposite.
    fn is_leveraged(&self, base: &str) -> bool {
        let behind = |coin: &str, opposite: String| {
            UNDERLYINGS.contains(&coin)
                || self.bases.contains(coin)
                    && (coin.chars().count() >= COIN_LETTERS || self.bases.contains(opposite.as_str()))
        };
        let by_word = LEVERAGED.iter().any(|(ending, opposite)| {
            base.strip_suffix(ending).is_some_and(|coin| behind(coin, format!("{coin}{opposite}")))
        });
        by_word || base == "BULL" || base == "BEAR" || multiple(base).is_some_and(|(coin, other)| behind(coin, other))
    }
}

/// The coin and the opposite of a token named by its multiple: `BTC` and `BTC3S` of `BTC3L`.
fn multiple(base: &str) -> Option<(&str, String)> {
    let (front, opposite) = match base.strip_suffix('L') {
        Some(front) => (front, 'S'),
        None => (base.strip_suffix('S')?, 'L'),
    };
    let coin = front.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let times: u32 = front[coin.len()..].parse().ok()?;
    (!coin.is_empty() && (2..=20).contains(&times)).then(|| (coin, format!("{front}{opposite}")))
}
