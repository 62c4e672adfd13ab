"""Synthetic corpora: reproducible to the byte, whole or known as unfinished, and words by every cheap measure."""

import dataclasses
import itertools
import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from speechrnn.cli.synthesis import describe_synthesis
from speechrnn.corpus import espeak, synthesis
from speechrnn.corpus.espeak import list_voices, speak
from speechrnn.corpus.layouts import read_corpus
from speechrnn.corpus.manifest import MANIFEST, UNFINISHED, write_unfinished
from speechrnn.corpus.speech import Utterance
from speechrnn.corpus.synthesis import Manifest, SynthesisOptions, read_manifest, synthesize
from speechrnn.corpus.takes import choose_voices, render, vary
from speechrnn.errors import ConfigError, CorpusError, MissingExtraError
from tests.bundles import SAMPLES

pytest.importorskip("espeakng_loader")

SMALL = SynthesisOptions(voices=3, repeats=2, seed=5, words={"1": "one", "2": "two"})


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synth") / "small"
    synthesize(folder, SMALL)
    return folder


@pytest.fixture
def copy(small: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small, tmp_path / "copy"))


# ---- espeak-ng


def test_voices_say_the_same_words_the_same_way_at_another_second() -> None:
    voices = ("en-us+f2", "en-us+whisper", "en-029+klatt", "en+sandro")
    first = [speak(voice, [Utterance("six"), Utterance("nine")], seed=7).waveforms for voice in voices]
    time.sleep(1.05)  # espeak-ng seeds its noise with the second
    second = [speak(voice, [Utterance("six"), Utterance("nine")], seed=7).waveforms for voice in voices]
    assert [[y.tobytes() for y in said] for said in second] == [[y.tobytes() for y in said] for said in first]


def test_the_seed_decides_the_noise_of_a_breathy_voice() -> None:
    first, second = (speak("en-us+f2", [Utterance("six")], seed=seed).waveforms[0] for seed in (0, 1))
    assert first.size == second.size
    assert not np.array_equal(first, second)


def test_a_greater_rate_is_shorter_and_a_higher_pitch_is_higher() -> None:
    slow, fast = speak("en-us", [Utterance("nine", rate=120), Utterance("nine", rate=200)]).waveforms
    assert fast.size < 0.8 * slow.size
    periods = [best_lag(speak("en-us", [Utterance("nine", pitch=pitch)]).waveforms[0]) for pitch in (20, 80)]
    assert periods[1] < 0.8 * periods[0]


def best_lag(y: np.ndarray) -> int:
    """The period of the loudest tenth of a second, in samples; 100 to 400 are 55 to 220 Hz."""
    y = y.astype(float)
    centre = int(np.argmax(np.convolve(y**2, np.ones(2205), "same")))
    y = y[max(0, centre - 1102) : centre + 1102]
    correlation = np.correlate(y, y, "full")[y.size - 1 :]
    return 100 + int(np.argmax(correlation[100:400]))


def test_every_voice_that_is_listed_can_be_set() -> None:
    names = list_voices()
    assert len(set(names)) == len(names) > 500
    assert not [name for name in names if "robo" in name.lower() or "demonic" in name.lower()]
    accents = {name.partition("+")[0] for name in names}
    for accent in sorted(accents):  # the variants are the same for each: one is enough
        assert len(speak(f"{accent}+f2", [Utterance("one")]).waveforms) == 1


def test_accents_differ() -> None:
    words = [Utterance(word) for word in ("zero", "one", "four", "nine")]
    said = [b"".join(y.tobytes() for y in speak(accent, words).waveforms) for accent in espeak.ACCENTS]
    assert len(set(said)) == len(said)


def test_an_unknown_voice_is_one_sentence() -> None:
    with pytest.raises(CorpusError, match=r"^espeak-ng could not speak as tlh\+f2: it knows no voice .*pip install"):
        speak("tlh+f2", [Utterance("one")])


def test_lost_data_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = pytest.importorskip("espeakng_loader")
    monkeypatch.setattr(loader, "get_data_path", lambda: str(tmp_path))
    with pytest.raises(CorpusError, match="no usable voice data"):
        speak("en", [Utterance("one")])
    with pytest.raises(CorpusError, match="no voice variants"):
        list_voices()


def test_a_process_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(espeak, "espeak_process", SimpleNamespace(__file__=str(sleeper)))
    monkeypatch.setattr("speechrnn.corpus.speech.TIMEOUT", 0.1)
    with pytest.raises(CorpusError, match=r"said nothing as en in 0\.1 s"):
        speak("en", [Utterance("one")])


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        def find_spec(self, fullname: str, *_: object) -> None:
            if fullname == "espeakng_loader":
                raise ModuleNotFoundError("No module named 'espeakng_loader'", name="espeakng_loader")

    monkeypatch.delitem(sys.modules, "espeakng_loader", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(MissingExtraError, match=r"speechrnn\[synth\]"):
        synthesize(tmp_path / "new", SMALL)
    assert not (tmp_path / "new").exists()


# ---- voices and takes

NAMES = [f"{accent}+{variant}" for accent in ("en", "en-us", "en-029") for variant in ("f1", "f2", "m1", "Mr serious")]


@given(n=st.integers(1, len(NAMES)), seed=st.integers(0, 2**32 - 1))
def test_voices_are_distinct_spread_and_a_prefix_of_more_voices(n: int, seed: int) -> None:
    voices = choose_voices(NAMES, n, seed)
    assert voices == choose_voices(NAMES, len(NAMES), seed)[:n]
    assert len({voice.name for voice in voices} & set(NAMES)) == n
    assert len({voice.speaker for voice in voices}) == n
    accents, variants = zip(*(voice.name.split("+") for voice in voices), strict=True)
    assert len(set(accents[:3])) == min(n, 3)
    assert max(Counter(variants).values()) == -(-n // 4)


def test_the_seed_changes_the_voices() -> None:
    assert len({choose_voices(NAMES, 6, seed) for seed in range(20)}) == 20


def test_speakers_fit_between_the_underscores_of_a_file_name() -> None:
    speakers = [voice.speaker for voice in choose_voices(list_voices(), len(list_voices()), 0)]
    assert len(set(speakers)) == len(speakers)
    assert not [speaker for speaker in speakers if set(speaker) - set("abcdefghijklmnopqrstuvwxyz0123456789-")]
    assert "espeak-en-us-f2" in speakers
    assert "espeak-en-us-mr-serious" in speakers


def test_more_voices_than_there_are_is_one_sentence() -> None:
    with pytest.raises(CorpusError, match="13 voices asked for, the engine has 12"):
        choose_voices(NAMES, 13, 0)


@given(seed=st.integers(0, 2**32 - 1), index=st.integers(0, 10_000))
def test_takes_stay_where_espeak_takes_them(seed: int, index: int) -> None:
    voice = choose_voices(NAMES, 1, seed)[0]
    take = vary(voice, "six", index)
    assert 80 <= take.rate <= 450
    assert 0 <= take.pitch <= 99
    assert 0 <= take.pitch_range <= 99
    assert abs(take.rate / voice.rate - 1) < 0.13
    assert abs(take.pitch - voice.pitch) <= 8


@given(seed=st.integers(0, 2**31 - 1), scale=st.floats(0.01, 1.0), sr=st.sampled_from([8000, 16000, 22050, 44100]))
def test_a_recording_has_the_length_level_and_noise_that_it_should(seed: int, scale: float, sr: int) -> None:
    burst = np.zeros(22050)
    burst[6000:12000] = np.sin(np.arange(6000) / 5)
    y = render((burst * scale * 30000).astype(np.int16), 22050, sr, (seed, 0))
    assert 0.06 - 1e-3 < y.size / sr - 6000 / 22050 < 0.30 + 1e-3
    peak_db = 20 * np.log10(np.abs(y.astype(float)).max() / 32768)
    assert -20.3 < peak_db < -0.7
    edges = np.concatenate([y[: sr // 40], y[-sr // 40 :]]) / 32768
    assert -72 < 20 * np.log10(edges.std()) < -58


@pytest.mark.parametrize("y", [np.zeros(0), np.zeros(5000), np.eye(1, 5000)[0] * 9000])
def test_no_word_is_refused(y: np.ndarray) -> None:
    with pytest.raises(CorpusError, match="said nothing"):
        render(y.astype(np.int16), 22050, 16000, (0, 0))


# ---- the corpus


def test_same_options_same_bytes(small: Path, tmp_path: Path) -> None:
    result = synthesize(tmp_path / "again", SMALL)
    assert contents(tmp_path / "again") == contents(small)
    assert (result.path, result.n_written, result.manifest) == (tmp_path / "again", 12, read_manifest(small))


def test_another_seed_other_bytes(small: Path, tmp_path: Path) -> None:
    synthesize(tmp_path / "other", dataclasses.replace(SMALL, seed=6))
    wavs = [
        {data for name, data in contents(folder).items() if name.endswith(".wav")}
        for folder in (small, tmp_path / "other")
    ]
    assert not wavs[0] & wavs[1]


def test_fewer_voices_are_the_beginning_of_more(small: Path, tmp_path: Path) -> None:
    synthesize(tmp_path / "fewer", dataclasses.replace(SMALL, voices=2))
    fewer = {name: data for name, data in contents(tmp_path / "fewer").items() if name.endswith(".wav")}
    assert fewer.items() < contents(small).items()


def test_the_corpus_reader_finds_labels_and_speakers(small: Path) -> None:
    corpus = read_corpus(small)
    result = synthesize(small, SMALL)
    pairs = itertools.product("12", result.speakers)
    assert Counter((clip.label, clip.speaker) for clip in corpus.clips) == dict.fromkeys(pairs, 2)
    assert corpus.skipped == ()
    assert result.n_written == 0


def test_the_clips_are_words(tmp_path: Path) -> None:
    options = SynthesisOptions(voices=4, repeats=1, seed=1)
    seen: list[tuple[int, int]] = []
    synthesize(tmp_path, options, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(10, 40), (20, 40), (30, 40), (40, 40)]
    words: dict[str, list[np.ndarray]] = {}
    for path in sorted(tmp_path.glob("*.wav")):
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (16000, 1, "PCM_16")
        y, _ = soundfile.read(path)
        assert 0.2 < y.size / 16000 < 1.2
        assert -20.5 < 20 * np.log10(np.abs(y).max()) <= 0
        still = max(len(list(group)) for value, group in itertools.groupby(y == 0) if value) if (y == 0).any() else 0
        assert still < 16  # one millisecond: no digital silence
        words.setdefault(path.name.split("_")[1], []).append(spectrum(y))
    assert [len(spectra) for spectra in words.values()] == [10] * 4
    for spectra in words.values():  # no two digits of a voice look the same
        assert min(np.abs(a - b).max() for a, b in itertools.combinations(spectra, 2)) > 0.01


def spectrum(y: np.ndarray) -> np.ndarray:
    bands = np.array([band.sum() for band in np.array_split(np.abs(np.fft.rfft(y)) ** 2, 40)])
    return np.asarray(bands / bands.sum())


def test_other_words_and_rates(tmp_path: Path) -> None:
    synthesize(tmp_path, SynthesisOptions(voices=1, repeats=1, sample_rate=8000, words={"go": "go", "zwölf": "zwelf"}))
    names = sorted(path.name.split("_")[0] for path in tmp_path.glob("*.wav"))
    assert names == ["go", "zwölf"]
    assert {soundfile.info(path).samplerate for path in tmp_path.glob("*.wav")} == {8000}


def test_a_text_that_makes_no_sound_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="said nothing"):
        synthesize(tmp_path, dataclasses.replace(SMALL, words={"1": "..."}))


def test_of_other_words_those_that_make_no_sound_are_dropped_and_told(tmp_path: Path) -> None:
    words = {"go": "go", "none": "..."}
    made = synthesize(tmp_path, dataclasses.replace(SMALL, words=words, rejects=True))
    n = SMALL.voices * SMALL.repeats
    assert len(list(tmp_path.glob("unknown/go_*.wav"))) == made.n_written == n
    assert not list(tmp_path.glob("unknown/none_*"))
    assert describe_synthesis(made).endswith(f"\n{n} of {2 * n} clips made no sound and are dropped")


# ---- interruptions and other folders


@pytest.mark.parametrize("stop_after", [0, 1, 5, 11])
def test_an_interrupted_synthesis_goes_on_to_the_same_bytes(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_after: int
) -> None:
    folder = tmp_path / "new"
    n_written = 0

    def write(path: Path, data: bytes) -> None:
        nonlocal n_written
        if n_written == stop_after:
            raise KeyboardInterrupt
        n_written += 1
        path.write_bytes(data)

    with monkeypatch.context() as patch:
        patch.setattr(synthesis, "write_bytes", write)
        with pytest.raises(KeyboardInterrupt):
            synthesize(folder, SMALL)
    assert read_manifest(folder) is None
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.wav")}
    assert len(before) == stop_after
    assert synthesize(folder, SMALL).n_written == 12 - stop_after
    assert contents(folder) == contents(small)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize(
    "change",
    [
        {"each": 2},
        {"words": {"0": "oh"}},
        {"strings": 3},
        {"strings": 3, "words": {"0": "oh"}},
        {"voices": 2},
        {"repeats": 9},
        {"rejects": True},
        {"sample_rate": 11025},
    ],
)
def test_what_two_requests_differ_in_is_said(change: dict[str, Any]) -> None:
    manifests = [
        Manifest("espeak-ng", "1.52.0", 5, 12, options) for options in (SMALL, dataclasses.replace(SMALL, **change))
    ]
    assert len({synthesis._describe(manifest) for manifest in manifests}) == 2


def test_other_options_after_an_interruption_are_refused(tmp_path: Path) -> None:
    manifest = Manifest("espeak-ng", "1.52.0", 5, 12, SMALL)
    write_unfinished(tmp_path, manifest)
    with pytest.raises(CorpusError, match=r"was made by espeak-ng .* seed 5, .* asked for was .* seed 6"):
        synthesize(tmp_path, dataclasses.replace(SMALL, seed=6))
    assert [path.name for path in tmp_path.iterdir()] == [UNFINISHED]


@pytest.mark.parametrize(
    "change",
    [{"seed": 6}, {"voices": 4}, {"repeats": 1}, {"sample_rate": 8000}, {"words": {"1": "one", "2": "too"}}],
    ids=lambda change: next(iter(change)),
)
def test_other_options_in_a_finished_folder_are_refused(copy: Path, change: dict[str, object]) -> None:
    before = contents(copy)
    with pytest.raises(CorpusError, match="Choose another folder"):
        synthesize(copy, dataclasses.replace(SMALL, **change))  # type: ignore[arg-type]
    assert contents(copy) == before


def test_a_clip_that_was_deleted_comes_back_as_it_was(copy: Path, small: Path) -> None:
    next(copy.glob("2_*_1.wav")).unlink()
    assert synthesize(copy, SMALL).n_written == 1
    assert contents(copy) == contents(small)


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "6_jackson_0.wav").write_bytes(b"mine")
    (tmp_path / ".DS_Store").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"holds other files \(1, such as 6_jackson_0.wav\)"):
        synthesize(tmp_path, SMALL)
    with pytest.raises(CorpusError, match="is a file"):
        synthesize(tmp_path / "6_jackson_0.wav", SMALL)
    assert contents(tmp_path) == {"6_jackson_0.wav": b"mine", ".DS_Store": b""}


def test_kill_leaves_whole_files_that_the_next_run_goes_on_from(small: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    script = (
        "from pathlib import Path; from speechrnn.corpus.synthesis import synthesize, SynthesisOptions;"
        f"synthesize(Path({str(folder)!r}), SynthesisOptions(voices=3, repeats=2, seed=5, words={SMALL.words!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", script])
    deadline = time.monotonic() + 30
    while len(list(folder.glob("[0-9]*.wav"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.001)
    process.kill()
    process.wait()
    done = {path.name: path.read_bytes() for path in folder.glob("[0-9]*.wav")}
    assert len(done) >= 3
    assert done.items() <= contents(small).items()
    synthesize(folder, SMALL)
    assert {n: d for n, d in contents(folder).items() if not n.startswith(".")} == contents(small)


# ---- manifest and options


def test_the_manifest_says_how_it_was_made(small: Path) -> None:
    manifest = read_manifest(small)
    assert manifest == Manifest("espeak-ng", speak("en", ()).version, 5, 12, SMALL)
    assert json.loads((small / MANIFEST).read_text())["options"]["words"] == {"1": "one", "2": "two"}


def test_the_samples_of_the_project_come_out_again(tmp_path: Path) -> None:
    manifest = read_manifest(SAMPLES)
    assert manifest is not None
    if speak("", ()).version != manifest.version:
        pytest.skip("another espeak-ng made them")
    assert synthesize(tmp_path, manifest.options).manifest == manifest
    names = sorted(path.name for path in SAMPLES.glob("*.wav"))
    assert names == sorted(path.name for path in tmp_path.glob("*.wav"))
    for name in names:
        (ours, _), (theirs, _) = (soundfile.read(folder / name, dtype="int16") for folder in (tmp_path, SAMPLES))
        np.testing.assert_allclose(ours, theirs, atol=1)  # another machine may round another way


def test_a_manifest_from_before_there_were_engines_is_read(copy: Path) -> None:
    manifest = read_manifest(copy)
    fields = json.loads((copy / MANIFEST).read_text())
    del fields["judge"], fields["dropped"], fields["options"]["engine"], fields["options"]["rejects"]
    (copy / MANIFEST).write_text(json.dumps(fields))
    assert read_manifest(copy) == manifest
    assert synthesize(copy, SMALL).n_written == 0


def test_a_folder_without_a_manifest_is_no_synthetic_corpus(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    assert read_manifest(tmp_path / "absent") is None


@given(data=st.binary(max_size=200) | st.dictionaries(st.text(), st.integers()).map(lambda d: json.dumps(d).encode()))
def test_a_damaged_manifest_is_one_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / MANIFEST).write_bytes(data)
    with pytest.raises(CorpusError, match=f"{MANIFEST}: no readable manifest"):
        read_manifest(folder)
    (folder / MANIFEST).unlink()


def test_a_manifest_with_a_value_out_of_range_is_refused(copy: Path) -> None:
    text = (copy / MANIFEST).read_text()
    (copy / MANIFEST).write_text(text.replace('"repeats": 2', '"repeats": -2'))
    with pytest.raises(CorpusError, match="repeats is -2"):
        read_manifest(copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"voices": 0}, "voices is 0, allowed are 1 to 10000"),
        ({"repeats": 1001}, "repeats is 1001, allowed are 1 to 1000"),
        ({"seed": -1}, "seed is -1, allowed are 0 to 4294967295"),
        ({"sample_rate": 100}, "sample_rate is 100, allowed are 4000 to 48000"),
        ({"words": {}}, "words is empty"),
        ({"words": {"a_b": "x"}}, "label 'a_b'"),
        ({"words": {"../a": "x"}}, "label '../a'"),
        ({"words": {"a ": "x"}}, "label 'a '"),
        ({"words": {"": "x"}}, "label ''"),
        ({"words": {"a": " "}}, "words.a is ' '"),
    ],
)
def test_options_out_of_range_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        dataclasses.replace(SMALL, **change)  # type: ignore[arg-type]
