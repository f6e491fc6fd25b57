"""What a text is made of: hashed grams of one to three characters, and words and pairs of words in Latin letters.

The hash of a gram is a sum of its characters, each times the constant of its place. Sums stay below 2**53, so that int64 never
overflows, in numpy or in the graph. A gram is known by its hash modulo `BUCKETS` (where it lies in the table) and modulo `PRINTS`
(its fingerprint): together that is the hash modulo 2**18 * 65521, some 2**34.
"""

import unicodedata
from dataclasses import dataclass

import numpy as np

PRINTS = 65_521  # the largest prime below 2**16
PLACES = (1_000_003, 786_433, 917_503)  # of the first, second and third character
FIELD = 15_485_863  # what each field adds to the hash of its grams
LETTERS = (655_357, 899_809)  # of a letter's predecessor and of the letter, inside a word
LETTER_PRINTS = 1_048_573
WORDS = (433_494_437, 2_971)  # of the first and the second word of a pair; a word on its own has hash * WORD
WORD = 1_299_709
WORD_PRINTS = 8_388_593

BOUNDARY = 1  # stands before, after and between the fields
SEPARATOR = 0x1F  # what the server puts between the fields
MOST = 512  # code points of a text that are read


@dataclass(frozen=True)
class Spec:
    """Which grams a model reads."""

    fields: int = 1  # the message, and what was said before it
    words: bool = False  # also whole words and pairs of words


def folding() -> np.ndarray:
    """What each character of the Basic Multilingual Plane is read as: letters in lower case, wide forms in their plain one, any
    digit as 0, any white space as a space. uint16 [65536].
    """
    table = np.arange(1 << 16, dtype=np.uint16)
    for code in range(1 << 16):
        if 0xD800 <= code < 0xE000:
            continue
        plain = unicodedata.normalize("NFKC", chr(code)).lower()
        if len(plain) == 1 and ord(plain) < 1 << 16:
            table[code] = 0x30 if plain.isdecimal() else 0x20 if plain.isspace() else ord(plain)
    table[SEPARATOR] = BOUNDARY
    return table


FOLDING = folding()


def codes(fields: tuple[str, ...]) -> np.ndarray:
    """The fields of a text as the server sends them: int64 code points, a separator between fields."""
    text = chr(SEPARATOR).join(field.replace(chr(SEPARATOR), " ") for field in fields)
    return np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.int64)


def grams(points: np.ndarray, spec: Spec) -> tuple[np.ndarray, np.ndarray]:
    """Hash and field of every gram in a text, one entry an occurrence: int64 and int64."""
    points = points[:MOST]
    field = np.minimum(np.cumsum(points == SEPARATOR), spec.fields - 1)
    field = np.concatenate([[0], field, field[-1:] if len(field) else [0]])
    low = np.where(points < 1 << 16, FOLDING[np.minimum(points, 0xFFFF)], points)
    x = np.concatenate([[BOUNDARY], low, [BOUNDARY]])
    first = x * PLACES[0] + field * FIELD
    two = first[:-1] + x[1:] * PLACES[1]
    three = two[:-1] + x[2:] * PLACES[2]
    hashes, fields = [first[1:-1], two, three], [field[1:-1], field[:-1], field[:-2]]
    if spec.words:
        single, pair = words(x)
        hashes += [single, pair]
        fields += [np.zeros(len(single) + len(pair), np.int64)]
    return np.concatenate(hashes), np.concatenate(fields)


def words(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of the words in Latin letters and of the pairs of neighbours. A word's own hash is a sum over its letters of a scrambled
    hash of the letter and its predecessor, which the graph can add up without a loop.
    """
    letter = ((x >= 97) & (x <= 122)) | (x == 39)
    before = np.concatenate([[False], letter[:-1]])
    if not letter.any():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    number = np.cumsum(letter & ~before)
    previous = np.concatenate([[0], (x * letter)[:-1]])
    scrambled = (previous * LETTERS[0] + x * LETTERS[1]) % LETTER_PRINTS
    totals = np.zeros(number[-1], np.int64)
    np.add.at(totals, number[letter] - 1, scrambled[letter] ** 2)
    prints = totals % WORD_PRINTS
    return prints * WORD, prints[:-1] * WORDS[0] + prints[1:] * WORDS[1]
