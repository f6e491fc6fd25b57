"""Texts as sparse counts of grams, for fitting."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from training.text.grams import PRINTS, Spec, codes, grams

HASHES = (1 << 18) * PRINTS  # grams that agree modulo this are one gram


@dataclass(frozen=True)
class Counts:
    """How often each gram occurs in each text."""

    counts: sp.csr_matrix  # texts by grams, float32
    hashes: np.ndarray  # int64, of each gram, ascending
    fields: np.ndarray  # int64, of each gram


def count(texts: list[tuple[str, ...]], spec: Spec) -> Counts:
    """Count the grams of texts, each given as its fields."""
    hashes, fields, ends = [], [], [0]
    for text in texts:
        found, field = grams(codes(text), spec)
        hashes.append(found % HASHES)
        fields.append(field)
        ends.append(ends[-1] + len(found))
    flat = np.concatenate(hashes)
    known, first, place = np.unique(flat, return_index=True, return_inverse=True)
    matrix = sp.csr_matrix((np.ones(len(flat), np.float32), place.astype(np.int32), ends), shape=(len(texts), len(known)))
    matrix.sum_duplicates()
    return Counts(matrix, known, np.concatenate(fields)[first])


def select(counts: Counts, rows: np.ndarray, least: int) -> np.ndarray:
    """The grams that occur in at least `least` of the rows, as columns."""
    seen = np.bincount(counts.counts[rows].indices, minlength=counts.counts.shape[1])
    return np.flatnonzero(seen >= least)
