"""The strategies on four-hour perpetuals, made from the vendor's files and the text of the documentation alone.

Usage: python strategies.py FOLDER [NAME...], where FOLDER is the `crypto` folder of the shared data. Prints for each case
its name, the equity after the last bar and its mean over all bars.
One book, one clock: orders decided at a bar's close meet the next bar of their symbol, sells before buys.
"""
import sys

import numpy as np
import pandas as pd

FEE, SLIP, BAR = 5e-4, 3e-4, 4 * 3600 * 1000
NAN = float('nan')


class Market:
    """Opens, closes, highs, lows, dollar volume by label and symbol; a missing bar is NaN."""

    def __init__(self, folder, start):
        self.load(pd.read_parquet(f'{folder}/binance_um_perp_4h.parquet'), start)

    def load(self, rows, start):
        """Takes rows of bars; the run begins at a date."""
        wide = {c: rows.pivot(index='open_time', columns='symbol', values=c) for c in
                ('open', 'high', 'low', 'close', 'volume', 'quote_volume')}
        self.symbols = list(wide['open'].columns)
        self.labels = wide['open'].index.to_numpy()
        self.open, self.high, self.low, self.close, self.volume, self.dollars = (
            wide[c].to_numpy() for c in ('open', 'high', 'low', 'close', 'volume', 'quote_volume'))
        self.first = int(np.searchsorted(self.labels, ms(start)))
        self.when = pd.to_datetime(self.labels, unit='ms')

    def returns(self, w):
        """Factor `close / delay(close, w) - 1` on each symbol's own bars."""
        out = np.full(self.close.shape, NAN)
        for s in range(len(self.symbols)):
            own = np.flatnonzero(~np.isnan(self.close[:, s]))
            c = self.close[own, s]
            out[own[w:], s] = c[w:] / c[:-w] - 1
        return out

    def history(self, t, s, n):
        """The last n closes of a symbol up to row t."""
        c = self.close[:t + 1, s]
        c = c[~np.isnan(c)]
        return c[-n:]


def ms(text):
    return int(pd.Timestamp(text, tz='UTC').timestamp() * 1000)


def rebalances(m, rule):
    """Rows of decisions: every n bars from the start, or the first bar of each period."""
    if isinstance(rule, int):
        return set(range(m.first, len(m.labels), rule))
    w = m.when
    key = {'W-MON': (w - pd.to_timedelta(w.day_of_week, unit='D')).normalize(), 'MS': w.to_period('M').astype(str),
           'D': w.normalize()}[rule]
    key = np.asarray(key)
    return {t for t in range(m.first, len(key)) if t == 0 or key[t] != key[t - 1]}


def pools(m, n, days, least, first_rows):
    """For each period's first row the n names with the highest mean dollar volume over existing bars before it."""
    out = {}
    for t in first_rows:
        lo = np.searchsorted(m.labels, m.labels[t] - days * 86400000)
        part = m.dollars[lo:t]
        count = (~np.isnan(part)).sum(axis=0)
        mean = np.where(count >= least, np.nansum(part, axis=0) / np.maximum(count, 1), -1)
        best = [s for s in np.argsort(-mean, kind='stable') if mean[s] >= 0][:n]
        out[t] = set(best)
    return out


# --- weights -------------------------------------------------------------------------------------------------------

def ranked(scores):
    """Names with a score, the highest first, ties by symbol."""
    names = [s for s in range(len(scores)) if np.isfinite(scores[s])]
    return sorted(names, key=lambda s: (-scores[s], s))


def spread(m, t, names, scores, total, weighting='equal', max_weight=None, vol_lookback=20):
    """Weights that sum to `total`."""
    if not names:
        return {}
    if weighting == 'equal':
        size = np.ones(len(names))
    elif weighting in ('score', 'capped'):
        size = np.maximum(np.array([scores[s] for s in names]) * np.sign(total), 0)
    else:
        size = np.array([inverse_volatility(m.history(t, s, vol_lookback + 1), vol_lookback) for s in names])
    if size.sum() == 0:
        size = np.ones(len(names))
    w = total * size / size.sum()
    if max_weight is not None:
        free = np.ones(len(names), bool)
        while (np.abs(w) > max_weight + 1e-15).any():
            over = np.abs(w) > max_weight + 1e-15
            free &= ~over
            w[over] = np.sign(total) * max_weight
            left = abs(total) - np.abs(w[~free]).sum()
            if size[free].sum() == 0:
                break
            w[free] = np.sign(total) * left * size[free] / size[free].sum()
    return {s: x for s, x in zip(names, w)}


def inverse_volatility(closes, n):
    if len(closes) < n + 1:
        return 0.0
    deviation = np.std(closes[1:] / closes[:-1] - 1, ddof=1)
    return 1 / deviation if deviation > 0 else 0.0


def chosen(order, n, buffer, held):
    """The n first; a held name stays while it is at most `buffer` places behind the last of them."""
    stay = [s for s in order[:n + buffer] if s in held]
    return sorted(stay + [s for s in order if s not in stay][:max(n - len(stay), 0)], key=order.index)[:n] \
        if len(stay) <= n else stay[:n]


def within_band(book, targets, band):
    """None (left alone) for a weight within the band of the one it would get."""
    if band:
        for s, w in list(targets.items()):
            if book.q[s] * w > 0 and abs(book.weight(s) - w) <= band:
                targets[s] = None
    return targets


# --- rules: (m, t, book, eligible names) -> {symbol: weight or None to leave it} or None to skip ------------------------

def side_rule(columns, n_long, n_short, totals, buffer=0, band=0.0, quantiles=False, least=None, **how):
    """top_k, long_short, momentum, linear_weighted: the highest long, the lowest short."""
    def decide(m, t, book, names):
        scores = columns(t, names)
        order = [s for s in ranked(scores) if s in names]
        a, b = n_long, n_short
        if quantiles:
            a, b = max(int(np.floor(a * len(order))), 1), max(int(np.floor(b * len(order))), 1)
        if len(order) < (a + b if not quantiles else 2) or len(order) < 1:
            return None
        longs = chosen(order, a, buffer, {s for s in range(len(scores)) if book.q[s] > 0}) if a else []
        shorts = chosen(order[::-1], b, buffer, {s for s in range(len(scores)) if book.q[s] < 0}) if b else []
        longs = [s for s in longs if least is None or scores[s] >= least]
        total = totals[0] * (len(longs) / a if least is not None else 1)
        out = spread(m, t, longs, scores, total, **how)
        out |= spread(m, t, shorts, scores, -totals[1], **how)
        return within_band(book, out, band)
    return decide


def column(f):
    return lambda t, names: np.where(np.isin(np.arange(f.shape[1]), list(names)), f[t], NAN)


def combined(parts):
    """Weighted sum of z-scores over the names that have every column."""
    def scores(t, names):
        out = np.full(parts[0][0].shape[1], NAN)
        have = [s for s in names if all(np.isfinite(f[t, s]) for f, _ in parts)]
        if len(have) > 1:
            total = np.zeros(len(have))
            for f, w in parts:
                x = f[t, have]
                total += w * (x - x.mean()) / x.std(ddof=1)
            out[have] = total
        return out
    return scores


def threshold(f, buy, sell, size, short):
    def decide(m, t, book, names):
        out = {}
        for s in names:
            x = f[t, s]
            if not np.isfinite(x):
                continue
            if x >= buy:
                out[s] = size
            elif x <= sell:
                out[s] = -size if short else 0.0
            elif book.q[s]:
                out[s] = None
        return out
    return decide


def dropout(f, k, n_drop, risk=0.95):
    """qlib's TopkDropoutStrategy: at most n_drop of k names are replaced; what is bought shares the cash."""
    def decide(m, t, book, names):
        order = [s for s in ranked(column(f)(t, names))]
        if len(order) < k:
            return None
        held = [s for s in range(f.shape[1]) if book.q[s]]
        last = [s for s in order if s in held]
        today = [s for s in order if s not in held][:n_drop + k - len(last)]
        together = [s for s in order if s in last or s in today]
        sell = [s for s in together[-n_drop:] if s in last]
        buy = today[:len(sell) + k - len(last)]
        sell = [s for s in sell if book.age(s, t) >= 1]
        cash = book.cash + sum(book.q[s] * book.last[s] for s in sell)
        out = {s: None for s in held}
        out |= {s: 0.0 for s in sell}
        equity = book.equity()
        out |= {s: risk * cash / len(buy) / equity for s in buy}
        return out
    return decide


def list_text():
    """A list of targets: six names, every ten days, weights from 0 to 0.15 by a rule."""
    names = ['BTCUSDT', 'ETHUSDT', 'XRPUSDT', 'LTCUSDT', 'BNBUSDT', 'DOGEUSDT']
    days = [pd.Timestamp('2021-01-03T10:30Z') + pd.Timedelta(days=10 * j) for j in range(180)]
    return [(day, name, (i * 7 + j * 3) % 16 / 100) for j, day in enumerate(days) for i, name in enumerate(names)]


def target_list(m):
    """Rows of decisions: the first whose label is at or after a date; and the weights then."""
    out = {}
    for day, name, weight in list_text():
        t = int(np.searchsorted(m.labels, day.timestamp() * 1000))
        if t < len(m.labels):
            out.setdefault(t, {})[m.symbols.index(name)] = weight
    return out


def rotation(top_n, lookbacks, skip, safe, **how):
    def decide(m, t, book, names):
        score = np.full(len(m.symbols), NAN)
        for s in names:
            c = m.history(t, s, max(lookbacks) + skip + 1)
            if len(c) == max(lookbacks) + skip + 1:
                end = c[len(c) - 1 - skip]
                score[s] = np.mean([end / c[len(c) - 1 - skip - n] - 1 for n in lookbacks])
        hurdle = score[safe]
        others = score.copy()
        others[safe] = NAN
        order = ranked(others)
        if len(order) < top_n:
            return None
        good = [s for s in order[:top_n] if score[s] > hurdle]
        out = spread(m, t, good, score, len(good) / top_n, **how) if good else {}
        if len(good) < top_n:
            out[safe] = 1 - len(good) / top_n
        return out
    return decide


# --- the book ------------------------------------------------------------------------------------------------------

class Book:
    def __init__(self, m, may_owe):
        self.m, self.may_owe = m, may_owe
        n = len(m.symbols)
        self.cash, self.q, self.last = 1e6, np.zeros(n), np.full(n, NAN)
        self.orders, self.opened, self.is_ruined = {}, {}, False

    def equity(self):
        return self.cash + sum(self.q[s] * self.last[s] for s in np.flatnonzero(self.q))

    def ruined(self):
        """Whether equity was ever gone: all is closed then, and nothing is opened any more."""
        self.is_ruined = self.is_ruined or self.equity() <= 0
        return self.is_ruined

    def weight(self, s):
        return self.q[s] * self.last[s] / self.equity()

    def age(self, s, t):
        """Bars of the symbol since it was bought."""
        return np.count_nonzero(~np.isnan(self.m.close[self.opened[s]:t + 1, s]))

    def pay(self, rates):
        """Funding of what is held, on the last close known."""
        for s, rate in rates:
            if self.q[s]:
                self.cash -= self.q[s] * self.last[s] * rate

    def meet(self, t, prices):
        """Orders that wait meet their symbols' prices: sells of all, then buys."""
        for selling in (True, False):
            for s in sorted(self.orders):
                d = self.orders[s]
                if (d < 0) != selling or np.isnan(prices[s]):
                    continue
                price = prices[s] * (1 + (SLIP if d > 0 else -SLIP))
                if d > 0 and not self.may_owe:
                    d = min(d, max(self.cash, 0) / (price * (1 + FEE)))
                before = self.q[s]
                after = before + d
                if abs(after) < 1e-12 * max(abs(before), abs(d)):
                    after = 0.0
                self.cash -= (after - before) * price + abs(after - before) * price * FEE
                if before == 0 or before * after < 0:
                    self.opened[s] = t
                self.q[s] = after
                del self.orders[s]

    def aim(self, targets, keep):
        """Orders to the targets; long-only accounts scale all so that costs fit in cash."""
        equity = self.equity()
        lines = {s: w for s, w in targets.items() if w is not None}
        for s in np.flatnonzero(self.q):
            if s not in targets and s not in keep:
                lines[s] = 0.0

        def left(scale):
            cash = self.cash
            for s, w in lines.items():
                d = scale * w * equity / self.last[s] - self.q[s]
                price = self.last[s] * (1 + (SLIP if d > 0 else -SLIP))
                cash -= d * price + abs(d) * price * FEE
            return cash
        scale = 1.0
        if not self.may_owe and left(1.0) < 0:
            lo, hi = 0.0, 1.0
            for _ in range(200):
                mid = (lo + hi) / 2
                lo, hi = (mid, hi) if left(mid) >= 0 else (lo, mid)
            scale = lo
        self.orders = {}
        for s, w in lines.items():
            d = scale * w * equity / self.last[s] - self.q[s] if w else -self.q[s]
            if d:
                self.orders[s] = d


def cross_section(m, decide, rule, may_owe=False, hold_max=None, execution='next_open', pool=None, funding=None,
                  book=None):
    """Equity at every bar from the start on."""
    book = book or Book(m, may_owe)
    out, due = [], rebalances(m, rule) if isinstance(rule, (str, int)) else rule
    members = None
    if pool:
        months = sorted(t for t in rebalances_all(m, 'MS'))
        members = pools(m, *pool, months)
    for t in range(len(m.labels)):
        if t > m.first and execution == 'next_open':
            book.meet(t, m.open[t])
        if t > m.first and execution == 'next_close':
            book.meet(t, m.close[t])
        if t > m.first and execution == 'next_vwap':
            book.meet(t, m.dollars[t] / m.volume[t])
        inside, at_close = funding.get(m.labels[t], ([], [])) if funding else ([], [])
        book.pay(inside)
        there = ~np.isnan(m.close[t])
        book.last[there] = m.close[t][there]
        if t < m.first:
            continue
        book.pay(at_close)
        names = set(np.flatnonzero(there & (m.volume[t] > 0)))
        universe = names
        if members is not None:
            universe = names & members[max(x for x in members if x <= t)]
        ended = [s for s in np.flatnonzero(book.q) if hold_max and there[s] and book.age(s, t) >= hold_max]
        for s in ended:
            book.orders[s] = -book.q[s]
        if book.ruined():
            book.orders = {s: -book.q[s] for s in np.flatnonzero(book.q)}
        elif t in due:
            targets = decide(m, t, book, universe - set(ended))
            if targets is not None:
                stuck = {s for s in np.flatnonzero(book.q) if s not in names}
                book.aim(targets, stuck | set(ended))
                for s in ended:
                    book.orders[s] = -book.q[s]
        if execution == 'close':
            book.meet(t, m.close[t])
        out.append(book.equity())
    return np.array(out)


def funding_rows(folder, m):
    """By label: rates due inside the bar, and those due at its close; milliseconds late do not count."""
    rows, out = pd.read_parquet(f'{folder}/binance_um_funding_2026.parquet').sort_values('funding_time'), {}
    for symbol, time, rate in zip(rows.symbol, rows.funding_time // 60000 * 60000, rows.funding_rate):
        if symbol in m.symbols:
            label = (time - 1) // BAR * BAR
            out.setdefault(label, ([], []))[int(time == label + BAR)].append((m.symbols.index(symbol), rate))
    return out


def rebalances_all(m, rule):
    first, m.first = m.first, 0
    rows = rebalances(m, rule)
    m.first = first
    return rows


# --- strategies that act at every bar ------------------------------------------------------------------------------

def windows(c, n):
    """The last n values at each place, NaN in front: sums of their own, that do not drift as running ones do."""
    padded = np.concatenate([np.full(n - 1, NAN), c])
    return np.lib.stride_tricks.sliding_window_view(padded, n)


def sma_cross(c, h, l, fast=10, slow=30):
    a, b = (windows(c, n).mean(axis=1) for n in (fast, slow))
    return [None if np.isnan(y) else x > y for x, y in zip(a, b)]


def ema_cross(c, h, l, fast=12, slow=26):
    a, b = (pd.Series(c).ewm(span=n, adjust=False).mean().to_numpy() for n in (fast, slow))
    return [None if i < slow - 1 else x > y for i, (x, y) in enumerate(zip(a, b))]


def breakout(c, h, l, entry=20, leave=10):
    up, down = pd.Series(h).shift(1).rolling(entry).max(), pd.Series(l).shift(1).rolling(leave).min()
    low_e, high_x = pd.Series(l).shift(1).rolling(entry).min(), pd.Series(h).shift(1).rolling(leave).max()
    return list(zip(c, up, down, low_e, high_x))


def mean_reversion(c, h, l, window=20):
    w = windows(c, window)
    return list((c - w.mean(axis=1)) / w.std(axis=1, ddof=1))


def rsi(c, h, l, window=14):
    d = np.diff(c)
    out, gain, loss = [NAN] * len(c), 0.0, 0.0
    for i, x in enumerate(d, 1):
        up, down = max(x, 0), max(-x, 0)
        if i < window:
            gain, loss = gain + up, loss + down
        elif i == window:
            gain, loss = (gain + up) / window, (loss + down) / window
        else:
            gain, loss = (gain * (window - 1) + up) / window, (loss * (window - 1) + down) / window
        if i >= window and gain + loss > 0:
            out[i] = 100 * gain / (gain + loss)
    return out


def wish(kind, x, side, short):
    """The side a signal wants from the side it has; None leaves it as it is."""
    if x is None:
        return None
    if kind == 'cross':
        return 1 if x else (-1 if short else 0)
    if kind == 'breakout':
        c, up, down, low, high = x
        if np.isnan(up):
            return None
        if c > up:
            return 1
        if short and c < low:
            return -1
        if (side > 0 and c < down) or (side < 0 and c > high):
            return 0
        return None
    if np.isnan(x):
        return None
    if kind == 'reversion':
        if x <= -2:
            return 1
        if short and x >= 2:
            return -1
        return 0 if (side > 0 and x >= 0) or (side < 0 and x <= 0) else None
    if x <= 30:
        return 1
    if x >= 70:
        return -1 if short else 0
    return None


def every_bar(m, kind, signal, short, share):
    """Each symbol on its own: orders at every bar's close meet the symbol's next open."""
    book, out = Book(m, short), []
    wants = np.full(m.close.shape, None, object)
    for s in range(len(m.symbols)):
        own = np.flatnonzero(~np.isnan(m.close[:, s]))
        for t, x in zip(own, signal(m.close[own, s], m.high[own, s], m.low[own, s])):
            wants[t, s] = x
    side = np.zeros(len(m.symbols))
    for t in range(len(m.labels)):
        if t > m.first:
            book.meet(t, m.open[t])
        there = ~np.isnan(m.close[t])
        book.last[there] = m.close[t][there]
        if t < m.first:
            continue
        for s in np.flatnonzero(there):
            side[s] = np.sign(book.q[s])
            to = wish(kind, wants[t, s], side[s], short)
            if to is not None and to != side[s] and not book.ruined():
                book.orders[s] = to * share * book.equity() / book.last[s] - book.q[s]
        out.append(book.equity())
    return np.array(out)


# --- cases ---------------------------------------------------------------------------------------------------------

def cases(folder):
    m = Market(folder, '2021-01-01')
    n = len(m.symbols)
    r = {w: m.returns(w) for w in (6, 30, 60, 120, 180)}
    btc = m.symbols.index('BTCUSDT')
    new = Market(folder, '2026-02-16')
    return {
        'long_short, funding': lambda: cross_section(
            new, side_rule(column(r[30]), 8, 8, (0.5, 0.5)), 'D', True, funding=funding_rows(folder, new)),
        'target_list': lambda: cross_section(m, lambda m, t, book, names: target_list(m)[t], target_list(m)),
        'top_k': lambda: cross_section(m, side_rule(column(r[120]), 8, 0, (1, 0)), 'W-MON'),
        'top_k score': lambda: cross_section(
            m, side_rule(column(r[30]), 5, 0, (1, 0), buffer=3, band=0.02, weighting='score'), 12),
        'top_k inverse volatility': lambda: cross_section(
            m, side_rule(column(r[60]), 6, 0, (1, 0), weighting='inverse_volatility', vol_lookback=30), 'D'),
        'top_k capped, pool': lambda: cross_section(
            m, side_rule(column(r[60]), 6, 0, (1, 0), weighting='capped', max_weight=0.25), 'W-MON', pool=(15, 30, 168)),
        'top_k least, next close': lambda: cross_section(
            m, side_rule(column(r[60]), 6, 0, (1, 0), least=0.05), 'W-MON', execution='next_close'),
        'top_k_dropout': lambda: cross_section(m, dropout(r[30], 8, 2), 'D'),
        'long_short quantiles': lambda: cross_section(
            m, side_rule(column(r[120]), 0.2, 0.3, (0.8 / 1.8, 0.8 / 1.8 * 0.8), quantiles=True), 'W-MON', True),
        'long_short counts': lambda: cross_section(
            m, side_rule(column(r[30]), 4, 5, (0.5, 0.5), buffer=2, band=0.01, weighting='score'), 6, True),
        'threshold': lambda: cross_section(m, threshold(r[30], 0.1, -0.1, 0.05, True), 3, True, hold_max=20),
        'momentum': lambda: cross_section(
            m, side_rule(column(r[60]), 5, 3, (0.5, 0.5), weighting='inverse_volatility'), 'W-MON', True,
            execution='next_vwap'),
        'linear_weighted': lambda: cross_section(
            m, side_rule(combined([(r[6], -0.5), (r[30], 1.0), (r[120], 0.25)]), 8, 8, (0.5, 0.5), weighting='capped',
                         max_weight=0.1), 'D', True),
        'linear_weighted, close': lambda: cross_section(
            m, side_rule(combined([(r[6], -0.5), (r[120], 1.0)]), 6, 0, (1, 0)), 'D', execution='close'),
        'rotation': lambda: cross_section(m, rotation(3, (42, 126), 6, btc), 'MS'),
        'sma_cross': lambda: every_bar(m, 'cross', lambda *x: sma_cross(*x, 13, 37), False, 1 / n),
        'ema_cross short': lambda: every_bar(m, 'cross', ema_cross, True, 1 / n),
        'breakout': lambda: every_bar(m, 'breakout', breakout, True, 1 / n),
        'mean_reversion': lambda: every_bar(m, 'reversion', lambda *x: mean_reversion(*x, 23), True, 1 / n),
        'rsi': lambda: every_bar(m, 'rsi', rsi, False, 1 / n),
    }


if __name__ == '__main__':
    for name, case in cases(sys.argv[1]).items():
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        equity = case()
        print(f'{name} | {float(equity[-1])!r} | {float(equity.mean())!r}', flush=True)
