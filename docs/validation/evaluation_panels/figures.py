# Times, factors, and the statistics that every figure is made of, each by the library that has it.
import math

import numpy as np
import pandas as pd
import scipy.stats as ss
import statsmodels.api as sm

MINUTE = 60_000_000
HOUR, DAY = 60 * MINUTE, 24 * 60 * MINUTE
FRAMES = {"15m": 15 * MINUTE, "1h": HOUR, "4h": 4 * HOUR, "1d": DAY}
# Factors: how the program computes them from the bars, and how this script does from one symbol's own rows.
FACTORS = {
    "ties": ("volume - 50", lambda d: d.volume - 50),
    "poles": ("1 / (tick_count - 3)", lambda d: 1 / (d.tick_count - 3)),
    "logs": ("-log(buy_volume)", lambda d: -np.log(d.buy_volume)),
    "move": ("close / delay(close, 2) - 1", lambda d: d.close / d.close.shift(2) - 1),
    "flat": ("volume * 0 + 3", lambda d: d.volume * 0 + 3),
    "none": ("log(0 - close)", lambda d: d.close * np.nan),
    "huge": ("volume * 1000000000000000000000000000000 * tick_count", lambda d: d.volume * 1e30 * d.tick_count),
    "twin": ("volume - 50", lambda d: d.volume - 50),
    "level": ("close", lambda d: d.close),
}
NAN = float("nan")


def iso(t):
    return pd.Timestamp(t, unit="us").strftime("%Y-%m-%dT%H:%M:%SZ")


def newey_west(y, lags):
    """The error of a mean as statsmodels gives it."""
    return float(sm.OLS(y, np.ones(len(y))).fit(cov_type="HAC", cov_kwds={"maxlags": lags}).bse[0])


def statistics(values, bars):
    """Mean and errors of a series over times."""
    y = np.array([v for v in values if math.isfinite(v)])
    n = len(y)
    if (y != 0).any() and np.abs(y).max() < 1e-13:
        # Nothing but rounding: its errors are nobody's to say.
        return {"n": n, "mean": y.mean()} | dict.fromkeys(("deviation", "plain_error", "error", "ratio", "t", "p"), ...)
    wide = 2 * (bars - 1) if 10 * (bars - 1) <= n else bars - 1
    lags = max(wide, math.floor(4 * (n / 100) ** (2 / 9)))
    out = {"n": n, "mean": y.mean() if n else None, "deviation": y.std(ddof=1) if n > 1 else None, "share_positive": float((y > 0).mean()) if n else None}
    if ((y != 0) & (np.abs(y) < 1e-13)).any():
        out["share_positive"] = ...  # 0 but for rounding: the sign is nobody's to say
    if ((y != 0) & (np.abs(y) < 1e-13)).any():
        out["share_positive"] = ...  # 0 but for rounding: the sign is nobody's to say
    out["plain_error"] = None if n < 2 else out["deviation"] / math.sqrt(n)
    varies = n > 1 and y.std() > 1e-14 * np.abs(y).max()
    error = newey_west(y, min(lags, n - 1)) if varies else 0
    if varies and error > 0:
        t = out["mean"] / error
        out |= {"ratio": out["mean"] / out["deviation"], "error": error, "t": t, "p": 2 * ss.norm.sf(abs(t)), "lags": min(lags, n - 1)}
    else:
        out |= {"ratio": None, "error": None, "t": None, "p": None}
    return out


def spearman(x, y):
    x, y = np.asarray(x, float), np.asarray(y, float)
    if len(x) < 2 or (x == x[0]).all() or (y == y[0]).all():
        return NAN
    return float(ss.spearmanr(x, y)[0])


def pearson(x, y):
    x, y = np.asarray(x, float), np.asarray(y, float)
    if len(x) < 2 or (x == x[0]).all() or (y == y[0]).all():
        return NAN
    return float(ss.pearsonr(x, y)[0])


def mean(values):
    kept = [v for v in values if math.isfinite(v)]
    return float(np.mean(kept)) if kept else None


def quantiles(values, q, rule):
    """Portfolios 1 to q of one time's values; the order of the symbols breaks ties where ties are broken."""
    n = len(values)
    if rule in ("rank", "ordinal"):
        ranks = ss.rankdata(values, method="average" if rule == "rank" else "ordinal")
        doubled = np.round(2 * ranks).astype(int)
        return [-(-d * q // (2 * n)) if rule == "rank" else (d // 2 - 1) * q // n + 1 for d in doubled]
    if rule == "qcut":
        edges = pd.Series(values).quantile(np.linspace(0, 1, q + 1)).to_numpy()
    else:
        edges = np.linspace(min(values), max(values), q + 1)
    return [int((edges[1:-1] < v).sum()) + 1 for v in values]
