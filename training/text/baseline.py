"""What a text model has to be better than: a plain logistic regression on TF-IDF of one to three characters, of the same texts."""

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from training.text.data import Text

NAME = "TF-IDF of 1 to 3 characters, logistic regression"
BEFORE = 0.5  # what a gram of what was said before weighs, beside one of the message


def guesses(learned: list[Text], judged: list[list[Text]]) -> list[np.ndarray]:
    """Classes of the messages to be judged, read with what the other model reads before them. Neutral texts, which count by half, are
    left out.
    """
    texts = [text for text in learned if text.weight == 1]
    columns = [columns_of(texts, k) for k in range(len(texts[0].fields))]
    y = np.array([text.label for text in texts])
    model = LogisticRegression(C=10, max_iter=300, tol=1e-5 if y.max() == 1 else 3e-4).fit(matrix(columns, texts), y)
    return [model.predict(matrix(columns, test)) for test in judged]


def columns_of(texts: list[Text], field: int) -> TfidfVectorizer:
    grams = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True, dtype=np.float32)
    return grams.fit(text.fields[field] for text in texts)


def matrix(columns: list[TfidfVectorizer], texts: list[Text]) -> sp.csr_matrix:
    parts = [grams.transform(text.fields[k] for text in texts) * (BEFORE if k else 1) for k, grams in enumerate(columns)]
    return sp.hstack(parts).tocsr()
