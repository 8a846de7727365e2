//! The 101 formulaic alphas. Their names stand for: `returns` the simple return of one bar, `adv{d}` the mean volume of
//! `d` bars in base units (the paper's is in money; only ratios and correlations of it are used, and the volume beside
//! it is in base units), `rank` the percentile rank across symbols, `ts_rank` the percentile rank within the window,
//! `min` and `max` of two series the smaller and the larger, and of a series and a number the window's. Windows that
//! are not whole are rounded down, as the paper asks. A window needs all its rows. Categories (`sector`, `industry`,
//! `subindustry`) and the market capitalisation `cap` are columns beside the bars.

use super::{Entry, Family, Section};

/// The family.
pub(super) const FAMILY: Family = Family {
    name: "alpha101",
    summary: "the 101 formulaic alphas of Kakushadze (2015)",
    windows: &[],
    windows_are_free: false,
    sections: &[Section { is_windowed: false, entries: ALPHAS }],
    window_by_window: false,
};

/// An alpha.
const fn alpha(name: &'static str, formula: &'static str, notes: &'static str) -> Entry {
    Entry { name, formula, notes, source: "Kakushadze (2015), 101 Formulaic Alphas, arXiv:1601.00991" }
}

/// In the paper's order.
const ALPHAS: &[Entry] = &[
    alpha(
        "alpha_001",
        "rank(ts_argmax(signed_power((returns < 0 ? stddev(returns, 20) : close) + 0 * stddev(returns, 20), 2), 5)) - 0.5",
        "nothing before the deviation exists",
    ),
    alpha("alpha_002", "-1 * correlation(rank(delta(log(volume), 2)), rank((close - open) / open), 6)", "as published"),
    alpha("alpha_003", "-1 * correlation(rank(open), rank(volume), 10)", "as published"),
    alpha("alpha_004", "-1 * ts_rank(rank(low), 9)", "as published"),
    alpha("alpha_005", "rank(open - (sum(vwap, 10) / 10)) * (-1 * abs(rank(close - vwap)))", "as published"),
    alpha("alpha_006", "-1 * correlation(open, volume, 10)", "as published"),
    alpha(
        "alpha_007",
        "(adv20 < volume) ? ((-1 * ts_rank(abs(delta(close, 7)), 60)) * sign(delta(close, 7))) : -1",
        "as published",
    ),
    alpha(
        "alpha_008",
        "-1 * rank((sum(open, 5) * sum(returns, 5)) - delay(sum(open, 5) * sum(returns, 5), 10))",
        "as published",
    ),
    alpha(
        "alpha_009",
        "(0 < ts_min(delta(close, 1), 5)) ? delta(close, 1) : ((ts_max(delta(close, 1), 5) < 0) ? delta(close, 1) : (-1 * delta(close, 1)))",
        "as published",
    ),
    alpha(
        "alpha_010",
        "rank((0 < ts_min(delta(close, 1), 4)) ? delta(close, 1) : ((ts_max(delta(close, 1), 4) < 0) ? delta(close, 1) : (-1 * delta(close, 1))))",
        "as published",
    ),
    alpha(
        "alpha_011",
        "(rank(ts_max(vwap - close, 3)) + rank(ts_min(vwap - close, 3))) * rank(delta(volume, 3))",
        "as published",
    ),
    alpha("alpha_012", "sign(delta(volume, 1)) * (-1 * delta(close, 1))", "as published"),
    alpha("alpha_013", "-1 * rank(covariance(rank(close), rank(volume), 5))", "as published"),
    alpha("alpha_014", "(-1 * rank(delta(returns, 3))) * correlation(open, volume, 10)", "as published"),
    alpha("alpha_015", "-1 * sum(rank(correlation(rank(high), rank(volume), 3)), 3)", "as published"),
    alpha("alpha_016", "-1 * rank(covariance(rank(high), rank(volume), 5))", "as published"),
    alpha(
        "alpha_017",
        "((-1 * rank(ts_rank(close, 10))) * rank(delta(delta(close, 1), 1))) * rank(ts_rank(volume / adv20, 5))",
        "as published",
    ),
    alpha(
        "alpha_018",
        "-1 * rank((stddev(abs(close - open), 5) + (close - open)) + correlation(close, open, 10))",
        "as published",
    ),
    alpha(
        "alpha_019",
        "(-1 * sign((close - delay(close, 7)) + delta(close, 7))) * (1 + rank(1 + sum(returns, 250)))",
        "as published",
    ),
    alpha(
        "alpha_020",
        "((-1 * rank(open - delay(high, 1))) * rank(open - delay(close, 1))) * rank(open - delay(low, 1))",
        "as published",
    ),
    alpha(
        "alpha_021",
        "(((sum(close, 8) / 8) + stddev(close, 8)) < (sum(close, 2) / 2)) ? -1 : (((sum(close, 2) / 2) < ((sum(close, 8) / 8) - stddev(close, 8))) ? 1 : (((1 < (volume / adv20)) or ((volume / adv20) == 1)) ? 1 : -1))",
        "as published",
    ),
    alpha("alpha_022", "-1 * (delta(correlation(high, volume, 5), 5) * rank(stddev(close, 20)))", "as published"),
    alpha("alpha_023", "((sum(high, 20) / 20) < high) ? (-1 * delta(high, 2)) : 0", "as published"),
    alpha(
        "alpha_024",
        "(((delta(sum(close, 100) / 100, 100) / delay(close, 100)) < 0.05) or ((delta(sum(close, 100) / 100, 100) / delay(close, 100)) == 0.05)) ? (-1 * (close - ts_min(close, 100))) : (-1 * delta(close, 3))",
        "as published",
    ),
    alpha("alpha_025", "rank((((-1 * returns) * adv20) * vwap) * (high - close))", "as published"),
    alpha("alpha_026", "-1 * ts_max(correlation(ts_rank(volume, 5), ts_rank(high, 5), 5), 3)", "as published"),
    alpha("alpha_027", "(0.5 < rank(sum(correlation(rank(volume), rank(vwap), 6), 2) / 2.0)) ? -1 : 1", "as published"),
    alpha("alpha_028", "scale((correlation(adv20, low, 5) + ((high + low) / 2)) - close)", "as published"),
    alpha(
        "alpha_029",
        "ts_min(product(rank(rank(scale(log(sum(ts_min(rank(rank(-1 * rank(delta(close - 1, 5)))), 2), 1))))), 1), 5) + ts_rank(delay(-1 * returns, 6), 5)",
        "the outer minimum is that of the window of 5",
    ),
    alpha(
        "alpha_030",
        "((1.0 - rank((sign(close - delay(close, 1)) + sign(delay(close, 1) - delay(close, 2))) + sign(delay(close, 2) - delay(close, 3)))) * sum(volume, 5)) / sum(volume, 20)",
        "as published",
    ),
    alpha(
        "alpha_031",
        "(rank(rank(rank(decay_linear(-1 * rank(rank(delta(close, 10))), 10)))) + rank(-1 * delta(close, 3))) + sign(scale(correlation(adv20, low, 12)))",
        "as published",
    ),
    alpha(
        "alpha_032",
        "scale((sum(close, 7) / 7) - close) + (20 * scale(correlation(vwap, delay(close, 5), 230)))",
        "as published",
    ),
    alpha("alpha_033", "rank(-1 * ((1 - (open / close)) ^ 1))", "as published"),
    alpha(
        "alpha_034",
        "rank((1 - rank(stddev(returns, 2) / stddev(returns, 5))) + (1 - rank(delta(close, 1))))",
        "as published",
    ),
    alpha(
        "alpha_035",
        "(ts_rank(volume, 32) * (1 - ts_rank((close + high) - low, 16))) * (1 - ts_rank(returns, 32))",
        "as published",
    ),
    alpha(
        "alpha_036",
        "((((2.21 * rank(correlation(close - open, delay(volume, 1), 15))) + (0.7 * rank(open - close))) + (0.73 * rank(ts_rank(delay(-1 * returns, 6), 5)))) + rank(abs(correlation(vwap, adv20, 6)))) + (0.6 * rank(((sum(close, 200) / 200) - open) * (close - open)))",
        "as published",
    ),
    alpha("alpha_037", "rank(correlation(delay(open - close, 1), close, 200)) + rank(open - close)", "as published"),
    alpha("alpha_038", "(-1 * rank(ts_rank(close, 10))) * rank(close / open)", "as published"),
    alpha(
        "alpha_039",
        "(-1 * rank(delta(close, 7) * (1 - rank(decay_linear(volume / adv20, 9))))) * (1 + rank(sum(returns, 250)))",
        "as published",
    ),
    alpha("alpha_040", "(-1 * rank(stddev(high, 10))) * correlation(high, volume, 10)", "as published"),
    alpha("alpha_041", "((high * low) ^ 0.5) - vwap", "as published"),
    alpha("alpha_042", "rank(vwap - close) / rank(vwap + close)", "as published"),
    alpha("alpha_043", "ts_rank(volume / adv20, 20) * ts_rank(-1 * delta(close, 7), 8)", "as published"),
    alpha("alpha_044", "-1 * correlation(high, rank(volume), 5)", "as published"),
    alpha(
        "alpha_045",
        "-1 * ((rank(sum(delay(close, 5), 20) / 20) * correlation(close, volume, 2)) * rank(correlation(sum(close, 5), sum(close, 20), 2)))",
        "as published",
    ),
    alpha(
        "alpha_046",
        "(0.25 < (((delay(close, 20) - delay(close, 10)) / 10) - ((delay(close, 10) - close) / 10))) ? -1 : (((((delay(close, 20) - delay(close, 10)) / 10) - ((delay(close, 10) - close) / 10)) < 0) ? 1 : (-1 * (close - delay(close, 1))))",
        "as published",
    ),
    alpha(
        "alpha_047",
        "(((rank(1 / close) * volume) / adv20) * ((high * rank(high - close)) / (sum(high, 5) / 5))) - rank(vwap - delay(vwap, 5))",
        "as published",
    ),
    alpha(
        "alpha_048",
        "indneutralize((correlation(delta(close, 1), delta(delay(close, 1), 1), 250) * delta(close, 1)) / close, subindustry) / sum((delta(close, 1) / delay(close, 1)) ^ 2, 250)",
        "needs `subindustry`",
    ),
    alpha(
        "alpha_049",
        "((((delay(close, 20) - delay(close, 10)) / 10) - ((delay(close, 10) - close) / 10)) < (-1 * 0.1)) ? 1 : (-1 * (close - delay(close, 1)))",
        "as published",
    ),
    alpha("alpha_050", "-1 * ts_max(rank(correlation(rank(volume), rank(vwap), 5)), 5)", "as published"),
    alpha(
        "alpha_051",
        "((((delay(close, 20) - delay(close, 10)) / 10) - ((delay(close, 10) - close) / 10)) < (-1 * 0.05)) ? 1 : (-1 * (close - delay(close, 1)))",
        "as published",
    ),
    alpha(
        "alpha_052",
        "(((-1 * ts_min(low, 5)) + delay(ts_min(low, 5), 5)) * rank((sum(returns, 240) - sum(returns, 20)) / 220)) * ts_rank(volume, 5)",
        "as published",
    ),
    alpha("alpha_053", "-1 * delta(((close - low) - (high - close)) / (close - low), 9)", "as published"),
    alpha("alpha_054", "(-1 * ((low - close) * (open ^ 5))) / ((low - high) * (close ^ 5))", "as published"),
    alpha(
        "alpha_055",
        "-1 * correlation(rank((close - ts_min(low, 12)) / (ts_max(high, 12) - ts_min(low, 12))), rank(volume), 6)",
        "as published",
    ),
    alpha(
        "alpha_056",
        "0 - (1 * (rank(sum(returns, 10) / sum(sum(returns, 2), 3)) * rank(returns * cap)))",
        "needs `cap`",
    ),
    alpha("alpha_057", "0 - (1 * ((close - vwap) / decay_linear(rank(ts_argmax(close, 30)), 2)))", "as published"),
    alpha(
        "alpha_058",
        "-1 * ts_rank(decay_linear(correlation(indneutralize(vwap, sector), volume, 3), 7), 5)",
        "windows rounded down; needs `sector`",
    ),
    alpha(
        "alpha_059",
        "-1 * ts_rank(decay_linear(correlation(indneutralize((vwap * 0.728317) + (vwap * (1 - 0.728317)), industry), volume, 4), 16), 8)",
        "windows rounded down; needs `industry`",
    ),
    alpha(
        "alpha_060",
        "0 - (1 * ((2 * scale(rank((((close - low) - (high - close)) / (high - low)) * volume))) - scale(rank(ts_argmax(close, 10)))))",
        "as published",
    ),
    alpha("alpha_061", "rank(vwap - ts_min(vwap, 16)) < rank(correlation(vwap, adv180, 17))", "windows rounded down"),
    alpha(
        "alpha_062",
        "(rank(correlation(vwap, sum(adv20, 22), 9)) < rank((rank(open) + rank(open)) < (rank((high + low) / 2) + rank(high)))) * -1",
        "windows rounded down",
    ),
    alpha(
        "alpha_063",
        "(rank(decay_linear(delta(indneutralize(close, industry), 2), 8)) - rank(decay_linear(correlation((vwap * 0.318108) + (open * (1 - 0.318108)), sum(adv180, 37), 13), 12))) * -1",
        "windows rounded down; needs `industry`",
    ),
    alpha(
        "alpha_064",
        "(rank(correlation(sum((open * 0.178404) + (low * (1 - 0.178404)), 12), sum(adv120, 12), 16)) < rank(delta((((high + low) / 2) * 0.178404) + (vwap * (1 - 0.178404)), 3))) * -1",
        "windows rounded down",
    ),
    alpha(
        "alpha_065",
        "(rank(correlation((open * 0.00817205) + (vwap * (1 - 0.00817205)), sum(adv60, 8), 6)) < rank(open - ts_min(open, 13))) * -1",
        "windows rounded down",
    ),
    alpha(
        "alpha_066",
        "(rank(decay_linear(delta(vwap, 3), 7)) + ts_rank(decay_linear((((low * 0.96633) + (low * (1 - 0.96633))) - vwap) / (open - ((high + low) / 2)), 11), 6)) * -1",
        "windows rounded down",
    ),
    alpha(
        "alpha_067",
        "(rank(high - ts_min(high, 2)) ^ rank(correlation(indneutralize(vwap, sector), indneutralize(adv20, subindustry), 6))) * -1",
        "windows rounded down; needs `sector` and `subindustry`",
    ),
    alpha(
        "alpha_068",
        "(ts_rank(correlation(rank(high), rank(adv15), 8), 13) < rank(delta((close * 0.518371) + (low * (1 - 0.518371)), 1))) * -1",
        "windows rounded down",
    ),
    alpha(
        "alpha_069",
        "(rank(ts_max(delta(indneutralize(vwap, industry), 2), 4)) ^ ts_rank(correlation((close * 0.490655) + (vwap * (1 - 0.490655)), adv20, 4), 9)) * -1",
        "windows rounded down; needs `industry`",
    ),
    alpha(
        "alpha_070",
        "(rank(delta(vwap, 1)) ^ ts_rank(correlation(indneutralize(close, industry), adv50, 17), 17)) * -1",
        "windows rounded down; needs `industry`",
    ),
    alpha(
        "alpha_071",
        "max(ts_rank(decay_linear(correlation(ts_rank(close, 3), ts_rank(adv180, 12), 18), 4), 15), ts_rank(decay_linear(rank((low + open) - (vwap + vwap)) ^ 2, 16), 4))",
        "windows rounded down",
    ),
    alpha(
        "alpha_072",
        "rank(decay_linear(correlation((high + low) / 2, adv40, 8), 10)) / rank(decay_linear(correlation(ts_rank(vwap, 3), ts_rank(volume, 18), 6), 2))",
        "windows rounded down",
    ),
    alpha(
        "alpha_073",
        "max(rank(decay_linear(delta(vwap, 4), 2)), ts_rank(decay_linear((delta((open * 0.147155) + (low * (1 - 0.147155)), 2) / ((open * 0.147155) + (low * (1 - 0.147155)))) * -1, 3), 16)) * -1",
        "windows rounded down",
    ),
    alpha(
        "alpha_074",
        "(rank(correlation(close, sum(adv30, 37), 15)) < rank(correlation(rank((high * 0.0261661) + (vwap * (1 - 0.0261661))), rank(volume), 11))) * -1",
        "windows rounded down",
    ),
    alpha(
        "alpha_075",
        "rank(correlation(vwap, volume, 4)) < rank(correlation(rank(low), rank(adv50), 12))",
        "windows rounded down",
    ),
    alpha(
        "alpha_076",
        "max(rank(decay_linear(delta(vwap, 1), 11)), ts_rank(decay_linear(ts_rank(correlation(indneutralize(low, sector), adv81, 8), 19), 17), 19)) * -1",
        "windows rounded down; needs `sector`",
    ),
    alpha(
        "alpha_077",
        "min(rank(decay_linear((((high + low) / 2) + high) - (vwap + high), 20)), rank(decay_linear(correlation((high + low) / 2, adv40, 3), 5)))",
        "windows rounded down",
    ),
    alpha(
        "alpha_078",
        "rank(correlation(sum((low * 0.352233) + (vwap * (1 - 0.352233)), 19), sum(adv40, 19), 6)) ^ rank(correlation(rank(vwap), rank(volume), 5))",
        "windows rounded down",
    ),
    alpha(
        "alpha_079",
        "rank(delta(indneutralize((close * 0.60733) + (open * (1 - 0.60733)), sector), 1)) < rank(correlation(ts_rank(vwap, 3), ts_rank(adv150, 9), 14))",
        "windows rounded down; needs `sector`",
    ),
    alpha(
        "alpha_080",
        "(rank(sign(delta(indneutralize((open * 0.868128) + (high * (1 - 0.868128)), industry), 4))) ^ ts_rank(correlation(high, adv10, 5), 5)) * -1",
        "windows rounded down; needs `industry`",
    ),
    alpha(
        "alpha_081",
        "(rank(log(product(rank(rank(correlation(vwap, sum(adv10, 49), 8)) ^ 4), 14))) < rank(correlation(rank(vwap), rank(volume), 5))) * -1",
        "windows rounded down",
    ),
    alpha(
        "alpha_082",
        "min(rank(decay_linear(delta(open, 1), 14)), ts_rank(decay_linear(correlation(indneutralize(volume, sector), (open * 0.634196) + (open * (1 - 0.634196)), 17), 6), 13)) * -1",
        "windows rounded down; needs `sector`",
    ),
    alpha(
        "alpha_083",
        "(rank(delay((high - low) / (sum(close, 5) / 5), 2)) * rank(rank(volume))) / (((high - low) / (sum(close, 5) / 5)) / (vwap - close))",
        "as published",
    ),
    alpha("alpha_084", "signed_power(ts_rank(vwap - ts_max(vwap, 15), 20), delta(close, 4))", "windows rounded down"),
    alpha(
        "alpha_085",
        "rank(correlation((high * 0.876703) + (close * (1 - 0.876703)), adv30, 9)) ^ rank(correlation(ts_rank((high + low) / 2, 3), ts_rank(volume, 10), 7))",
        "windows rounded down",
    ),
    alpha(
        "alpha_086",
        "(ts_rank(correlation(close, sum(adv20, 14), 6), 20) < rank((open + close) - (vwap + open))) * -1",
        "windows rounded down",
    ),
    alpha(
        "alpha_087",
        "max(rank(decay_linear(delta((close * 0.369701) + (vwap * (1 - 0.369701)), 1), 2)), ts_rank(decay_linear(abs(correlation(indneutralize(adv81, industry), close, 13)), 4), 14)) * -1",
        "windows rounded down; needs `industry`",
    ),
    alpha(
        "alpha_088",
        "min(rank(decay_linear((rank(open) + rank(low)) - (rank(high) + rank(close)), 8)), ts_rank(decay_linear(correlation(ts_rank(close, 8), ts_rank(adv60, 20), 8), 6), 2))",
        "windows rounded down",
    ),
    alpha(
        "alpha_089",
        "ts_rank(decay_linear(correlation((low * 0.967285) + (low * (1 - 0.967285)), adv10, 6), 5), 3) - ts_rank(decay_linear(delta(indneutralize(vwap, industry), 3), 10), 15)",
        "windows rounded down; needs `industry`",
    ),
    alpha(
        "alpha_090",
        "(rank(close - ts_max(close, 4)) ^ ts_rank(correlation(indneutralize(adv40, subindustry), low, 5), 3)) * -1",
        "windows rounded down; needs `subindustry`",
    ),
    alpha(
        "alpha_091",
        "(ts_rank(decay_linear(decay_linear(correlation(indneutralize(close, industry), volume, 9), 16), 3), 4) - rank(decay_linear(correlation(vwap, adv30, 4), 2))) * -1",
        "windows rounded down; needs `industry`",
    ),
    alpha(
        "alpha_092",
        "min(ts_rank(decay_linear((((high + low) / 2) + close) < (low + open), 14), 18), ts_rank(decay_linear(correlation(rank(low), rank(adv30), 7), 6), 6))",
        "windows rounded down",
    ),
    alpha(
        "alpha_093",
        "ts_rank(decay_linear(correlation(indneutralize(vwap, industry), adv81, 17), 19), 7) / rank(decay_linear(delta((close * 0.524434) + (vwap * (1 - 0.524434)), 2), 16))",
        "windows rounded down; needs `industry`",
    ),
    alpha(
        "alpha_094",
        "(rank(vwap - ts_min(vwap, 11)) ^ ts_rank(correlation(ts_rank(vwap, 19), ts_rank(adv60, 4), 18), 2)) * -1",
        "windows rounded down",
    ),
    alpha(
        "alpha_095",
        "rank(open - ts_min(open, 12)) < ts_rank(rank(correlation(sum((high + low) / 2, 19), sum(adv40, 19), 12)) ^ 5, 11)",
        "windows rounded down",
    ),
    alpha(
        "alpha_096",
        "max(ts_rank(decay_linear(correlation(rank(vwap), rank(volume), 3), 4), 8), ts_rank(decay_linear(ts_argmax(correlation(ts_rank(close, 7), ts_rank(adv60, 4), 3), 12), 14), 13)) * -1",
        "windows rounded down",
    ),
    alpha(
        "alpha_097",
        "(rank(decay_linear(delta(indneutralize((low * 0.721001) + (vwap * (1 - 0.721001)), industry), 3), 20)) - ts_rank(decay_linear(ts_rank(correlation(ts_rank(low, 7), ts_rank(adv60, 17), 4), 18), 15), 6)) * -1",
        "windows rounded down; needs `industry`",
    ),
    alpha(
        "alpha_098",
        "rank(decay_linear(correlation(vwap, sum(adv5, 26), 4), 7)) - rank(decay_linear(ts_rank(ts_argmin(correlation(rank(open), rank(adv15), 20), 8), 6), 8))",
        "windows rounded down",
    ),
    alpha(
        "alpha_099",
        "(rank(correlation(sum((high + low) / 2, 19), sum(adv60, 19), 8)) < rank(correlation(low, volume, 6))) * -1",
        "windows rounded down",
    ),
    alpha(
        "alpha_100",
        "0 - (1 * (((1.5 * scale(indneutralize(indneutralize(rank((((close - low) - (high - close)) / (high - low)) * volume), subindustry), subindustry))) - scale(indneutralize(correlation(close, rank(adv20), 5) - rank(ts_argmin(close, 30)), subindustry))) * (volume / adv20)))",
        "needs `subindustry`",
    ),
    alpha("alpha_101", "(close - open) / ((high - low) + 0.001)", "as published"),
];
