"""Words that nobody says: never a digit nor a word that measures, in any accent; half of them one sound away."""

import json
import subprocess
import sys

import pytest

from speechrnn.cli.synthesis import choose_words
from speechrnn.corpus.clips import DIGIT_WORDS
from speechrnn.corpus.espeak import ACCENTS
from speechrnn.corpus.nonsense import _DIGITS, _distance, _distance_to, _sounds, make_nonsense
from speechrnn.corpus.words import HELD_OUT
from tests.test_engines import _PHONEMES


def test_the_seed_decides_and_no_word_comes_twice() -> None:
    words = make_nonsense(400, seed=3)
    assert words == make_nonsense(400, seed=3)
    assert len(set(words)) == 400
    assert len(set(words) & set(make_nonsense(400, seed=4))) < 200
    assert not set(words) & {*DIGIT_WORDS, *HELD_OUT}
    assert len(set(choose_words("more-nonsense", 3)["words"])) == 3000


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ("SiKS", "SiKS", 0),
        ("SiK", "SiKS", 1),
        ("STiKS", "SiKS", 1),
        ("SiKT", "SiKS", 1),
        ("KiKT", "SiKS", 2),
        ("i", "SiKS", 2),
    ],
)
def test_distance_counts_one_change(a: str, b: str, distance: int) -> None:
    assert _distance(_sounds(a)[0], _sounds(b)[0]) == _distance(_sounds(b)[0], _sounds(a)[0]) == distance


def test_what_accents_confuse_is_a_digit_still() -> None:
    for said in ("SiKS", "FRi", "TRi", "ET", "SerO", "NIN"):
        assert _distance_to(_sounds(said)[0], _sounds(_DIGITS)) == 0


def test_no_accent_of_espeak_says_a_digit_or_a_word_that_measures() -> None:
    words = sorted({word for seed in range(21, 26) for n in (400, 3000) for word in make_nonsense(n, seed)})
    assert len(words) > 8000
    request = {"accents": ACCENTS, "words": [*DIGIT_WORDS, "oh", *HELD_OUT, *words]}
    done = subprocess.run(
        [sys.executable, "-c", _PHONEMES], input=json.dumps(request), capture_output=True, text=True, check=True
    )
    found = {key: said.replace("\u02c8", "").replace("\u02cc", "") for key, said in json.loads(done.stdout).items()}
    for accent in ACCENTS:
        taken = {found[f"{accent} {word}"] for word in (*DIGIT_WORDS, "oh", *HELD_OUT)}
        assert [word for word in words if found[f"{accent} {word}"] in taken] == []
