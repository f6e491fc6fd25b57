"""A sentiment for each kind of goods beside the one for all: "thin" is good of a tablet and bad of a shampoo.

What kind a text is about is guessed from its grams, by weights of their own: the log-odds are w·x + sum over kinds of p(kind | x) e·x
(Jacobs et al., "Adaptive Mixtures of Local Experts", Neural Computation 1991, with gates that are learned first).
"""

import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

SHARE = 0.7  # what a kind's own weights count, beside those for all: less lets them learn less
FAINT = 0.05  # a kind less likely than this teaches nothing
GATE = 10.0


def regress(x: sp.csr_matrix, y: np.ndarray, weight: np.ndarray, kinds: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients [grams, 1 + 2 * kinds] and bias [1 + 2 * kinds] of scaled counts: for all, for each kind, and for what tells kinds."""
    gate = LogisticRegression(C=GATE, max_iter=40, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it need not be the best: what it tells apart is used as it is
        gate.fit(x, kinds)
    likely = gate.predict_proba(x)
    likely[likely < FAINT] = 0
    likely /= likely.sum(1, keepdims=True)
    count = likely.shape[1]
    wide = sp.hstack([x, *(sp.diags(SHARE * likely[:, k].astype(np.float32)) @ x for k in range(count))], format="csr", dtype=np.float32)
    wide.eliminate_zeros()
    model = LogisticRegression(C=c, max_iter=100, tol=1e-4).fit(wide, y, sample_weight=weight)
    shared, own = model.coef_[0, : x.shape[1]], SHARE * model.coef_[0, x.shape[1] :].reshape(count, -1)
    bias = np.concatenate([model.intercept_, np.zeros(count), gate.intercept_])
    return np.vstack([shared, own, gate.coef_]).T, bias


def mixed(sums: np.ndarray) -> np.ndarray:
    """Log-odds [texts, 1] of what a table adds up [texts, 1 + 2 * kinds]."""
    count = sums.shape[1] // 2
    own, gates = sums[:, 1 : count + 1], sums[:, count + 1 :]
    likely = np.exp(gates - gates.max(1, keepdims=True))
    return sums[:, :1] + (likely / likely.sum(1, keepdims=True) * own).sum(1, keepdims=True)
