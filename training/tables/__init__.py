"""Published tables of sessions, without the events behind them.

Nothing here is replayed and nothing becomes a bundle: the tables put the code that fits and judges beside figures that others published.
"""
