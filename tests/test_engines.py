"""Engines: accents, other words, the neural voice, flite, and the model that listens."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from speechrnn.audition import Audition
from speechrnn.corpus.accents import list_foreign_voices, respell
from speechrnn.corpus.clips import DIGIT_WORDS, Clip
from speechrnn.corpus.engines import ENGINES, find_engine, is_synthetic
from speechrnn.corpus.espeak import ACCENTS
from speechrnn.corpus.flite import speak_flite
from speechrnn.corpus.hibari import FACTORS, list_neural_voices, speak_neural
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.manifest import read_manifest
from speechrnn.corpus.synthesis import SynthesisOptions, synthesize
from speechrnn.corpus.takes import Voice, choose_voices, vary
from speechrnn.corpus.words import HELD_OUT, NEAR_MISSES, OTHER
from speechrnn.errors import ConfigError, CorpusError
from speechrnn.recognizer import Recognizer, load
from tests.bundles import GOLDEN

TWO = {"1": "one", "6": "six"}

# asks espeak-ng, in a process of its own, how each accent says words
_PHONEMES = """
import ctypes, json, sys, espeakng_loader
library = ctypes.CDLL(espeakng_loader.get_library_path())
library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0x8000)
library.espeak_TextToPhonemes.restype = ctypes.c_char_p
found = {}
request = json.load(sys.stdin)
for accent in request["accents"]:
    assert library.espeak_SetVoiceByName(accent.encode()) == 0
    for word in request["words"]:
        text = ctypes.c_char_p(word.encode())
        said = library.espeak_TextToPhonemes(ctypes.byref(text), 1, 2)
        found[f"{accent} {word}"] = said.decode()
print(json.dumps(found))
"""


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*.wav"))}


def phonemes(words: Sequence[str]) -> dict[str, str]:
    """How each accent says each word, without stress."""
    request = {"accents": ACCENTS, "words": words}
    done = subprocess.run(
        [sys.executable, "-c", _PHONEMES], input=json.dumps(request), capture_output=True, text=True, check=True
    )
    return {key: said.replace("\u02c8", "").replace("\u02cc", "") for key, said in json.loads(done.stdout).items()}


def one_sound_apart(said: str, other: str) -> bool:
    """Whether one sound has to be changed, left out or added; a long vowel is one sound."""
    sounds: list[list[str]] = [re.findall(r".\u02d0?", text) for text in (said, other)]
    a, b = sorted(sounds, key=len)
    if len(a) == len(b):
        return sum(x != y for x, y in zip(a, b, strict=True)) == 1
    return len(b) == len(a) + 1 and any(b[:i] + b[i + 1 :] == a for i in range(len(b)))


def test_near_misses_are_the_held_out_words_one_sound_from_a_digit() -> None:
    found = phonemes([*DIGIT_WORDS, *HELD_OUT])
    near = {
        word
        for word in HELD_OUT
        for accent in ACCENTS
        for digit in DIGIT_WORDS
        if one_sound_apart(found[f"{accent} {word}"], found[f"{accent} {digit}"])
    }
    assert near == set(NEAR_MISSES)


def test_no_other_word_sounds_like_a_digit_in_any_accent() -> None:
    found = phonemes([*DIGIT_WORDS, "oh", *OTHER, *HELD_OUT])
    for accent in ACCENTS:
        digits = {found[f"{accent} {word}"] for word in (*DIGIT_WORDS, "oh")}
        assert len(digits) == 11
        assert [word for word in (*OTHER, *HELD_OUT) if found[f"{accent} {word}"] in digits] == []


def test_word_lists_are_large_distinct_and_disjoint() -> None:
    assert len(OTHER) == len(set(OTHER)) >= 100
    assert len(HELD_OUT) == len(set(HELD_OUT)) >= 50
    assert not set(OTHER) & set(HELD_OUT)
    assert {"tree", "fine", "heaven", "sick", "yes", "no", "stop"} <= set(OTHER)


def test_every_language_spells_every_digit_and_has_a_voice() -> None:
    voices = list_foreign_voices()
    languages = {voice.partition("+")[0] for voice in voices}
    assert len(languages) >= 50
    for language in languages:
        spelled = {respell(f"{language}+f1", word, (0,)) for word in DIGIT_WORDS}
        assert len(spelled) == 10
    variant = voices[0].partition("+")[2]
    for language in sorted(languages):  # one word each: a name that espeak-ng does not know fails
        voice = f"{language}+{variant}"
        [chosen] = choose_voices([voice], 1, 0)
        speech = find_engine("accents").speak(voice, (vary(chosen, respell(voice, "seven", (1,)), 0),), 0)
        assert speech.waveforms[0].size > 2000, language


def test_accents_spell_digits_only() -> None:
    with pytest.raises(CorpusError, match="no spelling of 'stop'"):
        respell("de+f1", "stop", (0,))


@pytest.mark.parametrize("engine", ["accents", "hibari"])
def test_an_engine_fills_a_folder_the_same_way_twice(engine: str, tmp_path: Path) -> None:
    options = SynthesisOptions(voices=2, repeats=2, seed=4, sample_rate=8000, words=TWO, engine=engine)
    first, again = (synthesize(tmp_path / name, options) for name in ("a", "b"))
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert len(digests(tmp_path / "a")) == 8
    assert first.speakers == again.speakers
    assert all(speaker.startswith(ENGINES[engine].prefix) for speaker in first.speakers)
    corpus = read_corpus(tmp_path / "a")
    assert {(clip.label, clip.speaker) for clip in corpus.clips} == {(d, s) for d in "16" for s in first.speakers}


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "flite"])
def test_who_is_chosen_is_one_of_the_engine_s_voices(engine: str) -> None:
    names = ENGINES[engine].list_voices()
    for n in {min(len(names), 200), len(names)}:
        assert {voice.name for voice in choose_voices(names, n, seed=61)} <= set(names)


def test_other_words_are_material_for_rejection(tmp_path: Path) -> None:
    words = {word: word for word in OTHER[:3]}
    made = synthesize(
        tmp_path / "words", SynthesisOptions(voices=2, repeats=1, sample_rate=8000, words=words, rejects=True)
    )
    corpus = read_corpus(tmp_path / "words")
    assert corpus.clips == ()
    assert sorted(clip.path.name.partition("_")[0] for clip in corpus.rejects) == sorted(OTHER[:3] * 2)
    assert made.n_written == 6


def test_a_neural_voice_is_higher_where_its_rate_is() -> None:
    assert list_neural_voices() == tuple(f"heart+{name}" for name in FACTORS)
    [voice] = choose_voices(["heart+own"], 1, 0)
    utterances = (vary(voice, "seven", 0),)
    low, high = (speak_neural(f"heart+{name}", utterances, 3) for name in ("low", "high"))
    assert high.sample_rate / low.sample_rate == pytest.approx(1.15 / 0.82, rel=1e-3)


def test_flite_speaks_or_says_that_it_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    [voice] = choose_voices(["slt+own"], 1, 0)
    if shutil.which("flite"):
        speech = speak_flite("slt+own", (vary(voice, "seven", 0),))
        assert speech.sample_rate == 16000
        assert 3000 < speech.waveforms[0].size < 30000
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CorpusError, match="flite is not on the PATH"):
        speak_flite("slt+own", ())


def test_an_unknown_engine_is_refused_with_the_choices(tmp_path: Path) -> None:
    allowed = "espeak-ng, throats, accents, kokoro, cast, pico, hibari, flite"
    with pytest.raises(ConfigError, match=f"engine is 'festival', allowed are {allowed}"):
        synthesize(tmp_path / "x", SynthesisOptions(engine="festival"))


class Deaf:
    """Hears every six as something else."""

    name = "deaf"

    def accepts(self, y: npt.NDArray[np.int16], sr: int, label: str) -> bool:
        assert y.size
        assert sr == 8000
        return label != "6"


def test_clips_that_the_judge_refuses_are_dropped_and_counted(tmp_path: Path) -> None:
    options = SynthesisOptions(voices=2, repeats=1, sample_rate=8000, words=TWO)
    made = synthesize(tmp_path / "a", options, judge=Deaf())
    assert sorted({name[0] for name in digests(tmp_path / "a")}) == ["1"]
    manifest = read_manifest(tmp_path / "a")
    assert manifest == made.manifest
    assert (manifest.judge, manifest.dropped, manifest.n_clips) == ("deaf", 2, 4)
    with pytest.raises(CorpusError, match="heard by deaf"):
        synthesize(tmp_path / "a", options)
    assert synthesize(tmp_path / "a", options, judge=Deaf()).manifest.dropped == 2


def test_a_model_refuses_what_it_surely_hears_as_another_digit() -> None:
    audition = Audition(load(GOLDEN))
    y, sr = soundfile.read(next(Path("data/samples").glob("6_*.wav")), dtype="int16")
    assert audition.accepts(y, sr, "6")
    assert not audition.accepts(y, sr, "3")
    assert audition.name == Recognizer(audition.recognizer.bundle).bundle.metadata.sha256["model.onnx"][:12]


@pytest.mark.parametrize("engine", ENGINES)
def test_clips_of_every_engine_are_known_as_synthetic(engine: str) -> None:
    speaker = Voice("en+f2", 150, 50, 50, 0, ENGINES[engine].prefix).speaker
    assert is_synthetic(Clip(Path(f"6_{speaker}_0.wav"), "6", speaker))
    assert not is_synthetic(Clip(Path("6_theo_0.wav"), "6", "theo"))
    assert not is_synthetic(Clip(Path("6.wav"), "6", None))
