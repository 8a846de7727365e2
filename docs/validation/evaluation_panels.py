# Small hostile panels, made by seed, through the program and against pandas, scipy and statsmodels.
#
#   python evaluation_panels.py CROSSCUT [FIRST [N]]
#
# Every panel is imported as a file, its factor set is computed by the program, `crosscut evaluate` judges it, and all
# figures of evaluation.json and of the tables are held against figures worked out here from the files alone, by the
# conventions of docs/guide.md and of `method` in evaluation.json. Ends with status 1 when a figure differs.
import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd
import scipy.stats as ss
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests

warnings.simplefilter("ignore")
np.seterr(all="ignore")
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


# ---------------------------------------------------------------- panels


def panel(rng):
    """Bars of some symbols with every trouble that files can have; what the program is asked for."""
    frame = rng.choice(["1d", "1d", "1h", "4h", "15m"])
    step = FRAMES[frame]
    sessions = rng.random() < 0.3
    n, length = int(rng.integers(2, 13)), int(rng.choice([5, 9, 17, 40, 80, 120]))
    first = int(pd.Timestamp("2023-11-20").value // 1000) + int(rng.integers(0, 60)) * DAY
    labels, at = [], first
    while len(labels) < length:
        weekday, clock = (at // DAY + 3) % 7, at % DAY
        if not sessions or (weekday < 5 and (frame == "1d" or 14 * HOUR <= clock < 21 * HOUR)):
            labels.append(at)
        at += step
    holes = rng.choice([0.0, 0.0, 0.04])
    labels = [t for t in labels if rng.random() >= holes] or labels
    rows, alone = [], {t for t in labels if rng.random() < 0.03}
    empty, level = {t for t in labels if rng.random() < 0.04}, {t for t in labels if rng.random() < 0.04}
    spans, copies = {}, int(rng.integers(0, 2))
    for j in range(n):
        name = f"S{j:02d}"
        late = int(rng.integers(0, len(labels) // 2 + 1)) if rng.random() < 0.25 else 0
        end = int(rng.integers(len(labels) // 2, len(labels))) if rng.random() < 0.25 else len(labels)
        mine = [t for t in labels[late:end] if rng.random() >= rng.choice([0, 0.03, 0.15])]
        if j:
            mine = [t for t in mine if t not in alone]
        mine = mine or labels[:1]
        spans[name] = (mine[0], mine[-1])
        size = rng.choice([0.0, 0.002, 0.02, 0.2], p=[0.1, 0.2, 0.5, 0.2])
        close = 10.0 ** rng.integers(-6, 6) * np.exp(np.cumsum(rng.standard_t(3, len(mine)) * size))
        if rng.random() < 0.15:
            close[rng.random(len(mine)) < 0.05] *= 100
        if rng.random() < 0.3:
            close = np.maximum(np.round(close / close[0], 2), 0.01)
        opens = np.concatenate([close[:1], close[:-1]]) * np.exp(rng.normal(0, size / 5, len(mine)))
        volume = rng.integers(0, int(rng.choice([2, 4, 200])), len(mine)).astype(float) + rng.integers(40, 60)
        volume[rng.random(len(mine)) < 0.03] = 0
        volume[rng.random(len(mine)) < 0.08] = NAN
        for i, t in enumerate(mine):
            volume[i] = NAN if t in empty else 55 if t in level else volume[i]
        d = pd.DataFrame({"symbol": name, "timestamp": mine, "open": opens, "close": close, "volume": volume})
        d["high"], d["low"] = d[["open", "close"]].max(axis=1), d[["open", "close"]].min(axis=1)
        d["vwap"] = np.where(rng.random(len(d)) < 0.1, NAN, (d.open + d.close) / 2)
        d["tick_count"] = rng.integers(0, 7, len(d)).astype(float)
        d["buy_volume"] = np.minimum(np.round(rng.random(len(d)) * 40, int(rng.integers(0, 3))), d.volume)
        d["dollar_volume"] = np.where(rng.random(len(d)) < 0.2, NAN, d.volume * d.close)
        rows.append(d)
    if copies and n > 2:
        rows[1] = rows[0].assign(symbol="S01")
        spans["S01"] = spans["S00"]
    data = pd.concat(rows, ignore_index=True)
    world = {"frame": str(frame), "step": step, "labels": labels, "data": data, "sessions": sessions, "spans": spans}
    world["ask"] = request(rng, world)
    return world


def request(rng, world):
    """Options of a command."""
    frame, step, names = world["frame"], world["step"], sorted(world["spans"])
    pick = lambda *values: values[int(rng.integers(0, len(values)))]
    lag, price = pick((0, "close"), (1, "open"), (1, "close"), (2, "vwap"), (1, "vwap"), (3, "open"))
    bars = ["1", "2", "3", "5", "10"]
    times = {"1d": ["1d", "3d", "36h"], "4h": ["4h", "8h", "1d", "6h"], "1h": ["1h", "3h", "1d", "90m"], "15m": ["15m", "1h", "45m", "20m"]}
    wanted = list(rng.choice(bars + times[frame], size=int(rng.integers(1, 4)), replace=False))
    ask = {
        "lag": lag, "price": price, "horizons": [str(h) for h in wanted], "quantiles": pick(2, 3, 5, 7),
        "rule": pick("rank", "rank", "ordinal", "qcut", "bins"), "rows": pick("each", "each", "common"),
        "min_names": pick(2, 3, 5), "delisting": pick("last_price", "drop"), "commission": pick(0.0, 5.0, 30.0),
        "slippage": pick(0.0, 3.0), "funding": rng.random() < 0.4, "detail": pick(1, 2, 9), "tradable": pick("close > 0", "tick_count > 1"),
        "calendar": pick("auto", "auto", "24/7", "exchange"),
    }
    ask["factors"] = pick(["*"], ["ties"], ["logs", "ties", "move", "huge"], ["poles", "level"], ["flat"], ["none", "move"])
    if frame != "15m" and rng.random() < 0.2:
        ask["price_bars"] = {"1d": "4h", "4h": "1h", "1h": "15m"}[frame]
    if frame == "1h" and not world["sessions"] and rng.random() < 0.15:
        ask["price_bars"] = "4h"
    if rng.random() < 0.6:
        groups = ["a", "b", "c d"][: int(rng.integers(1, 4))]
        lines = [(s, pick(*groups), None) for s in names if rng.random() < 0.85]
        if rng.random() < 0.5:
            moved = lambda: int(rng.choice(world["labels"]))
            lines += [(s, pick(*groups, ""), moved()) for s in names if rng.random() < 0.5]
        lines.append(("UNKNOWN", "z", None))
        if any(s in names for s, *_ in lines):
            ask["groups"] = lines
    if rng.random() < 0.15 and len(names) > 3:
        ask["symbols"] = sorted(rng.choice(names, size=len(names) - 2, replace=False).tolist())
    if rng.random() < 0.25:
        ask["start"] = int(world["labels"][len(world["labels"]) // 6])
    if rng.random() < 0.25:
        ask["end"] = int(world["labels"][-len(world["labels"]) // 6])
    if rng.random() < 0.2:
        ask["pool"] = {"top_n": pick(2, 5), "reselect": pick("D", "MS", "W-MON"), "lookback_days": pick(1, 5, 30), "min_bars": pick(1, 3)}
    ask["delisted"] = {s: int(span[1] + step * pick(1, 1, 3)) for s, span in world["spans"].items() if span[1] < world["labels"][-1] and rng.random() < 0.6}
    ask["funded"] = {s: [(int(t + rng.integers(0, 5) * 1000), float(np.round(rng.normal(0, 1e-3), 6))) for t in range(int(world["labels"][0]), int(world["labels"][-1]), 8 * HOUR)] for s in names if rng.random() < 0.8}
    if not any(ask["funded"].values()):
        ask["funding"] = False
    return ask


# ---------------------------------------------------------------- the program


class Program:
    """The binary on a folder of its own."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder

    def run(self, *words, status=0):
        done = subprocess.run([self.binary, "--hub", f"{self.folder}/hub", *words], cwd=self.folder, capture_output=True, text=True)
        if done.returncode != status:
            raise RuntimeError(f"{words}: status {done.returncode}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
        return done

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w") as file:
            file.write(text)

    def market(self, world):
        """Imports the bars and all else, and computes the factors."""
        ask = world["ask"]
        for bar, data in world["bars"].items():
            folder = f"{self.folder}/{bar}"
            os.makedirs(folder)
            for name, rows in data.groupby("symbol"):
                table = rows.drop(columns="symbol").assign(timestamp=rows.timestamp // 1000)
                table.to_csv(f"{folder}/{name}.csv", index=False)
            self.run("data", "import", "--venue", "v", "--kind", "klines", "--timeframe", bar, folder)
        if ask["delisted"]:
            lines = "".join(f"{s},{iso(world['spans'][s][0])},{iso(t)}\n" for s, t in ask["delisted"].items())
            self.write("listing.csv", "symbol,listing_time,delisting_time\n" + lines)
            self.run("data", "import", "--venue", "v", "--kind", "instruments", "listing.csv")
        if ask["funding"]:
            lines = "".join(f"{s},{t // 1000},{r}\n" for s, all in ask["funded"].items() for t, r in all)
            self.write("funding.csv", "symbol,funding_time,funding_rate\n" + lines)
            self.run("data", "import", "--venue", "v", "--kind", "funding", "funding.csv")
        for name, frame, prefix in world["sets"]:
            text = f"factor_set: {name}\ntimeframe: {frame}\nsource: {{venue: v, bars: {frame}}}\ntradable: {ask['tradable']}\nfactors:\n"
            text += "".join(f'  - {{name: {prefix}{f}, formula: "{formula}"}}\n' for f, (formula, _) in FACTORS.items())
            self.write(f"{name}.yaml", text)
            self.run("factors", "run", "--config", f"{name}.yaml")

    def evaluate(self, ask, horizons, status=0):
        words = ["evaluate", "--factor-set", "s", "--factor", ",".join(ask["factors"]), "--horizons", ",".join(horizons)]
        words += ["--quantiles", ask["quantiles"], "--quantile-rule", ask["rule"], "--rows", ask["rows"], "--min-names", ask["min_names"]]
        words += ["--price", ask["price"], "--lag", ask["lag"], "--delisting", ask["delisting"], "--detail", ask["detail"], "--bootstrap", 0, "--out", "ev"]
        costs = f"commission_bps={ask['commission']},slippage_bps={ask['slippage']}" + (",funding=table" if ask["funding"] else "")
        words += ["--costs", costs, "--calendar", ask["calendar"]]
        if "price_bars" in ask:
            words += ["--price-bars", ask["price_bars"]]
        if "groups" in ask:
            dated = any(t is not None for *_, t in ask["groups"])
            lines = [f"{s},{g}" + (f",{'' if t is None else iso(t)}" if dated else "") for s, g, t in ask["groups"]]
            self.write("g.csv", "symbol,sector" + (",from" if dated else "") + "\n" + "\n".join(lines) + "\n")
            words += ["--group", "g.csv"]
        if "symbols" in ask:
            words += ["--symbols", ",".join(ask["symbols"])]
        for bound in ("start", "end"):
            if bound in ask:
                words += [f"--{bound}", iso(ask[bound])]
        if "pool" in ask:
            p = ask["pool"]
            words += ["--pool-top-n", p["top_n"], "--pool-reselect", p["reselect"], "--pool-lookback", f"{p['lookback_days']}d", "--pool-min-bars", p["min_bars"]]
        return self.run(*map(str, words), status=status)

    def document(self):
        with open(f"{self.folder}/ev/evaluation.json") as file:
            return json.load(file)


def iso(t):
    return pd.Timestamp(t, unit="us").strftime("%Y-%m-%dT%H:%M:%SZ")


# ---------------------------------------------------------------- statistics


def newey_west(y, lags):
    """The error of a mean as statsmodels gives it."""
    return float(sm.OLS(y, np.ones(len(y))).fit(cov_type="HAC", cov_kwds={"maxlags": lags}).bse[0])


def statistics(values, bars):
    """Mean and errors of a series over times."""
    y = np.array([v for v in values if math.isfinite(v)])
    n = len(y)
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


# ---------------------------------------------------------------- the reference


class Reference:
    """All that an evaluation says, from the files."""

    def __init__(self, world, horizons, document):
        ask = self.ask = world["ask"]
        self.world, self.step, self.horizons = world, world["step"], horizons
        self.bars_per_year = document["data"]["periods_per_year"]
        self.names = ask.get("symbols") or sorted(world["spans"])
        inside = lambda t: ask.get("start", -math.inf) <= t < ask.get("end", math.inf)
        data = world["bars"][world["frame"]]
        self.own = {s: d.sort_values("timestamp").reset_index(drop=True) for s, d in data.groupby("symbol") if s in self.names}
        self.times = sorted({t for d in self.own.values() for t in d.timestamp if inside(t)})
        self.price_step = FRAMES[ask.get("price_bars", world["frame"])]
        bars = world["bars"][ask.get("price_bars", world["frame"])]
        bars = bars[bars.symbol.isin(self.names) & (bars.timestamp < ask.get("end", math.inf))]
        self.all_bars = bars
        reach = 0 if "pool" not in ask else ask["pool"]["lookback_days"] * DAY + 92 * DAY
        bars = bars[bars.timestamp >= self.times[0] - reach]
        self.price_times = sorted(set(bars.timestamp))
        place = {t: i for i, t in enumerate(self.price_times)}
        self.prices, self.volume = (np.full((len(self.price_times), len(self.names)), NAN) for _ in range(2))
        for j, s in enumerate(self.names):
            d = bars[bars.symbol == s]
            at = [place[t] for t in d.timestamp]
            self.prices[at, j] = d[ask["price"]]
            self.volume[at, j] = np.where(np.isfinite(d.dollar_volume), d.dollar_volume, d.close * d.volume)
        self.schedule()
        self.delistings()
        self.funding()
        self.members = self.pool()
        self.returns = [self.returns_of(h) for h in range(len(horizons))]

    def schedule(self):
        """Rows of prices at which positions are entered and left."""
        ask, known = self.ask, [t + self.step for t in self.times]
        ends = [t + self.price_step for t in self.price_times]
        self.base = [sum(e <= k for e in ends) - 1 for k in known]
        self.entry = []
        for base, k in zip(self.base, known):
            row = None
            if base >= 0:
                row = base
                if ask["lag"]:
                    begun = sum(t < k for t in self.price_times) if ask["price"] != "close" else 0
                    row = max(base + 1, begun) + ask["lag"] - 1
            self.entry.append(row if row is not None and row < len(self.price_times) else None)
        weekend = any((t // DAY + 3) % 7 >= 5 for t in self.times)
        closes = not weekend and self.times[-1] - self.times[0] >= 7 * DAY
        self.exchange = closes if ask["calendar"] == "auto" else ask["calendar"] == "exchange"
        self.exits, self.bars, self.ends = [], [], []
        for horizon in self.horizons:
            exits = [self.exit(i, horizon) for i in range(len(self.times))]
            taken = sorted(max(1, sum(e is not None and e < x for e in self.entry) + self.before_first(x) - i) for i, x in enumerate(exits) if x is not None)
            self.bars.append(taken[len(taken) // 2] if taken else None)
            self.exits.append(exits)
            self.ends.append(max((i + 1 for i, x in enumerate(exits) if x is not None), default=0))

    def before_first(self, _):
        """Times that come before any price count as earlier than every exit."""
        return sum(1 for e in itertools.takewhile(lambda e: e is None, self.entry))

    def exit(self, i, horizon):
        entry = self.entry[i]
        if horizon.isdigit():
            later = i + int(horizon)
            return self.entry[later] if later < len(self.times) else None
        if entry is None:
            return None
        length = int(horizon[:-1]) * {"m": MINUTE, "h": HOUR, "d": DAY}[horizon[-1]]
        target = self.price_times[entry] + length
        if not self.exchange:
            return self.price_times.index(target) if target in self.price_times else None
        if length % DAY:
            return next((i for i, t in enumerate(self.price_times) if t >= target), None)
        days = sorted({t // DAY for t in self.price_times})
        day = days.index(self.price_times[entry] // DAY) + length // DAY
        if day >= len(days):
            return None
        rows = [i for i, t in enumerate(self.price_times) if t // DAY == days[day]]
        not_after = [i for i in rows if self.price_times[i] % DAY <= self.price_times[entry] % DAY]
        return not_after[-1] if not_after else rows[0]

    def delistings(self):
        """The last row with a price before a delisting within the data."""
        self.last_row = {}
        for j, s in enumerate(self.names):
            at = self.ask["delisted"].get(s)
            if at is not None and at <= self.price_times[-1]:
                rows = [i for i, t in enumerate(self.price_times) if t < at and np.isfinite(self.prices[i, j])]
                if rows:
                    self.last_row[j] = rows[-1]

    def funding(self):
        """Funding paid up to each row of prices by whoever holds through its moment."""
        self.paid = None
        if self.ask["funding"]:
            moment = [t if self.ask["price"] == "open" else t + self.price_step for t in self.price_times]
            paid = lambda s, at: math.fsum(r for t, r in self.ask["funded"].get(s, []) if t <= at)
            self.paid = np.array([[paid(s, at) for s in self.names] for at in moment])

    def pool(self):
        """The names of the pool at each time."""
        if "pool" not in self.ask:
            return None
        rule, out = self.ask["pool"], []
        unit = {"D": "D", "MS": "M", "W-MON": "W-SUN"}[rule["reselect"]]
        for t in self.times:
            begin = int(pd.Timestamp(t, unit="us").to_period(unit).start_time.value // 1000)
            recent = self.all_bars[(self.all_bars.timestamp >= begin - rule["lookback_days"] * DAY) & (self.all_bars.timestamp < begin)]
            volume = recent.dollar_volume.where(np.isfinite(recent.dollar_volume), recent.close * recent.volume)
            traded = volume.dropna().groupby(recent.symbol).agg(["mean", "count"])
            traded = traded[traded["count"] >= rule["min_bars"]]
            ranked = sorted(traded["mean"].items(), key=lambda one: (-one[1], one[0]))
            out.append({s for s, _ in ranked[: rule["top_n"]]})
        return out

    def returns_of(self, h):
        """Returns by time and name with the reason where there is none."""
        out = np.full((len(self.times), len(self.names)), NAN)
        why = np.full(out.shape, None, object)
        for i in range(len(self.times)):
            entry, exit = self.entry[i], self.exits[h][i]
            for j in range(len(self.names)):
                if entry is None or exit is None:
                    gap = "no_exit_price" if entry is not None else "no_entry_price"
                    why[i, j] = gap if i < self.ends[h] else "end_of_data"
                    continue
                start, end, last = self.prices[entry, j], self.prices[exit, j], self.last_row.get(j)
                gone = last is not None and entry <= last < exit
                if gone:
                    end = self.prices[last, j] if self.ask["delisting"] == "last_price" else NAN
                held = end / start - 1
                if math.isfinite(held):
                    out[i, j] = held
                elif not math.isfinite(start):
                    why[i, j] = "no_entry_price"
                else:
                    why[i, j] = "delisted" if last is not None and last < exit and self.ask["delisting"] == "drop" else "no_exit_price"
        self.why = getattr(self, "why", []) + [why]
        return out

    # ---- a factor

    def values(self, factor):
        """Values by time and name, with the counts of the rows."""
        out = np.full((len(self.times), len(self.names)), NAN)
        counts = dict.fromkeys(("rows", "missing", "untradable", "late", "outside_pool"), 0)
        place = {t: i for i, t in enumerate(self.times)}
        for j, s in enumerate(self.names):
            d = self.own[s]
            values = factor(d).to_numpy(float, copy=True)
            values[~np.isfinite(values)] = NAN
            tradable = self.tradable(d)
            for t, v, is_tradable in zip(d.timestamp, values, tradable):
                if t not in place:
                    continue
                counts["rows"] += 1
                if math.isnan(v):
                    counts["missing"] += 1
                elif not is_tradable:
                    counts["untradable"] += 1
                elif self.members is not None and s not in self.members[place[t]]:
                    counts["outside_pool"] += 1
                else:
                    out[place[t], j] = v
        return out, counts

    def tradable(self, d):
        """Rows that may be traded: not where a bar lacks a column that the formulas read and that was given before."""
        known = d[["close", "volume", "tick_count", "buy_volume"]].notna()
        whole = (known | (known.cumsum() == 0)).all(axis=1)
        return whole & ((d.close > 0) if self.ask["tradable"] == "close > 0" else (d.tick_count > 1))

    def sections(self, values):
        """What takes part at each time."""
        ask, out, dropped = self.ask, [], {"values": 0, "too_few_names": 0, "incomplete": 0}
        for i in range(len(self.times)):
            names = [j for j in range(len(self.names)) if math.isfinite(values[i, j])]
            dropped["values"] += len(names)
            everything = list(names)
            if ask["rows"] == "common":
                names = [j for j in names if all(math.isfinite(r[i, j]) for r in self.returns)]
                dropped["incomplete"] += len(everything) - len(names)
            if len(names) < ask["min_names"]:
                dropped["too_few_names"] += len(names)
                out.append(None)
                continue
            f = values[i, names]
            gross = np.abs(f - self.middle(f)).sum()
            section = {"names": names, "everything": everything, "quantiles": quantiles(f, ask["quantiles"], ask["rule"]), "f": f}
            section["weights"] = (f - self.middle(f)) / gross if gross > 0 else np.zeros(len(f))
            section["varies"] = gross > 0
            section["outcomes"] = [self.outcome(h, i, section) for h in range(len(self.horizons))]
            if not section["outcomes"][0]["judged"]:
                dropped["too_few_names"] += section["outcomes"][0]["n"]
            out.append(section)
        return out, dropped

    @staticmethod
    def middle(f):
        return f[0] + math.fsum(f - f[0]) / len(f)

    def outcome(self, h, i, section):
        """One horizon at one time."""
        ask, q = self.ask, self.ask["quantiles"]
        r = self.returns[h][i, section["names"]]
        kept = np.isfinite(r)
        judged = kept.sum() >= ask["min_names"]
        place = np.array(section["quantiles"])
        out = {"n": int(kept.sum()), "judged": bool(judged), "r": r, "kept": kept}
        x, y = section["f"][kept], r[kept]
        out["rank_ic"] = spearman(x, y) if judged else NAN
        out["ic"] = pearson(x, y) if judged else NAN
        out["market"] = y.mean() if judged else NAN
        out["weighted"] = float((section["weights"][kept] * y).sum()) if judged and section["varies"] else NAN
        out["q"] = [r[kept & (place == k)] if judged else r[:0] for k in range(1, q + 1)]
        means = [p.mean() if len(p) else NAN for p in out["q"]]
        out["means"], out["spread"] = means, means[-1] - means[0]
        top = out["q"][-1]
        out["hits"] = float((top > out["market"]).mean()) if len(top) else NAN
        errors = [p.std(ddof=1) / math.sqrt(len(p)) if len(p) > 1 else NAN for p in (out["q"][-1], out["q"][0])]
        out["spread_error"] = math.hypot(*errors)
        out["paid"], out["weighted_paid"] = [0.0] * q, 0.0
        if self.paid is not None:
            entry, exit = self.entry[i], self.exits[h][i]
            cost = [self.funding_of(entry, exit, j) for j in section["names"]]
            cost = np.where(kept, cost, 0.0)
            side = [cost[kept & (place == k)] for k in range(1, q + 1)]
            out["paid"] = [c.mean() if len(c) else 0.0 for c in side]
            out["weighted_paid"] = float((section["weights"] * cost).sum())
        return out

    def funding_of(self, entry, exit, j):
        if entry is None or exit is None:
            return 0.0
        last = self.last_row.get(j)
        if last is not None and entry <= last < exit:
            exit = last
        return self.paid[exit, j] - self.paid[entry, j]

    def changes(self, sections, lag):
        """A judged time against the one so many judged times before."""
        judged = [s for s in sections if s]
        out, q = [], self.ask["quantiles"]
        for before, now in zip(judged, judged[lag:]):
            was, new = dict(zip(before["names"], before["quantiles"])), dict(zip(now["names"], now["quantiles"]))
            turnover = []
            for k in range(1, q + 1):
                members = [j for j in new if new[j] == k]
                turnover.append(sum(was.get(j) != k for j in members) / len(members) if members else NAN)
            both = [j for j in was if j in new]
            f_was, f_new = dict(zip(before["names"], before["f"])), dict(zip(now["names"], now["f"]))
            sides = lambda all, k: {j: 1 / sum(v == k for v in all.values()) for j, v in all.items() if v == k}
            gap = lambda a, b: {j: b.get(j, 0) - a.get(j, 0) for j in set(a) | set(b)}
            top, low = gap(sides(was, q), sides(new, q)), gap(sides(was, 1), sides(new, 1))
            w = gap(dict(zip(before["names"], before["weights"])), dict(zip(now["names"], now["weights"])))
            traded = [sum(abs(top.get(j, 0) - low.get(j, 0)) / 2 for j in set(top) | set(low)), sum(map(abs, top.values())), sum(map(abs, w.values()))]
            out.append({"auto": spearman([f_was[j] for j in both], [f_new[j] for j in both]), "turnover": turnover, "traded": [traded[0], traded[1], traded[1], traded[2]]})
        return out

    def summary(self, name, values, counts):
        """The summary of a factor as evaluation.json has it."""
        sections, dropped = self.sections(values)
        judged = [s for s in sections if s]
        used = sum(s["outcomes"][0]["n"] for s in judged if s["outcomes"][0]["judged"])
        one = self.changes(sections, 1)
        rho = mean([c["auto"] for c in one])
        out = {"factor": name, "rank_autocorrelation_1": rho, "half_life_bars": math.log(0.5) / math.log(rho) if rho and 1e-12 < rho < 1 else ... if rho and abs(rho) <= 1e-12 else None}
        out["coverage"] = counts | dropped | {"times": len(self.times), "times_judged": len(judged)}
        out["coverage"] |= {"mean_names": mean([len(s["names"]) for s in judged]), "loss": 1 - used / counts["rows"] if counts["rows"] else None}
        out["horizons"] = [self.horizon(h, sections, one) for h in range(len(self.horizons))]
        return out, sections, one

    def horizon(self, h, sections, one):
        judged, bars = [s["outcomes"][h] for s in sections if s], self.bars[h]
        series = lambda key: [o[key] for o in judged]
        changes = one if bars == 1 else self.changes(sections, bars)
        missing = dict.fromkeys(("end_of_data", "no_entry_price", "no_exit_price", "delisted"), 0)
        for i, s in enumerate(sections):
            for j in s["everything"] if s else []:
                if self.why[h][i, j]:
                    missing[self.why[h][i, j]] += 1
        shape = lambda values: self.shape([v for v in values if math.isfinite(v)])
        out = {"horizon": self.horizons[h], "bars": bars, "n_returns": sum(o["n"] for o in judged if o["judged"]), "missing": missing}
        out |= {key: statistics(series(key), bars) for key in ("rank_ic", "ic", "spread")}
        out |= {f"{key}_shape": shape(series(key)) for key in ("rank_ic", "ic")}
        out["hit_rate"] = mean(series("hits"))
        out["rank_autocorrelation"] = mean([c["auto"] for c in changes])
        out["quantiles"] = [self.quantile(k, judged, bars, changes, one) for k in range(self.ask["quantiles"])]
        out["monotonicity"] = self.monotonicity(judged, bars)
        out["portfolios"] = [self.portfolio(k, judged, bars, changes) for k in range(4)]
        out["market_fit"] = self.market_fit(judged, bars)
        return out

    @staticmethod
    def shape(y):
        if len(y) < 2 or np.std(y) == 0:
            return {"skewness": None, "kurtosis": None}
        return {"skewness": ss.skew(y), "kurtosis": ss.kurtosis(y)}

    @staticmethod
    def quantile(k, judged, bars, changes, one):
        pooled = np.concatenate([o["q"][k] for o in judged] or [[]])
        apart = np.concatenate([o["q"][k] - o["market"] for o in judged] or [[]])
        error = lambda values: values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else None
        out = {"quantile": k + 1, "n": len(pooled), "mean": mean(pooled), "error": error(pooled), "demeaned_mean": mean(apart), "demeaned_error": error(apart)}
        out["by_time"] = statistics([o["means"][k] for o in judged], bars)
        out["demeaned_by_time"] = statistics([o["means"][k] - o["market"] for o in judged], bars)
        return out | {"turnover": mean([c["turnover"][k] for c in changes]), "turnover_1": mean([c["turnover"][k] for c in one])}

    def monotonicity(self, judged, bars):
        rows = np.array([o["means"] for o in judged if np.isfinite(o["means"]).all()])
        if not len(rows):
            return {"rank_correlation": None, "slope": statistics([], bars), "smallest_rise": None} if False else {}
        q = np.arange(rows.shape[1])
        slopes = [float(np.polyfit(q, row, 1)[0]) for row in rows]
        means = rows.mean(axis=0)
        rank = spearman(q, means)
        near = any(0 < abs(a - b) < 1e-13 for a, b in itertools.combinations(means, 2))
        out = {"slope": statistics(slopes, bars), "smallest_rise": float(np.diff(means).min())}
        return out if near else out | {"rank_correlation": None if math.isnan(rank) else rank}

    def portfolio(self, kind, judged, bars, changes):
        gross = [(o["spread"] / 2, o["means"][-1], o["means"][-1] - o["market"], o["weighted"])[kind] for o in judged]
        paid = [((o["paid"][-1] - o["paid"][0]) / 2, o["paid"][-1], o["paid"][-1], o["weighted_paid"])[kind] for o in judged]
        later = [c["traded"][kind] for c in changes]
        # The first parts of capital are bought at the mean of what is traded later.
        traded = [mean(later) or 0.0] * (len(judged) - len(later)) + later
        rate = (self.ask["commission"] + self.ask["slippage"]) / 1e4
        net = [g - t * rate - f for g, t, f in zip(gross, traded, paid)]
        held = [i for i, g in enumerate(gross) if math.isfinite(g)]
        out = {"gross": statistics(gross, bars), "net": statistics(net, bars), "traded": mean([traded[i] for i in held]), "funding": mean([paid[i] for i in held])}
        out["cost"] = None if out["traded"] is None else out["traded"] * rate
        left = None if out["funding"] is None else out["gross"]["mean"] - out["funding"]
        out["break_even_bps"] = left / out["traded"] * 1e4 if left is not None and left > 0 and out["traded"] > 0 else None
        periods = self.bars_per_year / bars
        out |= {f"annual_{key}": None if out[key]["mean"] is None else out[key]["mean"] * periods for key in ("gross", "net")}
        kept = np.array([net[i] for i in held])
        parts = [kept[first::bars] for first in range(bars)]
        parts = [p.mean() / p.std(ddof=1) * math.sqrt(periods) for p in parts if len(p) > 1 and p.std(ddof=1) > 0]
        out["sharpe_net"] = mean(parts)
        self.series = getattr(self, "series", {}) | {kind: (gross, net)}
        return out

    def market_fit(self, judged, bars):
        pairs = np.array([(o["weighted"], o["market"]) for o in judged if math.isfinite(o["weighted"]) and math.isfinite(o["market"])])
        if len(pairs) < 3 or np.ptp(pairs[:, 1]) == 0:
            return None
        wide = 2 * (bars - 1) if 10 * (bars - 1) <= len(pairs) else bars - 1
        lags = max(wide, math.floor(4 * (len(pairs) / 100) ** (2 / 9)))
        fit = sm.OLS(pairs[:, 0], sm.add_constant(pairs[:, 1])).fit(cov_type="HAC", cov_kwds={"maxlags": min(lags, len(pairs) - 1)})
        alpha, beta = fit.params
        annual = (1 + alpha) ** (self.bars_per_year / bars) - 1
        return {"alpha": alpha, "beta": beta, "alpha_t": fit.tvalues[0], "beta_t": fit.tvalues[1], "alpha_annual": annual if np.isfinite(annual) else None}

    # ---- closer

    def detail(self, name, values, sections):
        out = {"summary": None}
        label = lambda i: pd.Timestamp(self.times[i], unit="us")
        out["years"] = self.parts(sections, [str(y) for y in sorted({label(i).year for i in range(len(self.times))})], lambda i: str(label(i).year))
        months = sorted({f"{label(i):%Y-%m}" for i, s in enumerate(sections) if s})
        ic = lambda h, month: mean([s["outcomes"][h]["rank_ic"] for i, s in enumerate(sections) if s and f"{label(i):%Y-%m}" == month])
        out["months"] = [{"month": m, "rank_ic": [ic(h, m) for h in range(len(self.horizons))]} for m in months]
        states = self.states()
        out["states"] = self.parts(sections, ["falling, calm", "falling, volatile", "rising, calm", "rising, volatile"], lambda i: states[i])
        out["ages"] = self.among(sections, values, ["under 90 days", "90 days to 1 year", "1 to 3 years", "over 3 years"], self.age)
        out["decay"], out["ic_half_life_bars"] = self.decay(sections, values)
        out["values"] = self.contents(sections)
        out["around"] = self.around(sections)
        out["outliers"] = self.outliers(values)
        out["symbols"] = self.symbols(sections)
        out["exposures"], out["beyond_exposures"] = self.exposures(sections)
        out["capacity"] = self.capacity(sections)
        if "groups" in self.ask:
            names = sorted({g for _, g, _ in self.ask["groups"] if g})
            out["groups"] = self.among(sections, values, names, self.group)
            out["by_group"] = [self.by_group(h, sections, values, names) for h in range(len(self.horizons))]
        return out

    def parts(self, sections, names, label):
        out = []
        for part in names:
            of = lambda h, key: [s["outcomes"][h][key] for i, s in enumerate(sections) if s and label(i) == part]
            one = {"name": part} | {key: [statistics(of(h, key), self.bars[h]) for h in range(len(self.horizons))] for key in ("rank_ic", "spread")}
            if any(ic["n"] for ic in one["rank_ic"]):
                out.append(one)
        return out

    def among(self, sections, values, names, label):
        out = []
        for part in names:
            series = [[] for _ in self.horizons]
            for i, s in enumerate(sections):
                members = [j for j in s["names"] if label(i, j) == part] if s else []
                for h in range(len(self.horizons)):
                    series[h].append(self.ic_of(values, i, i, h, members))
            one = {"name": part, "rank_ic": [statistics(v, self.bars[h]) for h, v in enumerate(series)]}
            if any(ic["n"] for ic in one["rank_ic"]):
                out.append(one)
        return out

    def ic_of(self, values, i, acted, h, members):
        kept = [j for j in members if math.isfinite(self.returns[h][acted, j])]
        if len(kept) < self.ask["min_names"]:
            return NAN
        return spearman(values[i, kept], self.returns[h][acted, kept])

    def age(self, i, j):
        first = self.world["bars"][self.ask.get("price_bars", self.world["frame"])]
        first = first[first.symbol == self.names[j]].timestamp.min()
        days = (self.times[i] - min(first, self.times[i])) // DAY
        return "under 90 days" if days < 90 else "90 days to 1 year" if days < 365 else "1 to 3 years" if days < 1096 else "over 3 years"

    def group(self, i, j):
        lines = sorted((-math.inf if t is None else t, g) for s, g, t in self.ask["groups"] if s == self.names[j])
        known = [g for t, g in lines if t <= self.times[i]]
        return known[-1] or None if known else None

    def decay(self, sections, values):
        out = []
        judged = [i for i, s in enumerate(sections) if s]
        for late in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89):
            ics = [self.ic_of(values, i, i + late, 0, sections[i]["names"]) for i in judged if i + late < len(self.times)]
            one = {"bars_late": late, "rank_ic": statistics(ics, self.bars[0])}
            if one["rank_ic"]["n"] > 1:
                out.append(one)
        half = None
        if out:
            share = [(o["bars_late"], o["rank_ic"]["mean"] / out[0]["rank_ic"]["mean"] if out[0]["rank_ic"]["mean"] else NAN) for o in out]
            for (a, x), (b, y) in zip(share, share[1:]):
                if x >= 0.5 > y:
                    half = a + (b - a) * (x - 0.5) / (x - y)
                    break
        return out, half

    def window(self):
        days = math.floor(self.bars_per_year * 60 / 365 + 0.5)
        return max(5, min(max(20, min(500, days)), len(self.times) // 4))

    def market(self):
        r = self.prices[1:] / self.prices[:-1] - 1
        r[~np.isfinite(r)] = NAN
        return np.concatenate([[NAN], [mean(row) if np.isfinite(row).any() else NAN for row in r]])

    def states(self):
        """Trend by the sign of the market over the window, volatility against the median of all earlier times."""
        window, market, earlier, out = self.window(), self.market(), [], []
        for row in self.base:
            last = market[row + 1 - window : row + 1] if row + 1 >= window else np.array([NAN])
            if not np.isfinite(last).all():
                out.append(None)
                continue
            deviation = last.std(ddof=1)
            volatile = 2 * sum(d < deviation for d in earlier) > len(earlier)
            earlier.append(deviation)
            out.append(("rising" if (1 + last).prod() > 1 else "falling") + (", volatile" if volatile else ", calm"))
        return out

    def contents(self, sections):
        q, out = self.ask["quantiles"], []
        all = [[f for s in sections if s for f, k in zip(s["f"], s["quantiles"]) if k == one] for one in range(1, q + 1)]
        total = sum(map(len, all))
        for k, values in enumerate(all):
            values = np.array(values)
            out.append({"quantile": k + 1, "n": len(values), "share": len(values) / total if total else None, "min": min(values, default=None), "max": max(values, default=None), "mean": mean(values), "deviation": values.std(ddof=1) if len(values) > 1 else None})
        return out

    def sampled(self):
        return [i for i in range(len(self.times)) if self.entry[i] is not None and self.exits[0][i] is not None]

    def around(self, sections):
        q, offsets = self.ask["quantiles"], list(range(-10, 16))
        times = [i for i in self.sampled() if sections[i]]
        spacing = min((b - a for a, b in zip(times, times[1:])), default=1)
        paths = {(k, o): [] for k in range(1, q + 1) for o in offsets}
        for i in times:
            for o in offsets:
                other = self.entry[i + o] if 0 <= i + o < len(self.times) else None
                s = sections[i]
                change = np.full(len(s["names"]), NAN) if other is None else self.prices[other, s["names"]] / self.prices[self.entry[i], s["names"]] - 1
                kept = np.isfinite(change)
                for k in range(1, q + 1):
                    mine = change[kept & (np.array(s["quantiles"]) == k)]
                    paths[k, o].append(mine.mean() - change[kept].mean() if len(mine) else NAN)
        statistic = lambda k, o: statistics(paths[k, o], max(1, -(-abs(o) // spacing)))
        return [{"quantile": k, "offsets": offsets, "mean": [statistic(k, o)["mean"] for o in offsets], "error": [statistic(k, o)["error"] for o in offsets]} for k in range(1, q + 1)]

    def outliers(self, values):
        n = tied = measured = five = ten = 0
        largest = 0.0
        for i in self.sampled():
            row = values[i][np.isfinite(values[i])]
            n += len(row)
            tied += sum((row == v).sum() > 1 for v in row)
            scale = 1.4826 * np.median(np.abs(row - np.median(row))) if len(row) else 0
            if scale > 0:
                far = np.abs(row - np.median(row)) / scale
                measured, five, ten, largest = measured + len(row), five + (far > 5).sum(), ten + (far > 10).sum(), max(largest, far.max())
        share = lambda a, b: a / b if b else None
        return {"n": n, "tied": share(tied, n), "beyond_5": share(five, measured), "beyond_10": share(ten, measured), "largest": largest if measured else None}

    def symbols(self, sections):
        out = []
        for j, s in enumerate(self.names):
            rows = [(i, section) for i, section in enumerate(sections) if section and self.base[i] >= 0]
            taken = sum(j in section["names"] for _, section in rows)
            priced = sum(j in section["names"] or np.isfinite(self.prices[self.base[i], j]) for i, section in rows)
            if priced > taken or not taken:
                out.append({"symbol": s, "times": taken, "missing": priced - taken})
        return sorted(out, key=lambda one: (-one["missing"], one["symbol"]))[:20]

    # ---- characteristics of the names; kept in single precision

    def characteristics(self):
        window = self.window()
        market = self.market()
        single = self.volume.astype(np.float32).astype(float)
        r = np.vstack([np.full((1, len(self.names)), NAN), self.prices[1:] / self.prices[:-1] - 1])
        r[~np.isfinite(r)] = NAN
        enough = lambda values: np.isfinite(values).sum() * 2 >= window
        finite = lambda values: values[np.isfinite(values)]
        out = {name: np.full((len(self.times), len(self.names)), NAN) for name in ("size", "liquidity", "volatility", "momentum", "beta", "dollars")}
        for i, row in enumerate(self.base):
            if row < 0:
                continue
            for j in range(len(self.names)):
                last, twice = slice(max(0, row + 1 - window), row + 1), slice(max(0, row + 1 - 2 * window), row + 1)
                dollars, returns = single[last, j], r[last, j]
                if enough(single[twice, j]):
                    out["size"][i, j] = np.log(finite(single[twice, j]).mean())
                illiquid = finite(np.abs(returns) / dollars)
                if enough(np.abs(returns) / dollars) and illiquid.mean() > 0:
                    out["liquidity"][i, j] = -np.log(illiquid.mean())
                if enough(returns) and len(finite(returns)) > 1:
                    out["volatility"][i, j] = finite(returns).std(ddof=1)
                if row >= window:
                    out["momentum"][i, j] = self.prices[row, j] / self.prices[row - window, j] - 1
                both = np.isfinite(returns) & np.isfinite(market[last])
                if both.sum() * 2 >= window and np.ptp(market[last][both]) > 0:
                    out["beta"][i, j] = np.polyfit(market[last][both], returns[both], 1)[0]
                if enough(dollars):
                    out["dollars"][i, j] = finite(dollars).mean()
        for values in out.values():
            values[~np.isfinite(values)] = NAN
        return {name: values.astype(np.float32).astype(float) for name, values in out.items()}

    def ranks_of(self, values, i):
        """The names a comparison looks at, when they are enough."""
        names = [j for j in range(len(self.names)) if math.isfinite(values[i, j])]
        return names if len(names) >= max(2, self.ask["min_names"]) else []

    def exposures(self, sections):
        close = self.close = getattr(self, "close", None) or self.characteristics()
        out, factors = [], ["size", "liquidity", "volatility", "momentum", "beta"]
        own = np.full((len(self.times), len(self.names)), NAN)
        for i, s in enumerate(sections):
            if s:
                own[i, s["names"]] = s["f"]
        for name in factors:
            series = []
            for i in self.sampled():
                names = [j for j in self.ranks_of(own, i) if j in self.ranks_of(close[name], i)]
                series.append(spearman(own[i, names], close[name][i, names]) if len(names) >= max(2, self.ask["min_names"]) else NAN)
            out.append({"characteristic": name, "correlation": statistics(series, 1)})
        return out, self.joint(own, [close[name] for name in factors])

    def joint(self, own, others):
        """What is left of a factor's ranks when others' are taken out, at times with more than four names more than they."""
        if not others:
            return None
        left, share, plain = [], [], []
        least = max(2, self.ask["min_names"])
        for i in self.sampled():
            priced = [j for j in range(len(self.names)) if math.isfinite(self.returns[0][i, j])]
            priced = priced if len(priced) >= least else []
            mine = [j for j in self.ranks_of(own, i) if j in priced]
            plain.append(spearman(own[i, mine], self.returns[0][i, mine]) if len(mine) >= least else NAN)
            names = [j for j in mine if all(j in self.ranks_of(other, i) for other in others)]
            if len(names) < max(len(others) + 5, least):
                continue
            rank = lambda values: ss.rankdata(values[i, names])
            x = sm.add_constant(np.column_stack([rank(other) for other in others]), has_constant="add")
            if np.linalg.matrix_rank(x) < x.shape[1] or np.ptp(rank(own)) == 0:
                continue
            fit = sm.OLS(rank(own), x).fit()
            if fit.rsquared < 1 - 1e-9:
                ic = pearson(fit.resid, ss.rankdata(self.returns[0][i, names]))
                if math.isfinite(ic):
                    left.append(ic)
                    share.append(fit.rsquared)
        if not left:
            return None
        overlap = self.overlap()
        return {"rank_ic": statistics(plain, overlap), "incremental": statistics(left, overlap), "r_squared": mean(share)}

    def overlap(self):
        times = self.sampled()
        spacing = min((b - a for a, b in zip(times, times[1:])), default=1)
        return max(1, -(-self.bars[0] // spacing))

    def capacity(self, sections):
        close = self.close
        middle, thin, q = [], [], self.ask["quantiles"]
        for i in self.sampled():
            s = sections[i]
            if not s:
                continue
            capital = []
            for j, k in zip(s["names"], s["quantiles"]):
                if k in (1, q) and math.isfinite(close["dollars"][i, j]):
                    capital.append(0.01 * close["dollars"][i, j] * 2 * s["quantiles"].count(k))
            if capital:
                middle.append(np.median(capital))
                thin.append(sorted(capital)[len(capital) // 10])
        return {"median_name": float(np.median(middle)) if middle else None, "thin_name": float(np.median(thin)) if thin else None}

    # ---- by group

    def by_group(self, h, sections, values, groups):
        q, bars = self.ask["quantiles"], self.bars[h]
        series = {}
        put = lambda key, value: series.setdefault(key, []).append(value)
        for i, s in enumerate(sections):
            if not s:
                continue
            members = [(j, self.group(i, j), k) for j, k in zip(s["names"], s["quantiles"]) if self.group(i, j)]
            rows = pd.DataFrame(members, columns=["j", "g", "whole"])
            rows["r"], rows["f"] = self.returns[h][i, rows.j.tolist()], values[i, rows.j.tolist()]
            rows["within"] = 0
            for _, of in rows.groupby("g"):
                rows.loc[of.index, "within"] = quantiles(of.f.to_numpy(), q, self.ask["rule"])
            kept = rows[np.isfinite(rows.r)].copy()
            if len(kept) < self.ask["min_names"]:
                continue
            kept["adjusted"] = kept.r - kept.groupby("g").r.transform("mean")
            kept["demeaned"] = kept.r - kept.r.mean()
            put("ic", spearman(kept.f, kept.adjusted))
            total, n = 0.0, 0
            for _, of in rows.groupby("g"):
                apart = of.f - self.middle(of.f.to_numpy())
                if apart.abs().sum() > 0:
                    total, n = total + (apart / apart.abs().sum() * of.r.fillna(0)).sum(), n + 1
            put("weighted", total / n if n else NAN)
            for way, g, k in itertools.product(("whole", "within"), [None, *groups], range(1, q + 1)):
                of = kept[(kept[way] == k) & ((kept.g == g) if g else True)]
                for kind, column in (("raw", "r"), ("demeaned", "demeaned"), ("adjusted", "adjusted")):
                    if len(of):
                        put((way, g, k, kind), of[column].mean())
        short = lambda key: {f: v for f, v in statistics(series.get(key, []), bars).items() if f in ("n", "mean", "plain_error", "error")}
        block = lambda way, g: [{"quantile": k} | {kind: short((way, g, k, kind)) for kind in ("raw", "demeaned", "adjusted")} for k in range(1, q + 1)]
        formed = lambda way: {"quantiles": block(way, None), "groups": [{"group": g, "quantiles": block(way, g)} for g in groups]}
        return {"horizon": self.horizons[h], "rank_ic_adjusted": statistics(series.get("ic", []), bars), "weighted": statistics(series.get("weighted", []), bars), "of_all": formed("whole"), "within_groups": formed("within")}

    # ---- variants

    def group_neutral(self, values):
        out = np.full(values.shape, NAN)
        for i in range(len(self.times)):
            for g in {self.group(i, j) for j in range(len(self.names))} - {None}:
                names = [j for j in range(len(self.names)) if self.group(i, j) == g and math.isfinite(values[i, j])]
                if names:
                    out[i, names] = values[i, names] - self.middle(values[i, names])
        return out

    def beta_neutral(self, values):
        beta, out = self.close["beta"], np.full(values.shape, NAN)
        for i in range(len(self.times)):
            names = [j for j in range(len(self.names)) if math.isfinite(values[i, j]) and math.isfinite(beta[i, j])]
            if len(names) > 1 and np.ptp(beta[i, names]) > 0:
                left = sm.OLS(values[i, names], sm.add_constant(beta[i, names], has_constant="add")).fit().resid
                # What rounding alone leaves has no order.
                out[i, names] = np.where(np.abs(left) <= 1e-12 * np.abs(values[i, names]).max(), 0.0, left)
        return out

    @staticmethod
    def is_tied_by_rounding(values):
        """Whether values that may be equal but for rounding are told apart: their order is nobody's to say."""
        for row in values:
            row = np.sort(row[np.isfinite(row)])
            if len(row) > 1:
                gaps = np.diff(row)
                scale = np.abs(row).max() or 1
                if ((gaps > 0) & (gaps < 1e-9 * scale)).any():
                    return True
        return False

    # ---- several factors

    def combined(self, judged):
        """Scores of all factors' ranks, added up in single precision in the order of the set."""
        shape = (len(self.times), len(self.names))
        equal, weighted = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        counts, n_weights = np.zeros(shape, int), np.zeros(shape[0], int)
        for sections in judged:
            weights = self.past_means(sections)
            for i, s in enumerate(sections):
                n_weights[i] += weights[i] is not None
                if not s:
                    continue
                n = len(s["names"])
                for j, rank in zip(s["names"], ss.rankdata(s["f"])):
                    place = np.float32(2 * rank - (n + 1)) * (np.float32(1) / np.float32(2 * n))
                    equal[i, j] += place
                    weighted[i, j] += np.float32(weights[i] or 0.0) * place
                    counts[i, j] += 1
        few = 2 * counts < len(judged)
        equal[few], weighted[few] = NAN, NAN
        weighted[n_weights == 0] = NAN
        return equal.astype(float), weighted.astype(float)

    def past_means(self, sections):
        """The mean of the rank ICs whose holding period was over; none before there are 20."""
        out = []
        for i in range(len(self.times)):
            past = []
            for k in range(i):
                exit = self.exits[0][k]
                if sections[k] and exit is not None and self.base[i] >= 0 and exit <= self.base[i]:
                    past.append(sections[k]["outcomes"][0]["rank_ic"])
            past = [ic for ic in past if math.isfinite(ic)]
            out.append(float(np.mean(past)) if len(past) >= 20 else None)
        return out


# ---------------------------------------------------------------- comparison


class Compare:
    """Counts figures and keeps those that differ."""

    def __init__(self):
        self.n, self.worst, self.differences = 0, {}, []

    def tree(self, path, theirs, ours):
        """Every figure of `ours` against the one in the same place of `theirs`."""
        if isinstance(ours, dict):
            if not isinstance(theirs, dict):
                return self.differ(path, theirs, ours)
            for key, value in ours.items():
                if value is not ... and key in theirs:
                    self.tree(f"{path}.{key}", theirs[key], value)
                elif key not in theirs:
                    self.differ(f"{path}.{key}", "no such key", value)
        elif isinstance(ours, list):
            if not isinstance(theirs, list) or len(theirs) != len(ours):
                return self.differ(path, theirs if not isinstance(theirs, list) else f"{len(theirs)} items", f"{len(ours)} items")
            for at, (a, b) in enumerate(zip(theirs, ours)):
                self.tree(f"{path}[{at}]", a, b)
        elif isinstance(ours, str):
            if theirs != ours:
                self.differ(path, theirs, ours)
        else:
            self.number(path, theirs, ours)

    def number(self, path, theirs, ours):
        ours = NAN if ours is None else float(ours)
        theirs = NAN if theirs is None else float(theirs) if isinstance(theirs, (int, float, np.number)) else math.inf
        self.n += 1
        if math.isnan(ours) and math.isnan(theirs):
            return
        # Figures that are 0 but for rounding are compared beside those of the usual size of a return.
        off = abs(ours - theirs) / max(abs(ours), 1e-4)
        kind = path.split(" ")[-1].rstrip("0123456789[]").split(".")[-1]
        if off <= 1e-8:
            self.worst[kind] = max(self.worst.get(kind, 0.0), off)
        else:
            self.differ(path, theirs, ours)

    def differ(self, path, theirs, ours):
        self.differences.append(f"{path}: program {str(theirs)[:200]}, here {str(ours)[:200]}")


def check(world, reference, document, folder, compare):
    """Everything of one evaluation."""
    ask, names = world["ask"], document["factors"]
    compare.tree("data", document["data"], {"symbols": len(reference.names), "times": len(reference.times), "first": iso(reference.times[0]), "last": iso(reference.times[-1]), "calendar": "exchange" if reference.exchange else "24/7", "delisted": len(reference.last_row)})
    summaries, kept = {}, {}
    for name, theirs in zip(names, document["summaries"]):
        values, counts = reference.values(FACTORS[name][1])
        summary, sections, one = reference.summary(name, values, counts)
        compare.tree(f"summary {name}", theirs, summary)
        summaries[name], kept[name] = summary, (values, sections, one)
    if len(names) > 1:
        scores = reference.combined([kept[name][1] for name in names])
        for name, values, theirs in zip(("combined_equal", "combined_ic_weighted"), scores, document["combined"]):
            if name != "combined_equal" and Reference.is_tied_by_rounding(values):
                summaries[name] = theirs
                continue
            counts = dict.fromkeys(("rows", "missing", "untradable", "late", "outside_pool"), 0) | {"rows": int(np.isfinite(values).sum())}
            summaries[name], _, _ = reference.summary(name, values, counts)
            compare.tree(f"combined {name}", theirs, summaries[name])
        matrix(reference, names, kept, document, folder, compare)
    comparison(summaries, document, folder, compare, (ask, reference))
    for at, theirs in enumerate(document["details"]):
        name = theirs["summary"]["factor"]
        values, sections, one = kept[name]
        ours = reference.detail(name, values, sections)
        ours["summary"] = summaries[name]
        compare.tree(f"detail {name}", theirs, ours)
        variants(reference, name, values, theirs, compare)
        beside(reference, world, name, kept, sections, theirs, compare)
        series(reference, (at, name), kept[name], summaries[name], folder, compare)
    tables(document, summaries, folder, compare)


def variants(reference, name, values, theirs, compare):
    made = {"group-neutral": reference.group_neutral, "beta-neutral": reference.beta_neutral}
    wanted = (["group-neutral"] if "groups" in reference.ask else []) + ["beta-neutral"]
    compare.tree(f"variants {name}", [v["variant"] for v in theirs["variants"]], wanted)
    for variant in theirs["variants"]:
        neutral = made[variant["variant"]](values)
        if Reference.is_tied_by_rounding(neutral) or (np.nanmax(np.abs(neutral), initial=0) < 1e-9 * np.nanmax(np.abs(values), initial=0)):
            continue
        counts = dict.fromkeys(("rows", "missing", "untradable", "late", "outside_pool"), 0) | {"rows": int(np.isfinite(neutral).sum())}
        compare.tree(f"variant {name} {variant['variant']}", variant["summary"], reference.summary(name, neutral, counts)[0])


def own_values(reference, sections):
    out = np.full((len(reference.times), len(reference.names)), NAN)
    for i, s in enumerate(sections):
        if s:
            out[i, s["names"]] = s["f"]
    return out


def matrix(reference, names, kept, document, folder, compare):
    """Mean rank correlations of the factors."""
    values = {name: own_values(reference, kept[name][1]) for name in names}
    least = max(2, reference.ask["min_names"])
    rows = []
    for a in names:
        row = []
        for b in names:
            series = []
            for i in reference.sampled():
                both = [j for j in reference.ranks_of(values[a], i) if math.isfinite(values[b][i, j])]
                if len(both) >= least:
                    series.append(spearman(values[a][i, both], values[b][i, both]))
            row.append(mean(series))
        rows.append(row)
    compare.tree("correlations", document["correlations"], rows)
    table = pd.read_parquet(f"{folder}/ev/correlations.parquet")
    compare.tree("correlations.parquet", table[[f"c_{n}" for n in names]].to_numpy().tolist(), rows)


def comparison(summaries, document, folder, compare, context):
    ask, reference = context
    p = {name: s["horizons"][0]["rank_ic"]["p"] for name, s in summaries.items()}
    known = [name for name in summaries if p[name] is not None]
    q = dict(zip(known, multipletests([p[name] for name in known], method="fdr_bh")[1])) if known else {}
    rate, periods = (ask["commission"] + ask["slippage"]) / 1e4, reference.bars_per_year / reference.bars[0]
    table = pd.read_parquet(f"{folder}/ev/comparison.parquet").set_index("factor")
    sizes = []
    for theirs in document["comparison"]:
        name = theirs["factor"]
        first = summaries[name]["horizons"][0]
        held = first["portfolios"][0]
        ours = {"rank_ic": first["rank_ic"]["mean"], "icir": first["rank_ic"]["ratio"], "t": first["rank_ic"]["t"], "p": p[name], "q": q.get(name)}
        ours |= {"spread": first["spread"]["mean"], "spread_t": first["spread"]["t"], "rank_autocorrelation": summaries[name]["rank_autocorrelation_1"], "loss": summaries[name]["coverage"]["loss"]}
        gross = None if held["gross"]["mean"] is None else abs(held["gross"]["mean"] - held["funding"])
        ours["annual_net"] = None if gross is None else (gross - held["traded"] * rate) * periods
        ours["break_even_bps"] = None if gross is None or not held["traded"] else gross / held["traded"] * 1e4
        compare.tree(f"comparison {name}", theirs, ours)
        compare.tree(f"comparison.parquet {name}", table.loc[name].to_dict(), ours)
        sizes.append(-1 if theirs["t"] is None else abs(theirs["t"]))
    if sizes != sorted(sizes, reverse=True):
        compare.differ("comparison", sizes, "ordered by |t|")


def beside(reference, world, name, kept, sections, theirs, compare):
    """The factor beside every other of the hub."""
    own, least = own_values(reference, sections), max(2, reference.ask["min_names"])
    found = {(o["timeframe"], o["factor_set"], o["factor"]): o for o in theirs["beside"]}
    others = others_of(reference, world, kept)
    compare.tree(f"beside {name}", sorted(map("/".join, found)), sorted("/".join(key) for key in others if key != (world["frame"], "s", name)))
    for key, one in found.items():
        other, between, left, plain = others.get(key), [], [], []
        if other is None:
            continue
        for i in reference.sampled():
            theirs_here = reference.ranks_of(other, i)
            priced = [j for j in range(len(reference.names)) if math.isfinite(reference.returns[0][i, j])]
            priced = priced if len(priced) >= least else []
            with_return = [j for j in theirs_here if j in priced]
            plain.append(spearman(other[i, with_return], reference.returns[0][i, with_return]) if len(with_return) >= least else NAN)
            both = [j for j in reference.ranks_of(own, i) if j in theirs_here]
            if len(both) < least:
                continue
            between.append(spearman(own[i, both], other[i, both]))
            rest = [j for j in both if j in priced]
            if len(rest) < least:
                continue
            a, b, r = ss.rankdata(own[i, rest]), ss.rankdata(other[i, rest]), ss.rankdata(reference.returns[0][i, rest])
            if np.ptp(a) == 0 or np.ptp(b) == 0 or np.ptp(r) == 0:
                continue
            fit = sm.OLS(a, sm.add_constant(b)).fit()
            if fit.rsquared < (1 - 1e-9) ** 2:
                left.append(pearson(fit.resid, r))
        between = [c for c in between if math.isfinite(c)]
        ours = {"times": len(between), "correlation": mean(between), "rank_ic": mean(plain), "incremental": statistics(left, reference.overlap())}
        compare.tree(f"beside {name} {'/'.join(key)}", one, ours)
    if theirs["beyond_others"]:
        closest = [tuple(text.replace(":", "/").split("/")) for text in theirs["beyond_others"]["others"]]
        compare.tree(f"beyond {name}", theirs["beyond_others"], reference.joint(own, [others[key] for key in closest]))


def others_of(reference, world, kept):
    """Values of all factors of the hub at the evaluation's times, as they were known."""
    if hasattr(reference, "others"):
        return reference.others
    out, ask = {}, reference.ask
    for set_name, frame, prefix in world["sets"]:
        step, data = FRAMES[frame], world["bars"][frame]
        for factor, (_, formula) in FACTORS.items():
            values = np.full((len(reference.times), len(reference.names)), NAN)
            for j, s in enumerate(reference.names):
                d = data[data.symbol == s].sort_values("timestamp").reset_index(drop=True)
                column = formula(d).to_numpy(float, copy=True)
                column[~np.isfinite(column) | ~reference.tradable(d).to_numpy()] = NAN
                known = d.timestamp.to_numpy() + step
                for i, t in enumerate(reference.times):
                    if frame == world["frame"]:
                        rows = np.flatnonzero(d.timestamp.to_numpy() == t)
                    else:
                        moment = t + reference.step
                        rows = np.flatnonzero((known <= moment) & (known >= moment - max(7 * DAY, 2 * step)))
                    if len(rows):
                        values[i, j] = column[rows[-1]]
            for i in range(len(reference.times)):
                for j, s in enumerate(reference.names):
                    closed = reference.members is not None and s not in reference.members[i]
                    closed |= ask["rows"] == "common" and not all(math.isfinite(r[i, j]) for r in reference.returns)
                    if closed:
                        values[i, j] = NAN
            out[frame, set_name, prefix + factor] = values
    reference.others = out
    return out


def series(reference, which, kept, summary, folder, compare):
    """The series of a factor over judged times."""
    at, name = which
    values, sections, one = kept
    table = pd.read_parquet(f"{folder}/ev/series_{at + 1}.parquet")
    judged = [(i, s) for i, s in enumerate(sections) if s]
    ours = {"n_names": [len(s["names"]) for _, s in judged]}
    for h, horizon in enumerate(reference.horizons):
        outcomes = [s["outcomes"][h] for _, s in judged]
        for key, column in (("rank_ic", "rank_ic"), ("ic", "ic"), ("market", "market"), ("spread_error", "spread_error")):
            ours[f"{column}_{horizon}"] = [o[key] for o in outcomes]
        for k in range(reference.ask["quantiles"]):
            ours[f"q{k + 1}_{horizon}"] = [o["means"][k] for o in outcomes]
        bars = reference.bars[h]
        changes = one if bars == 1 else reference.changes(sections, bars)
        for kind, word in enumerate(("long_short", "long_only", "long_demeaned", "factor_weighted")):
            reference.portfolio(kind, outcomes, bars, changes)
            gross, net = reference.series[kind]
            ours |= {f"{word}_gross_{horizon}": gross, f"{word}_net_{horizon}": net}
        pad = [NAN] * (len(judged) - len(changes))
        suffix = "" if bars == 1 else f"_{bars}"
        ours[f"rank_autocorrelation{suffix}"] = pad + [c["auto"] for c in changes]
        for k in range(reference.ask["quantiles"]):
            ours[f"turnover_q{k + 1}{suffix}"] = pad + [c["turnover"][k] for c in changes]
    stamps = [int(t.value // 1000) for t in table.timestamp] if len(table) else []
    compare.tree(f"series {name} timestamp", stamps, [reference.times[i] for i, _ in judged])
    for column, values in ours.items():
        if column not in table:
            compare.differ(f"series {name}", list(table.columns), column)
        else:
            compare.tree(f"series {name} {column}", table[column].tolist(), values)


def tables(document, summaries, folder, compare):
    table = pd.read_parquet(f"{folder}/ev/quantiles.parquet")
    for row in table.to_dict("records"):
        horizon = next(h for h in summaries[row["factor"]]["horizons"] if h["horizon"] == row["horizon"])
        ours = horizon["quantiles"][row["quantile"] - 1]
        ours = {key: ours[key] for key in ("n", "mean", "error", "demeaned_mean", "demeaned_error", "turnover", "turnover_1")} | {"mean_by_time": ours["by_time"]["mean"], "error_by_time": ours["by_time"]["error"]}
        compare.tree(f"quantiles.parquet {row['factor']}", row, ours)
    around = pd.read_parquet(f"{folder}/ev/around.parquet") if document["details"] else pd.DataFrame()
    expected = [(d["summary"]["factor"], a["quantile"], o, m, e) for d in document["details"] for a in d["around"] for o, m, e in zip(a["offsets"], a["mean"], a["error"])]
    for row, (factor, quantile, bars, center, error) in zip(around.to_dict("records"), expected):
        compare.tree("around.parquet", row, {"factor": factor, "quantile": quantile, "bars": bars, "mean": center, "error": error})


def finer(world, bar, rng):
    """Bars of another length for the same symbols: several in each, or one over several."""
    step, rows = FRAMES[bar], []
    data = world["data"]
    if step < world["step"]:
        parts = world["step"] // step
        for k in range(parts):
            part = data.assign(timestamp=data.timestamp + k * step)
            part[["open", "close", "vwap"]] = part[["open", "close", "vwap"]].mul(np.exp(rng.normal(0, 0.01, len(part))), axis=0)
            rows.append(part[rng.random(len(part)) >= 0.03])
        out = pd.concat(rows)
    else:
        out = data.assign(timestamp=data.timestamp // step * step).groupby(["symbol", "timestamp"], as_index=False).first()
    out["high"], out["low"] = out[["open", "close"]].max(axis=1), out[["open", "close"]].min(axis=1)
    missing = set(data.symbol) - set(out.symbol)
    out = pd.concat([out, data[data.symbol.isin(missing)].groupby("symbol", as_index=False).first()])
    return out.sort_values(["symbol", "timestamp"]).reset_index(drop=True)


def one(binary, seed):
    """One panel: figures compared, and what differs."""
    rng = np.random.default_rng(seed)
    world = panel(rng)
    ask, compare = world["ask"], Compare()
    world["bars"] = {world["frame"]: world["data"]}
    world["sets"] = [("s", world["frame"], "")]
    bar = ask.get("price_bars") or (str(rng.choice([f for f in FRAMES if f != world["frame"]])) if rng.random() < 0.3 else None)
    if bar:
        world["bars"][bar] = finer(world, bar, rng)
        world["sets"].append(("o", bar, "o_"))
    with tempfile.TemporaryDirectory() as folder:
        program = Program(binary, folder)
        program.market(world)
        horizons = []
        stub = {"data": {"periods_per_year": 365}}
        for horizon in ask["horizons"]:
            if Reference(world, [horizon], stub).bars[0] is None:
                refused = program.evaluate(ask, [horizon], status=2)
                if "cannot be measured" not in refused.stderr:
                    compare.differ("horizon", refused.stderr, "a refusal")
            else:
                horizons.append(horizon)
        if horizons:
            program.evaluate(ask, horizons)
            document = program.document()
            check(world, Reference(world, horizons, document), document, folder, compare)
    return compare, world


def main():
    binary, first, n = sys.argv[1], int((sys.argv + [1])[2]) if len(sys.argv) > 2 else 1, int(sys.argv[3]) if len(sys.argv) > 3 else 60
    total, bad, worst = 0, 0, {}
    for seed in range(first, first + n):
        compare, world = one(os.path.abspath(binary), seed)
        total += compare.n
        for kind, off in compare.worst.items():
            worst[kind] = max(worst.get(kind, (0.0, 0)), (off, seed))
        if compare.differences:
            bad += 1
            ask = {k: v for k, v in world["ask"].items() if k not in ("funded",)}
            print(f"panel {seed}: {len(compare.differences)} of {compare.n} figures differ; {world['frame']} {len(world['spans'])} names {len(world['labels'])} times {ask}")
            for text in compare.differences[: int(os.environ.get("SHOWN", 12))]:
                print("   ", text)
    top = sorted(worst.items(), key=lambda one: -one[1][0])[:8]
    print(f"{n} panels, {total} figures, {bad} panels with differences; largest differences below the limit: " + ", ".join(f"{k} {off:.1e} (panel {seed})" for k, (off, seed) in top))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
