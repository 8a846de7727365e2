"""Strategies without skill, and one with some, through `crosscut sweep`: what its statistics say where the truth is known.

    python luck_panels.py CROSSCUT KIND FIRST_SEED LAST_SEED [STRENGTH]

KIND is iid, correlated, fat_tailed, ar or planted. Each seed is a market of its own (8 symbols x 1,000 hours, numpy) in a folder of
its own, 1,000 factor columns, and one sweep of 1,000 sets; one JSON line per seed. Needs numpy, pandas, pyarrow.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd

N_SYMBOLS, N_BARS, N_SETS = 8, 1000, 1000


def primes(n):
    """The first n primes: fractions of multiples by two of them are correlated by 1 over their product only."""
    found = []
    number = 2
    while len(found) < n:
        if all(number % p for p in found if p * p <= number):
            found.append(number)
        number += 1
    return found


def returns(kind, rng, size):
    """Simple returns by symbol and bar, of mean zero whatever was known before, but for `ar` (0.5 of the bar before)."""
    noise = rng.standard_t(3, size) / np.sqrt(3) if kind == "fat_tailed" else rng.standard_normal(size)
    if kind == "correlated":
        noise = 0.7 * noise + 0.7 * rng.standard_normal(size[1])
    if kind == "ar":
        for t in range(1, size[1]):
            noise[:, t] = 0.5 * noise[:, t - 1] + 0.75**0.5 * noise[:, t]
    return 0.004 * noise


def market(kind, seed, strength):
    """Bars whose volume is drawn anew at each bar; with a strength, it moves the next return."""
    rng = np.random.default_rng([seed, ["iid", "correlated", "fat_tailed", "ar", "planted"].index(kind)])
    size = (N_SYMBOLS, N_BARS)
    volume = 1 + rng.random(size)
    change = returns(kind, rng, size)
    change[:, 1:] += strength * 0.004 * (volume[:, :-1] - 1.5) * 12**0.5
    close = 100 * np.cumprod(1 + change, axis=1)
    opens = np.concatenate([np.full((N_SYMBOLS, 1), 100.0), close[:, :-1]], axis=1)
    hours = pd.date_range("2024-01-01", periods=N_BARS, freq="h", tz="UTC")
    return pd.DataFrame({
        "symbol": np.repeat([f"S{i}" for i in range(N_SYMBOLS)], N_BARS), "timestamp": np.tile(hours, N_SYMBOLS),
        "open": opens.ravel(), "high": np.maximum(opens, close).ravel(), "low": np.minimum(opens, close).ravel(),
        "close": close.ravel(), "volume": volume.ravel(),
    })


def one(binary, kind, seed, strength, folder):
    """Imports, computes and sweeps a market; the figures of the sweep."""
    run = lambda *words: subprocess.run([binary, *words, "--threads", "1"], cwd=folder, check=True, capture_output=True, text=True).stdout
    market(kind, seed, strength).to_parquet(folder / "m.parquet", index=False)
    run("data", "import", "--venue", "v", "--kind", "klines", "--timeframe", "1h", "m.parquet")
    windows = primes(N_SETS - (kind == "planted"))
    noise = f'{{name: "x{{w}}", formula: "volume * {{w}} * 7919.13 - floor(volume * {{w}} * 7919.13)", windows: {windows}}}'
    (folder / "set.yaml").write_text(
        f"factor_set: n__1\ntimeframe: 1h\nsource: {{venue: v, bars: 1h}}\nfactors:\n  - {noise}\n  - {{name: planted, formula: volume}}\n")
    run("factors", "run", "--config", "set.yaml")
    columns = [f"x{w}" for w in windows] + ["planted"] * (kind == "planted")
    strategy = "top_k, params: {k: 4}" if kind == "correlated" else "long_short, params: {long_count: 2, short_count: 2}"
    rebalance = 24 if kind == "ar" else 1
    (folder / "sweep.yaml").write_text(
        f"backtest: {{strategy: {strategy}, factor_set: n__1, rebalance: {rebalance}, commission_bps: 0, slippage_bps: 0}}\n"
        f"sweep: {{best: 0, parameters: {{factor: [{', '.join(columns)}]}}}}\n")
    result = json.loads(run("sweep", "--config", "sweep.yaml", "--workers", "1", "--json"))["result"]
    report = json.loads((folder / result["folder"] / "sweep.json").read_text())["statistics"]["report"]
    table = pd.read_parquet(folder / result["folder"] / "sets.parquet")
    return result, report, table


def figures(kind, seed, strength, result, report, table):
    """What the sweep said of all sets, of the best by its ratio, and of the planted one, which is the last."""
    best, last = table.set_index("set").loc[result["best"][0]["set"]], table.iloc[-1]
    told = {"kind": kind, "seed": seed, "strength": strength, "n": int(table.status.eq("done").sum()), "best": int(best.name),
            "sharpe": best.luck_sharpe / 8760**0.5, "deflated": best.deflated_sharpe, "passed": int((table.deflated_sharpe > 0.95).sum()),
            "undeflated": int((table.luck_probabilistic_sharpe > 0.95).sum()), "effective": report["trials"]["n_effective"],
            "pbo": report["overfitting"]["probability"], "superior": len(report["superiority"]["superior"])}
    told.update({p: report["superiority"][p] for p in ("reality_check_p", "spa_lower_p", "spa_consistent_p", "spa_upper_p")})
    if kind == "planted":
        told.update({"planted_sharpe": last.luck_sharpe / 8760**0.5, "planted_deflated": last.deflated_sharpe,
                     "rank": int((table.sharpe > last.sharpe).sum()) + 1, "step_down_p": last.step_down_p,
                     "named": N_SETS - 1 in report["superiority"]["superior"]})
    return told


def main():
    binary, kind, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    strength = float(sys.argv[5]) if len(sys.argv) > 5 else 0.0
    for seed in range(first, last):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="luck-"))
        try:
            result, report, table = one(binary, kind, seed, strength, folder)
            print(json.dumps(figures(kind, seed, strength, result, report, table)), flush=True)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
