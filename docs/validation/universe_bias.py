"""`universe bias` symbol by symbol: a rotation of spot coins with delistings, made from the vendor's files alone.

Usage: python universe_bias.py FOLDER, where FOLDER is the `crypto` folder of the shared data. Prints for both universes the
last and the mean equity, the number of positions opened and the cash that came of delistings, and per symbol the sum over
days of the quantity held.
"""
import csv
import sys

import numpy as np
import pandas as pd

from strategies import FEE, NAN, SLIP, Book, Market, column, cross_section, ms, side_rule

# A symbol that another coin took over, and three that were split: the last day of the earlier one and the first of the later.
AGAIN = {'BNXUSDT': ('2021-11-04', '2023-02-17'), 'LUNAUSDT': ('2021-04-04', '2022-05-14'),
         'QUICKUSDT': ('2021-08-13', '2023-07-18'), 'VIDTUSDT': ('2021-09-09', '2022-11-01')}


def market(folder, alive_only):
    rows = pd.read_parquet(f'{folder}/binance_spot_1d_with_delistings_2021_2023.parquet')
    gone = {}
    for symbol, _, last, hours, delisted in list(csv.reader(open(f'{folder}/binance_spot_universe_2021_2023.csv')))[1:]:
        if delisted == 'true':
            gone[symbol] = int(last) + 3600000
    for symbol, (listed, ended) in AGAIN.items():
        old = f'{symbol}~{listed.replace("-", "")}'
        rows.loc[(rows.symbol == symbol) & (rows.open_time < ms(ended)), 'symbol'] = old
        gone[old] = ms(ended)
    if alive_only:
        rows = rows[~rows.symbol.isin(gone)]
    m = Market.__new__(Market)
    m.load(rows.assign(quote_volume=NAN), '2021-04-04')
    m.gone = {m.symbols.index(s): t for s, t in gone.items() if s in m.symbols}
    return m


class WithEnds(Book):
    """A book whose positions are sold at the last close when trading in them ends, before the next bar opens."""

    def meet(self, t, prices):
        for s, end in self.m.gone.items():
            if self.m.labels[t] >= end:
                self.orders.pop(s, None)
                if self.q[s]:
                    price = self.last[s] * (1 - SLIP)
                    self.cash += self.q[s] * price * (1 - FEE)
                    self.ended += self.q[s] * price * (1 - FEE)
                    self.q[s] = 0.0
        self.opens += sum(1 for s, d in self.orders.items() if self.q[s] == 0 and d > 0)
        super().meet(t, prices)
        self.held += self.q

    def begin(self):
        self.ended, self.opens, self.held = 0.0, 0, np.zeros(len(self.m.symbols))


if __name__ == '__main__':
    for alive_only in (False, True):
        m = market(sys.argv[1], alive_only)
        book = WithEnds(m, False)
        book.begin()
        equity = cross_section(m, side_rule(column(m.returns(30)), 10, 0, (1, 0)), 'MS', book=book)
        name = 'survivors' if alive_only else 'as it was'
        print(f'{name} | {float(equity[-1])!r} | {float(equity.mean())!r} | {book.opens} | {float(book.ended)!r}')
        if not alive_only:
            for s, q in zip(m.symbols, book.held):
                if q:
                    print(f'{s} | {float(q)!r}')
