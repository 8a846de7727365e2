"""Stops and liquidation on four-hour perpetuals, from the vendor's files.

Usage: python stops.py FOLDER [NAME...], where FOLDER is the `crypto` folder of the shared data. Prints for each case its
name, the equity after the last bar, its mean over all bars and the number of exits. The book is that of `strategies.py`.

On a bar's path (open, the side that hurts the position first, the other side, close) a stop acts at its level, or at an
open beyond it; a profit is taken by a limit order, which wants a price beyond its own; a trailing stop follows the best
price seen since the entry. All count from the mean price paid. Liquidation: when equity meets the maintenance margin of
all positions on the way, all is closed there.
"""
import sys

import numpy as np
import pandas as pd

from strategies import FEE, NAN, SLIP, Book, Market, column, funding_rows, rebalances, side_rule


class Watched(Book):
    """A book that knows what its positions cost and how well they ever stood."""

    def __init__(self, m, may_owe, stop=None, profit=None, trail=None, cooldown=0):
        super().__init__(m, may_owe)
        n = len(m.symbols)
        self.stop, self.profit, self.trail, self.cooldown = stop, profit, trail, cooldown
        self.paid, self.best, self.cools = np.full(n, NAN), np.full(n, NAN), np.zeros(n)
        self.exits = 0

    def meet(self, t, prices):
        before, waiting = self.q.copy(), dict(self.orders)
        super().meet(t, prices)
        for s in waiting:
            if s not in self.orders:
                self.note(s, before[s], prices[s] * (1 + (SLIP if waiting[s] > 0 else -SLIP)))

    def note(self, s, before, price):
        """What a position costs after a fill at a price."""
        after = self.q[s]
        if after == 0 or before * after <= 0:
            self.paid[s] = self.best[s] = price if after else NAN
        elif abs(after) > abs(before):
            self.paid[s] = (self.paid[s] * before + price * (after - before)) / after

    def close(self, s, price, slips):
        """Closes a position at a price of the path."""
        q = self.q[s]
        price *= 1 - np.sign(q) * SLIP * slips
        self.cash += q * price - abs(q) * price * FEE
        self.q[s], self.paid[s], self.best[s] = 0.0, NAN, NAN
        self.exits += 1

    def path(self, t):
        """Every held symbol's path through its bar."""
        m = self.m
        for s in np.flatnonzero(self.q):
            if np.isnan(m.close[t, s]):
                continue
            side = np.sign(self.q[s])
            worst, top = (m.low, m.high) if side > 0 else (m.high, m.low)
            at = self.reached(s, side, m.open[t, s], [worst[t, s], top[t, s], m.close[t, s]])
            if at:
                self.close(s, *at)
                self.cools[s] = self.time(t) + self.cooldown
            else:
                self.best[s] = max(self.best[s] * side, top[t, s] * side) * side

    def time(self, t):
        return self.m.labels[t]

    def reached(self, s, side, price, points):
        """The price at which an exit acts and whether it slips; None when none does."""
        best = self.best[s]
        stop = self.paid[s] * (1 - side * self.stop) if self.stop else -side * np.inf
        profit = self.paid[s] * (1 + side * self.profit) if self.profit else side * np.inf
        for i, to in enumerate([price] + points):
            best = max(best * side, price * side) * side
            trail = best * (1 - side * self.trail) if self.trail else -side * np.inf
            level = max(stop * side, trail * side) * side
            if i == 0:
                if price * side <= level * side:
                    return price, True
                if price * side > profit * side:
                    return price, False
            elif to * side < price * side:
                if to * side <= level * side:
                    return level, True
            elif to * side > profit * side:
                return profit, False
            price = to
        return None


def stopped(m, decide, rule, may_owe=False, funding=None, **exits):
    """Equity at every bar from the start on, and the number of exits."""
    book, out, due = Watched(m, may_owe, **exits), [], rebalances(m, rule)
    for t in range(m.first, len(m.labels)):
        if t > m.first:
            book.meet(t, m.open[t])
            book.path(t)
        inside, at_close = funding.get(m.labels[t], ([], [])) if funding else ([], [])
        book.pay(inside)
        there = ~np.isnan(m.close[t])
        book.last[there] = m.close[t][there]
        book.pay(at_close)
        names = set(np.flatnonzero(there & (m.volume[t] > 0)))
        if book.ruined():
            book.orders = {s: -book.q[s] for s in np.flatnonzero(book.q)}
        elif t in due:
            targets = decide(m, t, book, names)
            if targets is not None:
                book.aim(targets, {s for s in np.flatnonzero(book.q) if s not in names})
                for s in [s for s, d in book.orders.items() if book.q[s] * d >= 0 and book.cools[s] > m.labels[t]]:
                    del book.orders[s]
        out.append(book.equity())
    return np.array(out), book.exits


def turns():
    """A list of targets for one symbol: long and short in turn, every five days from 2026-02-16 on."""
    days = [pd.Timestamp('2026-02-16T00:00Z') + pd.Timedelta(days=5 * j) for j in range(6)]
    return [(day, (4.5, -4.5)[j % 2]) for j, day in enumerate(days)]


def levered(m, symbol, maintenance, funding):
    """One symbol held several times over: equity at every bar, and how often it was liquidated."""
    s, book, out = m.symbols.index(symbol), Watched(m, True), []
    due = {int(np.searchsorted(m.labels, day.timestamp() * 1000)): weight for day, weight in turns()}

    def is_short_of(price):
        return book.q[s] and book.cash + book.q[s] * price <= maintenance * abs(book.q[s]) * price

    for t in range(m.first, len(m.labels)):
        if t > m.first:
            book.meet(t, m.open[t])
        q = book.q[s]
        if q:
            worst = (m.low if q > 0 else m.high)[t, s]
            if is_short_of(m.open[t, s]):
                book.close(s, m.open[t, s], True)
            elif is_short_of(worst):
                book.close(s, book.cash / (maintenance * abs(q) - q), True)
        inside, at_close = funding.get(m.labels[t], ([], []))
        for rates, close in ((inside, None), (at_close, m.close[t])):
            if close is not None:
                book.last = close
            book.pay(rates)
            if rates and is_short_of(book.last[s]):
                book.close(s, book.last[s], True)
        if t in due:
            book.orders = {s: due[t] * book.equity() / book.last[s] - book.q[s]}
        out.append(book.equity())
    return np.array(out), book.exits


def cases(folder):
    m = Market(folder, '2021-01-01')
    new = Market(folder, '2026-02-16')
    r = {w: m.returns(w) for w in (30, 60, 120)}
    weekly = side_rule(column(r[60]), 6, 0, (1, 0))
    both = side_rule(column(r[30]), 5, 5, (0.5, 0.5))
    return {
        'stop loss': lambda: stopped(m, weekly, 'W-MON', stop=0.1),
        'take profit': lambda: stopped(m, weekly, 'W-MON', profit=0.15),
        'trailing stop': lambda: stopped(m, weekly, 'W-MON', trail=0.12),
        'all three, both sides': lambda: stopped(m, both, 'D', True, stop=0.06, profit=0.1, trail=0.083),
        'all three, cooldown': lambda: stopped(
            m, both, 'D', True, stop=0.06, profit=0.1, trail=0.083, cooldown=3 * 86400000),
        'all three, funding': lambda: stopped(
            new, both, 'D', True, stop=0.04, profit=0.06, trail=0.05, funding=funding_rows(folder, new)),
    } | {
        f'liquidation, {symbol}': lambda symbol=symbol: levered(new, symbol, 0.1, funding_rows(folder, new))
        for symbol in ('TIAUSDT', 'XPLUSDT', 'ZENUSDT')
    }


if __name__ == '__main__':
    for name, case in cases(sys.argv[1]).items():
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        equity, exits = case()
        print(f'{name} | {float(equity[-1])!r} | {float(equity.mean())!r} | {exits}', flush=True)
    