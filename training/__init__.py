"""From a replayed training set to a bundle: fit, judge on data never seen, export.

No feature is computed here. Every column comes out of `halfstep replay`, which folds events as the server does.
"""
