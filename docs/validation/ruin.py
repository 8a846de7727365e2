"""Four strategies on a hostile made-up market, in numpy from the text of the documentation alone, against the table of `crosscut sweep`.

    python ruin.py CROSSCUT FOLDER [SEED]

The market: 9 symbols x 1,100 hours with gaps, late listings, a bar and stretches without volume, an outage of all, jumps; factors with ties and
missing values. Each strategy is swept over 72 random sets, some of which lose everything. Prints, per strategy and metric, the largest
relative difference. Needs numpy, pandas, pyarrow.
"""
import json
import pathlib
import subprocess
import sys

import numpy as np
import pandas as pd

CAPITAL, N_SYMBOLS, N_HOURS, N_SETS = 1e6, 9, 1100, 72
LEAST_ROOM, LEAST_CHANGE = 1e-9, 1e-10  # what the guide calls rounding
FACTORS = {
    "ret": "close / delay(close, 5) - 1",
    "ties": "floor((close / delay(close, 3) - 1) * 25) / 25",
    "holes": "1 / floor(volume * 4) + close / delay(close, 2) - 1",
    "few": "log(close / delay(close, 8) - 1)",
}


def market(seed):
    """Rows of bars; a bar that is not there has no row."""
    rng = np.random.default_rng(seed)
    size = (N_HOURS, N_SYMBOLS)
    change = 0.02 * rng.standard_t(3, size)
    change[rng.random(size) < 0.004] += rng.choice([0.8, -0.5])
    change = np.clip(change, -0.7, 1.5)
    gap = np.clip(0.002 * rng.standard_normal(size), -0.1, 0.1)
    close = 50 * np.exp(np.cumsum(np.log1p(change) + np.log1p(gap) - 0.0004, axis=0))
    opens = close / (1 + change)
    volume = np.round(rng.random(size), 3)
    there = rng.random(size) > 0.03
    for s in range(2, 6):
        begin = rng.integers(100, N_HOURS - 200)
        there[begin:begin + rng.integers(10, 80), s] = False
    there[:300, 6], there[:700, 7], there[400:404], there[N_HOURS - 60:, 5] = False, False, False, False
    volume[:, 0] = np.where(rng.random(N_HOURS) < 0.01, 0, volume[:, 0])
    volume[500:520, 1], volume[333] = 0, 0
    hours = pd.date_range("2024-03-01T05:00Z", periods=N_HOURS, freq="h")
    rows = pd.DataFrame({"symbol": np.tile([f"Q{s}" for s in range(N_SYMBOLS)], N_HOURS), "timestamp": np.repeat(hours, N_SYMBOLS),
                         "open": opens.ravel(), "high": np.maximum(opens, close).ravel(), "low": np.minimum(opens, close).ravel(),
                         "close": close.ravel(), "volume": volume.ravel()})
    return rows[there.ravel()]


class Panel:
    """Opens, closes, factor values and the tradable flag by label and symbol."""

    def __init__(self, rows, factors):
        wide = lambda table, column: table.pivot(index="timestamp", columns="symbol", values=column)
        self.open, self.close = (wide(rows, c).to_numpy() for c in ("open", "close"))
        self.labels, self.symbols = wide(rows, "close").index, list(wide(rows, "close").columns)
        align = lambda column: wide(factors, column).reindex(index=self.labels, columns=self.symbols)
        self.factors = {name: align(name).to_numpy(float) for name in FACTORS}
        self.tradable = align("tradable_flag").to_numpy() == True  # noqa: E712: missing counts as false
        self.there = ~np.isnan(self.close)

    def decisions(self, rule):
        """Rows at which a set decides."""
        if rule == "D":
            days = self.labels.floor("D")
            return np.concatenate([[True], days[1:] != days[:-1]])
        if rule == "W-MON":
            weeks = (self.labels - pd.to_timedelta(self.labels.day_of_week, unit="D")).floor("D")
            return np.concatenate([[True], weeks[1:] != weeks[:-1]])
        return np.arange(len(self.labels)) % int(rule) == 0


def share_out(total, scores, weighting):
    """Weights of one side that sum to `total`."""
    size = np.maximum(scores * np.sign(total), 0) if weighting == "score" else np.ones(len(scores))
    size = size if size.sum() > 0 else np.ones(len(scores))
    return total * size / size.sum()


def sides(p, n):
    """Names to buy and to sell and the totals of both sides, of n eligible names; None where there are too few."""
    strategy = p["strategy"]
    if strategy == "top_k":
        a, b, totals = p["k"], 0, (1.0, 0.0)
    elif strategy == "momentum":
        a, b = p["top_n_long"], p["top_n_short"]
        totals = (0.5, 0.5) if a and b else (1.0, 0.0) if a else (0.0, 1.0)
    else:
        count = lambda side: p[f"{side}_count"] if f"{side}_count" in p else max(int(np.floor(p.get(f"{side}_quantile", 0.2) * n)), 1)
        gross, hedge = p.get("gross_exposure", 1.0), p.get("hedge_ratio", 1.0)
        a, b, totals = count("long"), count("short"), (gross / (1 + hedge), gross * hedge / (1 + hedge))
    return (a, b, totals) if n >= a + b and n > 0 else None


def targets(p, scores, eligible, q):
    """Target weight by symbol, NaN where a position is left alone; None: the rebalance is skipped."""
    out = np.zeros(len(scores))
    if p["strategy"] == "threshold":
        out[eligible & (scores >= p["buy_threshold"])] = p.get("position_size", 0.1)
        low = eligible & (scores <= p["sell_threshold"])
        out[low] = -p.get("position_size", 0.1) if p.get("allow_short") else 0.0
        out[eligible & (scores < p["buy_threshold"]) & (scores > p["sell_threshold"])] = np.nan
        return out
    names = np.flatnonzero(eligible)
    names = names[np.argsort(-scores[names], kind="stable")]
    told = sides(p, len(names))
    if told is None:
        return {"skip": None, "flat": out}[p.get("on_short", "skip")]
    a, b, totals = told
    for chosen, total in ((names[:a], totals[0]), (names[len(names) - b:], -totals[1])):
        if len(chosen):
            out[chosen] = share_out(total, scores[chosen], p.get("weighting", "equal"))
    return out


class Book:
    """Cash, positions, and orders that wait for their symbols' next price."""

    def __init__(self, p, n):
        self.fee, self.slip = p["commission_bps"] / 1e4, p["slippage_bps"] / 1e4
        self.cash, self.q, self.last, self.wait = CAPITAL, np.zeros(n), np.full(n, np.nan), np.zeros(n)
        self.n_trades, self.n_fills, self.paid = 0, 0, 0.0
        shorts = {"long_short": True, "momentum": p.get("top_n_short", 0) > 0, "threshold": p.get("allow_short", False), "top_k": False}
        self.may_owe = shorts[p["strategy"]] or p.get("allow_negative_cash", False)

    def equity(self):
        return self.cash + np.nansum(self.q * np.where(self.q != 0, self.last, 0))

    def fill(self, prices):
        """Orders whose symbols have a price: sales first; without credit a purchase takes the cash there is."""
        for s in [*np.flatnonzero(self.wait < 0), *np.flatnonzero(self.wait > 0)]:
            if np.isnan(prices[s]):
                continue
            d, self.wait[s] = self.wait[s], 0.0
            price = prices[s] * (1 + np.sign(d) * self.slip)
            if d > 0 and not self.may_owe:
                wanted, d = d, min(d, max(self.cash, 0.0) / (price * (1 + self.fee)))
                if d < LEAST_ROOM * wanted:
                    continue
            if d == 0:
                continue
            after = self.q[s] + d
            after = 0.0 if abs(after) <= 1e-12 * max(abs(self.q[s]), abs(d)) else after
            self.n_trades += self.q[s] != 0 and self.q[s] * after <= 0
            self.cash -= d * price + abs(d) * price * self.fee
            self.paid += abs(d) * price * self.fee
            self.q[s], self.n_fills = after, self.n_fills + 1

    def aim(self, want):
        """Orders to the target weights (NaN: left alone), of equity before costs and the last closes."""
        equity, live = self.equity(), ~np.isnan(want)
        worth = np.abs(self.q) * np.where(self.q != 0, self.last, 0)

        def orders(scale):
            d = np.zeros(len(want))
            d[live] = np.where(want[live] == 0, 0, scale * want[live] * equity / np.where(want[live] == 0, 1, self.last[live])) - self.q[live]
            return d

        def left(scale):
            d = orders(scale)
            price = np.where(d != 0, self.last, 0) * (1 + np.sign(d) * self.slip)
            return self.cash - (d * price).sum() - (np.abs(d) * price).sum() * self.fee
        scale = 1.0
        if not self.may_owe and left(1.0) < 0:
            low, high = 0.0, 1.0
            for _ in range(100):
                low, high = ((low + high) / 2, high) if left((low + high) / 2) >= 0 else (low, (low + high) / 2)
            scale = 0.0 if low < LEAST_ROOM or worth[~live].sum() > (1 - LEAST_ROOM) * equity else low
        self.wait = orders(scale)
        small = np.abs(self.wait) * np.where(self.wait != 0, self.last, 0) <= LEAST_CHANGE * np.maximum(equity, worth)
        self.wait[small & (self.wait != -self.q)] = 0.0
        return scale


def replay(panel, p):
    """Equity at every row and the figures of a set."""
    book, due = Book(p, len(panel.symbols)), panel.decisions(p["rebalance"])
    factor, at_close = panel.factors[p["factor"]], p["execution"] == "close"
    equity, turnover, ruined = np.zeros(len(due)), [], None
    for t in range(len(due)):
        if t and not at_close:
            book.fill(panel.open[t])
        book.last = np.where(panel.there[t], panel.close[t], book.last)
        if ruined is None and book.equity() <= 0:
            ruined = t
        if ruined is not None:
            book.wait = -book.q
        elif due[t]:
            eligible = panel.there[t] & panel.tradable[t] & np.isfinite(factor[t])
            want = targets(p, np.where(eligible, factor[t], np.nan), eligible, book.q)
            if want is not None:
                want[~eligible & (book.q != 0)] = np.nan
                before = book.q * np.where(book.q != 0, book.last, 0) / book.equity()
                turnover.append(0.5 * np.abs(np.where(np.isnan(want), 0, book.aim(want) * want - before)).sum())
        if at_close:
            book.fill(panel.close[t])
        equity[t] = book.equity()
    worth = np.concatenate([[CAPITAL], equity])
    return {"equity": equity, "total_return": equity[-1] / CAPITAL - 1, "max_drawdown": (worth / np.maximum.accumulate(worth) - 1).min(),
            "turnover": float(np.mean(turnover)) if turnover else None, "n_trades": book.n_trades, "n_fills": book.n_fills,
            "commission": book.paid, "ruined": ruined}


def random_sets(strategy, rng):
    """Settings of sets: few names, high costs, high gross exposure, all rules of rebalances."""
    pick = lambda *values: values[rng.integers(len(values))]
    for _ in range(N_SETS):
        p = {"strategy": strategy, "factor": pick("ret", "ret", "ties", "holes", "few"), "rebalance": pick(1, 2, 5, 13, "D", "W-MON"),
             "execution": pick("next_open", "close"), "commission_bps": pick(0, 5, 60, 400), "slippage_bps": pick(0, 3, 100)}
        if strategy != "threshold":
            p["on_short"] = pick("skip", "skip", "flat")
        if strategy == "top_k":
            p |= {"k": pick(1, 2, 3, 5), "weighting": pick("equal", "score"), "allow_negative_cash": pick(True, False)}
        elif strategy == "momentum":
            p |= {"top_n_long": pick(0, 1, 2, 3), "top_n_short": pick(1, 1, 2, 3), "weighting": pick("equal", "equal", "score")}
        elif strategy == "long_short":
            p |= {"long_count": pick(1, 2, 3)} if rng.random() < 0.6 else {"long_quantile": pick(0.1, 0.3)}
            p |= {"short_count": pick(1, 2)} if rng.random() < 0.6 else {"short_quantile": pick(0.2, 0.4)}
            p |= {"gross_exposure": pick(1.0, 1.0, 2.0, 4.0), "hedge_ratio": pick(1.0, 0.5, 2.0), "weighting": pick("equal", "equal", "score")}
        else:
            p |= {"buy_threshold": pick(0.01, 0.04, 0.1), "sell_threshold": pick(-0.1, -0.02, 0.0), "position_size": pick(0.05, 0.2, 0.5, 1.0),
                  "allow_short": pick(True, True, False)}
        yield p


def prepare(binary, folder, seed):
    """The market in the hub, its factors computed; bars and factor values as the hub has them."""
    rows = market(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(folder / "market.parquet", index=False)
    formulas = "".join(f'  - {{name: {name}, formula: "{formula}"}}\n' for name, formula in FACTORS.items())
    (folder / "set.yaml").write_text(
        f"factor_set: h__1\ntimeframe: 1h\nsource: {{venue: v, bars: 1h}}\ntradable: volume > 0\nfactors:\n{formulas}")
    command(binary, folder, "data", "import", "--venue", "v", "--kind", "klines", "--timeframe", "1h", "market.parquet")
    command(binary, folder, "factors", "run", "--config", "set.yaml")
    files = sorted((folder / "hub/factors/1h/h__1").glob("*.parquet"))
    return Panel(rows, pd.concat([pd.read_parquet(f) for f in files]))


def command(binary, folder, *words):
    done = subprocess.run([binary, *words, "--threads", "1"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{words}: {done.stderr}{done.stdout}")
    return done.stdout


def swept(binary, folder, strategy, sets):
    """Table and curves of the sweep of some sets."""
    own = {"strategy", "factor", "rebalance", "execution", "commission_bps", "slippage_bps", "on_short", "allow_negative_cash"}
    named = {f"s{i:03}": {k: v for k, v in p.items() if k in own - {"strategy"}} | {"params": {k: v for k, v in p.items() if k not in own}}
             for i, p in enumerate(sets)}
    for keys in named.values():
        keys["params"]["factor"] = keys.pop("factor")
    base = {"buy_threshold": 0.01, "sell_threshold": 0.0} if strategy == "threshold" else {}
    settings = {"backtest": {"strategy": strategy, "factor_set": "h__1", "params": base}, "parameter_sets": named,
                "sweep": {"best": 0, "equity": "all", "parameters": {}}}
    (folder / f"{strategy}.yaml").write_text(json.dumps(settings))
    told = json.loads(command(binary, folder, "sweep", "--config", f"{strategy}.yaml", "--workers", "1", "--json"))["result"]
    return [pd.read_parquet(folder / told["folder"] / f"{name}.parquet") for name in ("sets", "equity")]


def compare(panel, strategy, sets, table, curves):
    """Prints the largest differences; of counts, the number of sets that differ."""
    worst, ruined, counts = dict.fromkeys(("equity", "total_return", "max_drawdown", "turnover", "commission"), 0.0), 0, []
    for number, p in enumerate(sets):
        row, own = table.iloc[number], replay(panel, p)
        equity = curves.equity[curves.set == row["set"]].to_numpy()
        assert row["name"] == f"s{number:03}" and row["status"] == "done" and len(equity) == len(own["equity"]), row
        apart = lambda theirs, ours: float(np.max(np.abs(theirs - ours) / np.maximum(np.abs(ours), 1)))
        found = {"equity": apart(equity, own["equity"])}
        for key in ("total_return", "max_drawdown", "turnover", "commission"):
            found[key] = apart(row[key], own[key]) if own[key] is not None else 0.0 if np.isnan(row[key]) else np.inf
        worst = {key: max(worst[key], found[key]) for key in worst}
        if max(found.values()) > 1e-9:
            print("  differs:", number, found, p)
        ruined += own["ruined"] is not None
        if (row["n_trades"], row["n_fills"]) != (own["n_trades"], own["n_fills"]):
            counts.append((number, int(row["n_trades"] - own["n_trades"]), int(row["n_fills"] - own["n_fills"])))
    told = ", ".join(f"{key} {value:.1e}" for key, value in worst.items())
    print(f"{strategy}: {len(sets)} sets, {ruined} ruined; {told}; counts differ in {len(counts)} {counts}", flush=True)


def main():
    binary, folder, seed = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1
    panel = prepare(binary, folder, seed)
    for number, strategy in enumerate(("long_short", "top_k", "momentum", "threshold")):
        drawn = list(random_sets(strategy, np.random.default_rng([seed, number])))
        sets = [p for nth, p in enumerate(drawn) if p not in drawn[:nth]]  # the sweep runs a set once
        table, curves = swept(binary, folder, strategy, sets)
        compare(panel, strategy, sets, table, curves)


if __name__ == "__main__":
    main()
