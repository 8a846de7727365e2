# All that an evaluation says, from the files alone, by the conventions of docs/guide.md and of `method` in
# evaluation.json. Slow and plain on purpose: loops over times and names.
import itertools
import math

import numpy as np
import pandas as pd
import scipy.stats as ss
import statsmodels.api as sm

from figures import DAY, FRAMES, HOUR, MINUTE, NAN, mean, pearson, quantiles, spearman, statistics


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
        out = {"factor": name, "rank_autocorrelation_1": rho, "half_life_bars": self.half_life(rho)}
        out["coverage"] = counts | dropped | {"times": len(self.times), "times_judged": len(judged)}
        out["coverage"] |= {"mean_names": mean([len(s["names"]) for s in judged]), "loss": 1 - used / counts["rows"] if counts["rows"] else None}
        out["horizons"] = [self.horizon(h, sections, one) for h in range(len(self.horizons))]
        return out, sections, one

    @staticmethod
    def half_life(rho):
        """Bars until powers of an autocorrelation are a half; 0 and 1 but for rounding are nobody's to say."""
        if rho is None or not 0 < rho < 1:
            return ... if rho is not None and min(abs(rho), abs(1 - rho)) < 1e-12 and rho not in (0, 1) else None
        return math.log(0.5) / math.log(rho) if 1e-12 < rho < 1 - 1e-12 else ...

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
            return {"rank_correlation": None, "smallest_rise": None}
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
        if np.abs(pairs[:, 0]).max() < 1e-13:
            return ...  # nothing but rounding
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
                    apart = market[last][both] - market[last][both].mean()
                    out["beta"][i, j] = (apart * (returns[both] - returns[both].mean())).sum() / (apart**2).sum()
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
