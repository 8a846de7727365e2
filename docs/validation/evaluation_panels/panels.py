# Small hostile panels, made by seed, through the program and against pandas, scipy and statsmodels.
#
#   python panels.py CROSSCUT [FIRST [N]]
#
# Every panel is imported as a file, its factor set is computed by the program, `crosscut evaluate` judges it, and all
# figures of evaluation.json and of the tables are held against figures worked out here from the files alone, by the
# conventions of docs/guide.md and of `method` in evaluation.json. Ends with status 1 when a figure differs.
import json
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd

from compare import Compare, check
from figures import DAY, FACTORS, FRAMES, HOUR, NAN, iso
from reference import Reference

warnings.simplefilter("ignore")
np.seterr(all="ignore")


def panel(rng, is_wide=False):
    """Bars of some symbols with every trouble that files can have; what the program is asked for."""
    frame = rng.choice(["1d", "1d", "1h", "4h", "15m"])
    step = FRAMES[frame]
    sessions = rng.random() < 0.3
    n, length = int(rng.integers(2, 13)), int(rng.choice([5, 9, 17, 40, 80, 120]))
    if is_wide:
        n, length = 40, 60
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
    # One in ten has names enough for regressions on several others, and sets of two timeframes.
    is_wide = seed % 10 == 0
    world = panel(rng, is_wide)
    ask, compare = world["ask"], Compare()
    world["bars"] = {world["frame"]: world["data"]}
    world["sets"] = [("s", world["frame"], "")]
    bar = ask.get("price_bars") or (str(rng.choice([f for f in FRAMES if f != world["frame"]])) if rng.random() < 0.3 or is_wide else None)
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
                print("   ", text, flush=True)
    top = sorted(worst.items(), key=lambda one: -one[1][0])[:8]
    print(f"{n} panels, {total} figures, {bad} panels with differences; largest differences below the limit: " + ", ".join(f"{k} {off:.1e} (panel {seed})" for k, (off, seed) in top))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
