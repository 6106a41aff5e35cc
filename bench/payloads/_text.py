"""Text that is about as compressible as prose: words, not one repeated letter."""

from __future__ import annotations

import random
import string

_VOCABULARY = 2_048
_LEAST_CHARACTERS = 64_000
_MOST_CHARACTERS = 256_000


class WordSource:
    """An endless text of random words in ASCII, read piece by piece.

    Words are drawn from 2 048 random ones. The text repeats only after more characters than
    ``reach``, the longest stretch that should hold no repetition, bounded to 256 000.
    """

    def __init__(self, source: random.Random, reach: int) -> None:
        wanted = min(max(reach, _LEAST_CHARACTERS), _MOST_CHARACTERS)
        letters = source.choices(string.ascii_lowercase, k=_VOCABULARY * 7)
        lengths = source.choices(range(2, 8), k=_VOCABULARY)
        words = [
            "".join(letters[index * 7 : index * 7 + length]) for index, length in enumerate(lengths)
        ]
        # A word and its space have 5.5 characters on average.
        self._text = " ".join(source.choices(words, k=wanted // 5))
        self._position = 0

    def take(self, characters: int) -> str:
        """Return the next ``characters`` ≥ 0 of the text, which begins again when it has ended."""
        begin, length = self._position, len(self._text)
        end = begin + characters
        self._position = end % length
        return (self._text * (end // length + 1))[begin:end]
