"""Writes fills.csv: three strategies in vectorbt 1.2.0 on the inputs of golden/computed/backtesting_py.

Usage: python run.py INPUT_FOLDER > fills.csv

Conventions of vectorbt that our side is set to: orders fill at the close that decides; of a stop and a target the stop acts,
from the bar after the entry on, at its price or at an open beyond it; both are touched. Two units, commission 0.1 % of the
value. One line per fill, then one line per run with the value after the last bar.
"""
import csv, gzip, sys
import numpy as np, pandas as pd, vectorbt as vbt


def bars(folder, symbol):
    with gzip.open(f"{folder}/{symbol}_input.csv.gz", "rt") as file:
        rows = [{name: float(row[name]) for name in ("open", "high", "low", "close")} for row in csv.DictReader(file)]
    return pd.DataFrame(rows, index=pd.date_range("2000-01-01", periods=len(rows), freq="D"))


def crossings(close):
    difference = close.rolling(10).mean() - close.rolling(30).mean()
    up = (difference > 0) & (difference.shift(1) < 0)
    down = (difference < 0) & (difference.shift(1) > 0)
    return up, down


print("symbol,strategy,bar,side,quantity,price")
for symbol in ("AAPL", "BTCUSDT"):
    data = bars(sys.argv[1], symbol)
    up, down = crossings(data.close)
    never = pd.Series(False, index=data.index)
    common = dict(close=data.close, size=2.0, fees=0.001, init_cash=1e7, freq="1D")
    prices = dict(open=data.open, high=data.high, low=data.low)
    runs = {
        "Market": vbt.Portfolio.from_signals(entries=up, exits=down, **common),
        "Stop": vbt.Portfolio.from_signals(entries=up, exits=never, sl_stop=0.05, **prices, **common),
        "Target": vbt.Portfolio.from_signals(entries=up, exits=never, sl_stop=0.08, tp_stop=0.1, **prices, **common),
    }
    for name, run in runs.items():
        for record in run.orders.records.itertuples():
            print(symbol, name, record.idx, "sell" if record.side else "buy", record.size, repr(float(record.price)), sep=",")
        print(symbol, name, "end", "value", "", repr(float(run.final_value())), sep=",")
