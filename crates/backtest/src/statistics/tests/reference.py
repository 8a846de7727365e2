"""Reference numbers of the tests beside this file: arch 8.0.0 (SPA, StepM, optimal_block_length) on the histories our
resampling draws, and plain numpy versions of CSCV (Bailey and others 2016), Hansen's studentised test and the deflated
Sharpe ratio, written from the papers. Run: python reference.py  (numpy, scipy, arch)."""
import itertools, math
import numpy as np
from scipy.stats import norm
from arch.bootstrap import SPA, StepM, StationaryBootstrap, optimal_block_length

M64 = (1 << 64) - 1
def splitmix(seed, n):
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, n + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))

def normals(seed, n):  # twelve uniform numbers, less 6
    u = (splitmix(seed, 12 * n) >> np.uint64(11)).astype(float) / float(1 << 53)
    return u.reshape(n, 12).cumsum(1)[:, -1] - 6.0

def market(seed, n_sets, n, phi, drift):
    out = np.empty((n, n_sets))
    for k in range(n_sets):
        e = normals(seed + 1000 * k, n) * 0.01
        x = 0.0
        for t in range(n):
            x = phi * x + e[t]
            out[t, k] = x + drift[k]
    return out

def blocks(seed, draw, n, block):  # Resampling::blocks, stationary
    s = int(splitmix(seed ^ ((draw * 0xD1342543DE82EF95) & M64), 1)[0])
    bits = iter(int(b) for b in splitmix(s, 4 * n + 4))
    idx = []
    while len(idx) < n:
        start = (next(bits) * n) >> 64
        length = 1
        if block > 1:
            u = ((next(bits) >> 11) + 1) / float(1 << 53)
            length = 1 + int(min(math.log(u) / math.log1p(-1.0 / block), 1e15))
        length = min(length, n - len(idx))
        idx += [(start + i) % n for i in range(length)]
    return np.array(idx)

class Drawn(StationaryBootstrap):
    def __init__(self, *a, plan=None, **k):
        super().__init__(*a, **k); self._plan = plan; self._at = 0
    def update_indices(self):
        self._at += 1
        return self._plan[self._at - 1]

def spa_of(x, block, plan):
    spa = SPA(np.zeros(len(x)), -x, block_size=block, reps=len(plan), seed=0)
    spa.bootstrap = Drawn(block, spa._loss_diff, plan=plan, seed=0)
    return spa

def hansen(x, block, plan):
    spa = spa_of(x, block, plan); spa._compute_variance()
    n = len(x); w = np.sqrt(spa._loss_diff_var); m = x.mean(0)
    bound = -np.sqrt(w**2 / n * 2 * np.log(np.log(n)))
    g = [np.maximum(m, 0), np.where(m >= bound, m, 0), m]
    star = np.array([x[i].mean(0) for i in plan])
    obs = m / w
    p = [float((((star - c) / w).max(1) > obs.max()).mean()) for c in g]
    z = (star - g[1]) / w; order = np.argsort(-obs, kind="stable"); adj = np.empty(len(m)); run = 0.0
    for i in range(len(order)):
        run = max(run, float((z[:, order[i:]].max(1) > obs[order[i]]).mean())); adj[order[i]] = run
    return p, adj

def cscv(x, s):
    n, k = x.shape; parts = np.array_split(np.arange(n), s)
    sr = lambda a: a.mean(0) / a.std(0, ddof=1)
    logits, ins, oos = [], [], []
    for j in itertools.combinations(range(s), s // 2):
        a = x[np.concatenate([parts[i] for i in j])]; b = x[np.concatenate([parts[i] for i in range(s) if i not in j])]
        r, q = sr(a), sr(b); best = int(np.argmax(r))
        w = (np.sum(q < q[best]) + 1) / (k + 1)
        logits.append(math.log(w / (1 - w))); ins.append(r[best]); oos.append(q[best])
    logits, ins, oos = map(np.array, (logits, ins, oos))
    fit = np.polyfit(ins, oos, 1); r2 = np.corrcoef(ins, oos)[0, 1] ** 2
    return dict(pbo=float((logits <= 0).mean()), loss=float((oos < 0).mean()), slope=float(fit[0]), intercept=float(fit[1]),
                r2=float(r2), logit_median=float(np.median(logits)), logit_sum=float(logits.sum()), chosen=float(np.median(ins)), judged=float(np.median(oos)))

def superiority(name, x):
    print(name, "sum", repr(float(x.sum())), "last", repr(float(x[-1, -1])))
    plan = [blocks(11, d, 500, 10.0) for d in range(1000)]
    spa = spa_of(x, 10, plan); spa.compute(); print(name, "arch SPA", [float(p) for p in spa.pvalues])
    stepm = StepM(np.zeros(500), -x, size=0.05, block_size=10, reps=1000, seed=0)
    stepm.spa.bootstrap = Drawn(10, stepm.spa._loss_diff, plan=plan, seed=0)
    stepm.compute(); print(name, "arch StepM", stepm.superior_models)
    p, adj = hansen(x, 10, plan); print(name, "hansen studentised", p); print(name, "adjusted", [round(float(a), 6) for a in adj])

if __name__ == "__main__":
    x = market(7, 12, 500, 0.3, [0.0004 * (k - 7) for k in range(12)])
    superiority("worthless", x)
    superiority("some skill", market(5, 12, 500, 0.3, [0.0007 * (k - 5) for k in range(12)]))
    print("block lengths", optimal_block_length(x[:, [0, 5, 11]]).to_numpy().tolist())
    y = market(3, 1, 1500, 0.8, [0.0]); print("block length phi .8", optimal_block_length(y).to_numpy().tolist())
    for s in (8, 10, 16): print("cscv", s, cscv(x if s == 10 else x[:496], s))
    # The deflated Sharpe ratio's worked example (Bailey and Lopez de Prado 2014, section "A numerical example").
    g = 0.5772156649015329; v = math.sqrt(0.5 / 250); z = norm.ppf
    sr0 = v * ((1 - g) * z(1 - 1 / 100) + g * z(1 - 1 / (100 * math.e)))
    sr = 2.5 / math.sqrt(250)
    print("deflated", sr0, norm.cdf((sr - sr0) * math.sqrt(1249) / math.sqrt(1 + 3 * sr + 9 / 4 * sr**2)))
    c = np.corrcoef(x.T); rho = (c.sum() - 12) / 132; print("rho", rho, "eff", rho + (1 - rho) * 12)
    s1 = x.mean(0) / x.std(0, ddof=1); print("sharpe", [repr(float(a)) for a in s1[[0, 11]]], "std", repr(float(s1.std(ddof=1))))
    a = x[:, 11] - x[:, 11].mean(); rhos = [float(a[k:] @ a[:-k] / (a @ a)) for k in range(1, 12)]
    q = 12; print("lo q=12", repr(float(s1[11] * q / math.sqrt(q + 2 * sum((q - k) * rhos[k - 1] for k in range(1, q))))))
