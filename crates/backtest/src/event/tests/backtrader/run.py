"""Writes fills.csv: three strategies in backtrader 1.9.78.123 on the inputs of golden/computed/backtesting_py.

Usage: python run.py INPUT_FOLDER > fills.csv

Conventions of backtrader that our side is set to: market orders fill at the next open; a limit fills when touched, at the
open when that is better; a stop fills at its trigger or at a worse open; orders sent or cancelled in next() take effect with
the next bar. Commission is 0.1 % of the value. One line per fill, then one line per run with the value after the last bar.
"""
import csv, gzip, sys
import backtrader as bt


def bars(folder, symbol):
    with gzip.open(f"{folder}/{symbol}_input.csv.gz", "rt") as file:
        return [[float(row[name]) for name in ("open_time", "open", "high", "low", "close", "volume")] for row in csv.DictReader(file)]


class Feed(bt.feed.DataBase):
    params = (("rows", ()),)

    def start(self):
        super().start()
        self.at = 0

    def _load(self):
        if self.at == len(self.p.rows):
            return False
        time, *prices = self.p.rows[self.at]
        self.lines.datetime[0] = bt.date2num(bt.datetime.datetime(1970, 1, 1) + bt.datetime.timedelta(milliseconds=time))
        self.lines.open[0], self.lines.high[0], self.lines.low[0], self.lines.close[0], self.lines.volume[0] = prices
        self.lines.openinterest[0] = 0.0
        self.at += 1
        return True


class Base(bt.Strategy):
    def __init__(self):
        self.fills, self.sent, self.order = [], {}, None

    def notify_order(self, order):
        if order.status == order.Completed:
            self.fills.append((len(self.data) - 1, "buy" if order.isbuy() else "sell", abs(order.executed.size), order.executed.price))

    def closes(self, n):
        return [self.data.close[-back] for back in range(n)]

    def replace(self, order):
        if self.order is not None and self.order.alive():
            self.cancel(self.order)
        self.order = order


class Market(Base):
    """Long two units while the mean of 10 closes is above that of 30."""

    def next(self):
        if len(self) < 30:
            return
        is_up = sum(self.closes(10)) / 10 > sum(self.closes(30)) / 30
        if is_up and not self.position:
            self.buy(size=2)
        elif not is_up and self.position:
            self.sell(size=2)


class Limit(Base):
    """Flat: every fifth bar a buy 3 % below the close, in place of the one before; long: a sell 5 % above the mean price paid."""

    def next(self):
        if self.position:
            if self.order is None or not self.order.alive():
                self.order = self.sell(size=2, exectype=bt.Order.Limit, price=self.position.price * 1.05)
        elif len(self) % 5 == 0:
            self.replace(self.buy(size=2, exectype=bt.Order.Limit, price=self.data.close[0] * 0.97))


class Stop(Base):
    """Flat: a stop buy at the highest high of 20 bars; long: a stop sell at the lowest low of 10; both anew at each bar."""

    def next(self):
        if len(self) < 20:
            return
        if self.position:
            lowest = min(self.data.low[-back] for back in range(10))
            self.replace(self.sell(size=2, exectype=bt.Order.Stop, price=lowest))
        else:
            highest = max(self.data.high[-back] for back in range(20))
            self.replace(self.buy(size=2, exectype=bt.Order.Stop, price=highest))


print("symbol,strategy,bar,side,quantity,price")
for symbol in ("AAPL", "BTCUSDT"):
    for strategy in (Market, Limit, Stop):
        cerebro = bt.Cerebro(stdstats=False)
        cerebro.broker.setcash(1e7)
        cerebro.broker.setcommission(0.001)
        cerebro.adddata(Feed(rows=bars(sys.argv[1], symbol), timeframe=bt.TimeFrame.Days))
        cerebro.addstrategy(strategy)
        (run,) = cerebro.run()
        for fill in run.fills:
            print(symbol, strategy.__name__, *fill, sep=",")
        print(symbol, strategy.__name__, "end", "value", "", repr(cerebro.broker.getvalue()), sep=",")
