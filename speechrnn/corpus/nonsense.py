"""Words that nobody says, half of them one sound from a digit: what is no digit is not a list of words.

A syllable is spelled as English would read it, so that every engine can say it: consonants, vowel, consonants; some
words have an ending more. Sounds that accents confuse (t and d, f and v and th, s and z, short and long vowels) are one
sound here: what differs from a digit by such a pair may be a digit in somebody's mouth, and is left out.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

_ONSETS = (
    "b bl br k kl kr d dr f fl fr g gl gr h j l m n p pl pr kw r s sk sl sm sn sp st str sw t tr tw th thr v w y z"
)
_CODAS = "b k d f g l m n p s t v z sh ch th ng ks ps ts nd nt st nk mp lt ft sk lz nz"


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


# spelling and sound of a vowel; an upper-case sound is a diphthong
_VOWELS = _pairs("i:i ee:i e:e a:e o:o u:o oo:u ay:E y:I ow:U oa:O oy:Q or:or ar:ar air:er eer:ir er:er")
_ENDINGS = _pairs("en:oN o:O er:er y:i ing:iN le:oL et:eT")
# consonants that are one sound here; of two letters first
_CONSONANTS = _pairs(
    "th:F ch:X sh:X ng:N nk:NK p:P b:P t:T d:T k:K g:K f:F v:F s:S z:S j:X m:M n:N l:L r:R w:W h:H y:Y"
)
# how digits may sound, in anybody's mouth
_DIGITS = "SirO SerO WoN Tu TYu FRi TRi SRi For Fo FO FIF FIP FI SiKS SiK SeFoN SeFeN SeFN E ET eT HET HE NIN NI"
# words of `speechrnn.corpus.words.HELD_OUT` that a syllable or two could be: they measure and never train
_HELD_OUT = (
    "STRiT STiKS KiKS TIF FIT SiN SIN Su FoN FRO FRo FRU FoL ForL ES NoN NIF FLor FRiL RET XiS BReT MiLK TREN SKuL "
    "FeST SoMer WiNTer KiXoN RiFer LeTer MarKeT PEPer DoKTer BoToL PeNSoL XuKer REFoN ReFoN LeMoN"
)
_SOUND = re.compile(r"or|ar|er|ir|.")
# letters that English doubles before an ending
_DOUBLED = re.compile(r"(?<=[aeiou])([bdgklmnprtvz])$")


def make_nonsense(n: int, seed: int) -> tuple[str, ...]:
    """Make words that are none: half of them one sound from a digit, the others of one or two syllables.

    Parameters
    ----------
    n : int
        How many, at most 3,000.
    seed : int
        Decides which.

    Returns
    -------
    tuple of str
        In alphabetical order.

    Examples
    --------
    >>> words = make_nonsense(6, seed=0)
    >>> len(set(words)), any(word in ("six", "seks", "fore") for word in words)
    (6, False)
    """
    rng = np.random.default_rng(seed)
    near, far = _one_syllable()
    longer = tuple(word for word, sound in _two_syllables(rng, n) if _distance_to(sound, _sounds(_DIGITS)) > 0)
    shares = (n - 2 * (n // 4), n // 4, n // 4)
    chosen = [_draw(words, share, rng) for words, share in zip((near, far, longer), shares, strict=True)]
    return tuple(sorted(word for words in chosen for word in words))


def _draw(words: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    return [words[i] for i in rng.choice(len(words), n, replace=False)]


@cache
def _one_syllable() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All words of one syllable that are no digit: those one sound from one, and the others."""
    distances = {word: _distance_to(sound, _sounds(_DIGITS)) for word, sound in _syllables()}
    near = tuple(word for word, distance in distances.items() if distance == 1)
    return near, tuple(word for word, distance in distances.items() if distance > 1)


def _syllables() -> Iterator[tuple[str, tuple[str, ...]]]:
    held_out = set(_sounds(_HELD_OUT))
    for onset in ("", *_ONSETS.split()):
        for spelled, vowel in _VOWELS.items():
            for coda in _codas(spelled):
                sound = (*_consonants(onset), *_split(vowel), *_consonants(coda))
                if len(sound) > 1 and sound not in held_out:
                    yield onset + spelled + coda, sound


def _codas(spelled: str) -> list[str]:
    """What may follow a vowel so that English reads it as it is meant: "to" is no short o, "syks" no long y."""
    codas = _CODAS.split()
    if spelled == "y":
        return ["", *(coda for coda in codas if len(_consonants(coda)) == 1 and coda != "ng")]
    return codas if len(spelled) == 1 else ["", *codas]


def _two_syllables(rng: np.random.Generator, n: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    held_out = _sounds(_HELD_OUT)
    syllables = [one for one in _syllables() if one[0][0] not in "aeiou"]
    for i, ending in zip(rng.permutation(len(syllables))[: 2 * n], rng.integers(0, len(_ENDINGS), 2 * n), strict=True):
        word, sound = syllables[i]
        spelled, more = list(_ENDINGS.items())[ending]
        sound = (*sound, *_split(more))
        if sound not in held_out:
            yield _DOUBLED.sub(r"\1\1", word) + spelled, sound


def _consonants(spelled: str) -> tuple[str, ...]:
    sounds: list[str] = []
    while spelled:
        size = 2 if spelled[:2] in _CONSONANTS else 1
        sounds += _CONSONANTS[spelled[:size]]
        spelled = spelled[size:]
    return tuple(sounds)


def _split(sounds: str) -> tuple[str, ...]:
    return tuple(_SOUND.findall(sounds))


@cache
def _sounds(words: str) -> tuple[tuple[str, ...], ...]:
    return tuple(_split(word) for word in words.split())


def _distance_to(sound: tuple[str, ...], words: Sequence[tuple[str, ...]]) -> int:
    """How many sounds have to be changed, left out or added to get the nearest of some words; at most 2."""
    return min((_distance(sound, word) for word in words if abs(len(word) - len(sound)) < 2), default=2)


def _distance(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    if len(a) == len(b):
        return min(2, sum(x != y for x, y in zip(a, b, strict=True)))
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return 1 if any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer))) else 2
