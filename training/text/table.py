"""The model itself: a table of grams, and how a text is scored with it.

A text's logits are the bias plus the sum, over its grams that the table knows, of the gram's weights, divided by the length of its
field: the root of the sum of the grams' squares, one an occurrence. Fields after the first count by their share. That is a linear
model on length-normalised counts, as TF-IDF is, without having to find out which grams repeat.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from training.text import experts
from training.text.corpus import Counts
from training.text.grams import PRINTS, Spec, codes, grams

TINY = np.float32(1e-6)  # below the square of any gram: a text without a known gram has length 0


@dataclass(frozen=True)
class Table:
    """Weights by bucket. With one logit the answer is a sigmoid, with more a softmax; mixed sums make one logit."""

    spec: Spec
    prints: np.ndarray  # uint16 [buckets]
    weights: np.ndarray  # float16 [buckets, logits + 1]; the last column is the gram's square
    bias: np.ndarray  # float32 [logits]
    shares: np.ndarray  # float32 [fields]
    mixed: bool = False  # what is added up is for experts.mixed to make a logit of

    @property
    def buckets(self) -> int:
        return len(self.prints)

    @property
    def logit_count(self) -> int:
        return 1 if self.mixed else len(self.bias)

    def logits(self, text: tuple[str, ...]) -> np.ndarray:
        """float32 [logits], as the graph computes them."""
        found, field = grams(codes(text), self.spec)
        place = found % self.buckets
        hit = self.prints[place] == found % PRINTS
        values = self.weights[place].astype(np.float32) * hit[:, None]
        squares = np.bincount(field, values[:, -1], minlength=self.spec.fields)
        scale = self.shares / np.sqrt(np.maximum(squares, TINY))
        return self.answers((scale[field].astype(np.float32) @ values[:, :-1] + self.bias)[None])[0]

    def answers(self, sums: np.ndarray) -> np.ndarray:
        return experts.mixed(sums) if self.mixed else sums


def scaled(counts: Counts, columns: np.ndarray, squares: np.ndarray, shares: np.ndarray) -> sp.csr_matrix:
    """What the weights are fitted on: counts times the root of the gram's square, divided by the length of its field in the text.

    `squares` are as the table keeps them: float16.
    """
    squares = squares.astype(np.float32)
    picked = counts.counts[:, columns].tocsr()
    field = counts.fields[columns]
    lengths = np.sqrt(
        np.maximum(picked @ sp.csr_matrix((squares, (np.arange(len(columns)), field)), (len(columns), len(shares))).toarray(), TINY)
    )
    rows = np.repeat(np.arange(picked.shape[0]), np.diff(picked.indptr))
    data = picked.data * (np.sqrt(squares)[picked.indices] * shares[field[picked.indices]]) / lengths[rows, field[picked.indices]]
    return sp.csr_matrix((data.astype(np.float32), picked.indices, picked.indptr), picked.shape)


def keep(hashes: np.ndarray, worth: np.ndarray, buckets: int) -> np.ndarray:
    """Which grams get a bucket: of those that want the same one, the worthiest. Returns positions, ascending."""
    order = np.argsort(-worth, kind="stable")
    _, first = np.unique(hashes[order] % buckets, return_index=True)
    return np.sort(order[first])


def pack(
    spec: Spec,
    hashes: np.ndarray,
    weights: np.ndarray,
    squares: np.ndarray,
    bias: np.ndarray,
    shares: np.ndarray,
    buckets: int,
    mixed: bool = False,
) -> Table:
    """Lay grams, one a bucket, into a table. `weights` is [grams, logits], per unit of scaled count."""
    prints = np.zeros(buckets, np.uint16)
    values = np.zeros((buckets, weights.shape[1] + 1), np.float16)
    place = hashes % buckets
    prints[place] = hashes % PRINTS
    values[place, :-1] = weights * np.sqrt(squares.astype(np.float32))[:, None]
    values[place, -1] = squares
    return Table(spec, prints, values, bias.astype(np.float32), shares.astype(np.float32), mixed)


def score(table: Table, counts: Counts, rows: np.ndarray) -> np.ndarray:
    """float32 [rows, logits]: `Table.logits` of many texts at once."""
    place = counts.hashes % table.buckets
    known = np.flatnonzero((table.prints[place] == counts.hashes % PRINTS) & (table.weights[place, -1] > 0))
    values = table.weights[place[known]].astype(np.float32)
    picked = counts.counts[rows][:, known].tocsr()
    sums = np.tile(table.bias, (picked.shape[0], 1))
    for field, share in enumerate(table.shares):
        inside = np.flatnonzero(counts.fields[known] == field)
        totals = picked[:, inside] @ values[inside]
        sums += share * totals[:, :-1] / np.sqrt(np.maximum(totals[:, -1:], TINY))
    return table.answers(sums)
