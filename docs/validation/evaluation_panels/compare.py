# Every figure of evaluation.json and of the tables against the reference.
import math

import numpy as np
import pandas as pd
import scipy.stats as ss
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests

from figures import DAY, FACTORS, FRAMES, NAN, iso, mean, pearson, spearman, statistics
from reference import Reference


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
        # Betas are kept in single precision.
        if off <= (1e-6 if "beta-neutral" in path else 1e-8):
            kind += " beta-neutral" if "beta-neutral" in path else ""
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
