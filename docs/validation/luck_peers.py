"""A sweep's statistics and cross-validation against `arch` and `skfolio`, from the curves that it exports.

    python luck_peers.py FOLDER GROUPS TEST_GROUPS [SEEDS]

FOLDER is where `crosscut sweep` with `equity: all` ran and, on the same study file, `crosscut walkforward --groups ... --test-groups ...`,
each once. Prints p-values beside those of as many runs of `arch`, and the largest differences of what draws nothing. `arch` compares means as they
are; to studentise, series are divided by their long-run deviations before. Needs arch, skfolio, pandas, pyarrow.
"""
import glob
import itertools
import json
import pathlib
import sys

import numpy as np
import pandas as pd
from arch.bootstrap import SPA, StepM
from scipy.stats import kurtosis, norm, skew
from skfolio.model_selection import CombinatorialPurgedCV

CAPITAL = 1e6


def returns(curves):
    """Simple returns by row and set, the first from the capital."""
    values = np.vstack([np.full(curves.shape[1], CAPITAL), curves.to_numpy()])
    return values[1:] / values[:-1] - 1


def deviation(x, block):
    """Root of the variance of sqrt(n) times the mean of stationary blocks (Politis and Romano), as `arch` sums it."""
    q, n, away = 1 - 1 / block, len(x), x - x.mean()
    lags = np.arange(1, n)
    products = np.array([away[lag:] @ away[:-lag] for lag in lags]) / n
    return np.sqrt((away @ away) / n + 2 * (((1 - lags / n) * q**lags + lags / n * q ** (n - lags)) @ products))


def superiority(r, report, seeds):
    """p-values: lower, consistent, upper, and the reality check; then the sets that are named."""
    block, told = max(report["block"], 1), report["superiority"]
    scaled = r / [deviation(column, block) for column in r.T]
    how = {"block_size": block, "reps": 1000, "bootstrap": "stationary", "studentize": False, "nested": False}
    p = []
    for seed in range(seeds):
        tests = [SPA(np.zeros(len(r)), -values, seed=seed, **how) for values in (scaled, r)]
        for test in tests:
            test.compute()
        p.append([*tests[0].pvalues, tests[1].pvalues.iloc[2]])
    ours = [told[key] for key in ("spa_lower_p", "spa_consistent_p", "spa_upper_p", "reality_check_p")]
    print("p-values ", ours, "arch, mean", np.mean(p, axis=0).round(4), "deviation", np.std(p, axis=0, ddof=1).round(4))
    step = StepM(np.zeros(len(r)), -pd.DataFrame(scaled), size=0.05, seed=0, **how)
    step.compute()
    print("named    ", told["superior"], "arch", sorted(int(name) for name in step.superior_models))


def ratios(r, report, table):
    """Sharpe ratios, probabilistic and deflated, by the papers' formulas."""
    n, ratio, corr = len(r), r.mean(0) / r.std(0, ddof=1), np.corrcoef(r.T)
    rho = (corr.sum() - len(corr)) / (len(corr) * (len(corr) - 1))
    trials = round(rho + (1 - rho) * len(corr))
    best = (1 - np.euler_gamma) * norm.ppf(1 - 1 / trials) + np.euler_gamma * norm.ppf(1 - 1 / (trials * np.e))
    above = lambda bar: norm.cdf((ratio - bar) * np.sqrt(n - 1) / np.sqrt(1 - skew(r) * ratio + (kurtosis(r, fisher=False) - 1) / 4 * ratio**2))
    print("ratios   ", np.abs(table.luck_sharpe - ratio * report["periods_per_year"] ** 0.5).max(),
          np.abs(table.luck_probabilistic_sharpe - above(0)).max(), np.abs(table.deflated_sharpe - above(ratio.std(ddof=1) * best)).max())


def overfitting(r, report):
    """The probability of overfitting by symmetric cross-validation of 16 blocks."""
    logits = []
    blocks = [np.arange(len(r) * i // 16, len(r) * (i + 1) // 16) for i in range(16)]
    one = [(len(b), r[b].sum(0), (r[b] ** 2).sum(0)) for b in blocks]
    parts = [np.array([part[i] for part in one]) for i in range(3)]

    def ratio(chosen):
        n, total, squares = (part[list(chosen)].sum(0) for part in parts)
        return total / n / np.sqrt((squares - total**2 / n) / (n - 1))
    for chosen in itertools.combinations(range(16), 8):
        first, second = ratio(chosen), ratio(set(range(16)) - set(chosen))
        own = second[first.argmax()]
        rank = ((second < own).sum() + ((second == own).sum() + 1) / 2) / (len(second) + 1)
        logits.append(np.log(rank / (1 - rank)))
    print("overfit  ", report["overfitting"]["probability"], "numpy", np.mean(np.array(logits) <= 0))


def cross_validation(curves, told, n_groups, n_tests):
    """Sharpe ratios of skfolio's paths by days, each test made of the set that was best in its training."""
    days = curves.groupby(curves.index.floor("D")).last()
    r, per_year = returns(days), (len(days) - 1) / ((days.index[-1] - days.index[0]).total_seconds() / 86400 / 365.25)
    cut = CombinatorialPurgedCV(n_groups, n_tests, purged_size=told["n_purged"], embargo_size=told["n_embargoed"])
    paths, trained = np.full((cut.n_test_paths, len(r)), np.nan), []
    for places, (train, tests) in zip(cut.get_path_ids(), cut.split(r)):
        ratio = r[train].mean(0) / r[train].std(0, ddof=1)
        trained.append(ratio.max() * per_year**0.5)
        for test, place in zip(tests, places):
            paths[place, test] = r[test, ratio.argmax()]
    sharpe = paths.mean(1) / paths.std(1, ddof=1) * per_year**0.5
    print("paths    ", len(sharpe), np.abs(sharpe - told["path_sharpes"]).max(), "training", abs(np.mean(trained) - told["mean_trained"]))


def main():
    folder, n_groups, n_tests = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    sweep = pathlib.Path(glob.glob(str(folder / "results/sweeps/*/sets.parquet"))[0]).parent
    walk = pathlib.Path(glob.glob(str(folder / "results/sweeps/*/walkforward.json"))[0])
    report = json.loads((sweep / "sweep.json").read_text())["statistics"]["report"]
    curves = pd.read_parquet(sweep / "equity.parquet").pivot(index="timestamp", columns="set", values="equity")
    r = returns(curves)
    assert report["periods_per_group"] == 1.0, "histories of at most 1,024 samples"
    superiority(r, report, int(sys.argv[4]) if len(sys.argv) > 4 else 10)
    ratios(r, report, pd.read_parquet(sweep / "sets.parquet"))
    overfitting(r, report)
    cross_validation(curves, json.loads(walk.read_text())["cross_validation"], n_groups, n_tests)


if __name__ == "__main__":
    main()
