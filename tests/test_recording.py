"""`speechrnn record`: what is asked for, what is kept, and going on."""

import itertools
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn import microphone
from speechrnn.acceptance import TakeLimits, judge_take
from speechrnn.blocks import Block
from speechrnn.cli.meter import Line, LiveLine
from speechrnn.corpus.layouts import read_corpus
from speechrnn.dictation import DictationListener, Take, dictate, save_take
from speechrnn.errors import CorpusError
from speechrnn.prompts import Prompt, leave_out_recorded, plan_prompts
from tests.command_line import Result, check_refusal
from tests.microphones import SR, FakeStream, install
from tests.signals import Waveform, word

Cli = Callable[..., Result]
LIMITS = TakeLimits()


def hush(seconds: float, seed: int = 0) -> Waveform:
    return (3e-4 * np.random.default_rng(seed).normal(size=round(seconds * SR))).astype(np.float32)


def speak(words: Sequence[Waveform], gap: float = 0.8) -> Waveform:
    """A second and a half of the room, then words with pauses."""
    parts = [hush(1.5)]
    for i, said in enumerate(words):
        parts += [said + hush(said.size / SR, i), hush(gap, 100 + i)]
    return np.concatenate(parts).astype(np.float32)


def fine(n: int) -> list[Waveform]:
    return [word(3000 + 50 * i, i) * 0.5 for i in range(n)]


class Minutes(DictationListener):
    """Keeps what happened."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def prompting(self, prompt: Prompt) -> None:
        self.said.append(prompt.word)

    def refused(self, prompt: Prompt, reason: str) -> None:
        self.said.append(f"{prompt.word}: {reason}")


def record(y: Waveform, prompts: Sequence[Prompt], size: int = 160) -> tuple[list[Take], list[str]]:
    minutes = Minutes()
    blocks = [Block(y[at : at + size]) for at in range(0, y.size, size)]
    return list(dictate(blocks, SR, prompts, minutes)), minutes.said


THREE = (Prompt("6", 0), Prompt("0", 0), Prompt("yes", 0))


@given(st.integers(1, 12), st.integers(1, 5), st.integers(0, 1000))
def test_prompts_are_complete_shuffled_and_never_twice_in_a_row(n: int, repeats: int, seed: int) -> None:
    labels = [str(i) for i in range(n)]
    prompts = plan_prompts(labels, repeats, seed)
    assert sorted((p.index, p.label) for p in prompts) == sorted((i, label) for i in range(repeats) for label in labels)
    assert [p.index for p in prompts] == sorted(p.index for p in prompts)
    assert n == 1 or all(a.label != b.label for a, b in itertools.pairwise(prompts))
    assert plan_prompts(labels, repeats + 1, seed)[: len(prompts)] == prompts


def test_each_prompt_gets_what_was_said_to_it() -> None:
    words = fine(3)
    takes, said = record(speak(words), THREE)
    assert said == ["six", "zero", "yes"]
    assert [take.prompt for take in takes] == list(THREE)
    for take, spoken in zip(takes, words, strict=True):
        # where it lies in the clip
        at = int(np.correlate(take.y, spoken, "valid").argmax())
        np.testing.assert_allclose(take.y[at : at + spoken.size], spoken, atol=2e-3)
        assert 0.1 * SR <= at <= 0.25 * SR
        assert take.y.size - at - spoken.size >= 0.1 * SR


def test_who_has_nothing_to_say_is_asked_for_nothing() -> None:
    assert record(speak(fine(1)), ()) == ([], [])


@settings(max_examples=6)
@given(st.integers(100, 30_000))
def test_blocks_make_no_difference(size: int) -> None:
    y = speak([fine(1)[0], fine(1)[0] * 0.01, fine(2)[1], fine(3)[2]])
    takes, said = record(y, THREE, size)
    others, other_said = record(y, THREE)
    assert said == other_said
    for one, other in zip(takes, others, strict=True):
        np.testing.assert_array_equal(one.y, other.y)


BAD = {
    "too loud": (fine(1)[0] * 10).clip(-1, 1),
    "too quiet": fine(1)[0] * 0.015,
    "too long": np.concatenate([word(8000, i) * 0.5 for i in range(3)]),
    "too short": word(150, 3),
}


@pytest.mark.parametrize("fault", BAD)
def test_what_cannot_be_kept_is_asked_for_again(fault: str) -> None:
    words = [fine(1)[0], BAD[fault], *fine(2)]
    takes, said = record(speak(words), THREE)
    assert [take.prompt for take in takes] == list(THREE)
    assert said[:2] == ["six", "zero"]
    assert said[2].startswith(f"zero: {fault}")
    assert said[3:] == ["zero", "yes"]


def test_who_never_stops_talking_is_not_taken_for_a_word_at_its_end() -> None:
    babble = np.concatenate([word(8000, i) * 0.5 for i in range(9)])
    babble = np.concatenate([babble, word(3000, 9)])  # 9.4 s: the end-pointer cuts it
    takes, said = record(speak([babble, *fine(1)]), THREE[:1])
    assert len(takes) == 1
    assert takes[0].y.size < SR
    assert [line.partition(":")[2][:9] for line in said] == ["", " too long", ""]


def test_silence_is_told_as_often_as_patience_ends() -> None:
    takes, said = record(hush(20.5), THREE)
    assert takes == []
    assert said == ["six", *["six: nothing heard for 8 s. Is this the right microphone?", "six"] * 2]


def test_noise_alone_is_no_word() -> None:
    noise = (0.1 * np.random.default_rng(0).normal(size=6000)).astype(np.float32)
    reason = judge_take(noise, SR, LIMITS)
    assert reason is not None
    assert reason.startswith("no word")


def test_what_was_said_before_the_first_prompt_is_no_answer() -> None:
    y = np.concatenate([hush(0.3), fine(1)[0], speak(fine(1))])
    takes, said = record(y, THREE)
    assert len(takes) == 1
    assert said == ["six", "zero"]


def test_lost_sound_spoils_a_take() -> None:
    spoken = fine(1)[0]
    blocks = [Block(hush(1.5)), Block(spoken[:1500]), Block(spoken[1500:], lost=800), Block(hush(1.0)), Block(spoken)]
    blocks += [Block(hush(1.0))]
    minutes = Minutes()
    takes = list(dictate(blocks, SR, THREE[:1], minutes))
    assert minutes.said[1] == "six: some of it was lost: this machine was busy with something else."
    assert len(takes) == 1


def test_what_is_said_after_lost_sound_is_an_answer() -> None:
    blocks = [Block(hush(2.0)), Block(hush(0.4), lost=800), Block(fine(1)[0]), Block(hush(1.0))]
    assert len(list(dictate(blocks, SR, THREE[:1], Minutes()))) == 1


@pytest.mark.parametrize("sr", [8000, 16_000, 44_100, 48_000])
def test_clips_are_16_bit_mono_at_no_more_than_16_khz(tmp_path: Path, sr: int) -> None:
    path = save_take(Take(THREE[0], word(sr // 2, 1), sr), tmp_path / "new", "ann")
    info = soundfile.info(path)
    assert path == tmp_path / "new" / "6_ann_0.wav"
    assert (info.samplerate, info.channels, info.subtype) == (min(sr, 16_000), 1, "PCM_16")
    assert info.duration == pytest.approx(0.5, abs=1e-3)
    assert [one.name for one in path.parent.iterdir()] == ["6_ann_0.wav"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "6_ann_0.wav").write_bytes(b"mine")
    with pytest.raises(CorpusError, match=r"6_ann_0.wav: has come meanwhile"):
        save_take(Take(THREE[0], word(4000, 1), SR), tmp_path, "ann")
    assert (tmp_path / "6_ann_0.wav").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["", "a/b", "a_nohash_b", " ann", "a\0b", "a\nb"])
def test_speakers_that_make_no_file_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(CorpusError, match="makes no file name"):
        leave_out_recorded([Prompt("6", 0)], tmp_path, name)


@pytest.mark.parametrize("label", ["", "a_b", "a/b", ".a"])
def test_labels_that_make_no_file_name(tmp_path: Path, label: str) -> None:
    with pytest.raises(CorpusError, match="makes no file name"):
        leave_out_recorded([Prompt(label, 0)], tmp_path, "ann")


def write_words(path: Path, n: int) -> Path:
    """Write words at 48 kHz in stereo, the third too quiet."""
    words = fine(n)
    words[2] = words[2] * 0.01
    y = np.repeat(speak(words), 6)  # crude, and 48 kHz
    soundfile.write(path, np.stack([y, y], axis=1), 6 * SR)
    return path


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """Three words that can be kept."""
    return write_words(tmp_path / "takes.wav", 4)


def test_a_session_and_going_on(cli: Cli, tmp_path: Path, spoken: Path) -> None:
    command = ["record", "mine", "--speaker", "ann", "--labels", "six,1,two", "--input", spoken]
    result = cli(*command, "--repeats", "1")
    assert result.status == 0, result
    assert sorted(result.lines) == ["mine/1_ann_0.wav", "mine/2_ann_0.wav", "mine/6_ann_0.wav"]
    assert "again: too quiet: peak -4" in result.err
    assert result.err.endswith("3 clips by ann in mine\nNext:  speechrnn train mine --from digits --out mine\n")
    before = {path: path.read_bytes() for path in (tmp_path / "mine").iterdir()}
    again = cli(*command, "--repeats", "1")
    assert (again.status, again.out) == (0, "")
    longer = write_words(tmp_path / "longer.wav", 7)
    more = cli(*command[:-1], longer, "--repeats", "2")
    assert "3 of 6 clips are there already" in more.err
    assert sorted(more.lines) == ["mine/1_ann_1.wav", "mine/2_ann_1.wav", "mine/6_ann_1.wav"]
    assert len({path.read_bytes() for path in (tmp_path / "mine").iterdir()}) == 6
    assert {path: path.read_bytes() for path in before} == before
    corpus = read_corpus(tmp_path / "mine")
    assert sorted((clip.label, clip.speaker) for clip in corpus.clips) == [(x, "ann") for x in "112266"]
    assert not corpus.skipped


def test_what_nobody_asked_for_shifts_no_word_of_a_recording(cli: Cli, tmp_path: Path) -> None:
    """Nobody sees the prompts: a word in the first second would make each one the next."""
    words = [*(one for said in fine(3) for one in (said, hush(0.8))), hush(0.5)]
    for name, before in (("early", 0.5), ("in-time", 1.4)):
        soundfile.write(tmp_path / f"{name}.wav", np.concatenate([hush(before), *words]), SR)
    command = ("record", "mine", "--speaker", "ann", "--labels", "1,2,3", "--repeats", "1", "--input")
    refused = cli(*command, "early.wav")
    assert (refused.status, refused.out) == (1, "")
    check_refusal(refused, "something sounds in its first second, needed silence there")
    assert not list((tmp_path / "mine").iterdir())
    assert len(cli(*command, "in-time.wav").lines) == 3


def test_a_recording_in_which_a_word_was_refused_says_what_that_means(cli: Cli, spoken: Path) -> None:
    command = ["record", "mine", "--speaker", "ann", "--labels", "six,1,two", "--input", spoken]
    told = "1 time a word was asked for again, and the next one taken for it"
    assert told in cli(*command, "--repeats", "1").err
    assert told in cli(*command, "--repeats", "2").err  # which ends too soon


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_samples_that_are_no_numbers_are_no_clip(cli: Cli, tmp_path: Path, value: float) -> None:
    y = speak(fine(2))
    y[round(1.5 * SR) + 500 : round(1.5 * SR) + 900] = value
    soundfile.write(tmp_path / "bad.wav", y, SR, subtype="FLOAT")
    refused = cli("record", "mine", "--speaker", "ann", "--labels", "1,2", "--repeats", "1", "--input", "bad.wav")
    check_refusal(refused, "bad.wav: samples after 1.5", " s are not finite numbers, needed all")
    assert refused.out == ""


def test_a_recording_that_is_too_short_keeps_what_it_has(cli: Cli, spoken: Path, tmp_path: Path) -> None:
    result = cli("record", "mine", "--speaker", "ann", "--input", spoken)
    assert result.status == 1
    assert len(result.lines) == 3
    assert f"error: {spoken}: ends with 3 of 30 clips said, needed all." in result.err
    assert len(list((tmp_path / "mine").iterdir())) == 3


def test_a_recording_heard_again_changes_nothing_and_restores_what_is_gone(
    cli: Cli, spoken: Path, tmp_path: Path
) -> None:
    command = ("record", "mine", "--speaker", "ann", "--input", spoken)
    made = cli(*command).lines
    before = {name: (tmp_path / name).read_bytes() for name in made}
    assert cli(*command).out == ""
    for name in made:
        (tmp_path / name).unlink()
        assert cli(*command).lines == [name]
        assert {str(path.relative_to(tmp_path)): path.read_bytes() for path in (tmp_path / "mine").iterdir()} == before


def test_a_recording_that_ended_within_a_word_goes_on_in_a_longer_one(cli: Cli, tmp_path: Path) -> None:
    y = speak(fine(3))
    for name, n in (("short.wav", round(1.5 * SR) + 2600), ("long.wav", y.size)):
        soundfile.write(tmp_path / name, y[:n], SR)
    command = ("record", "mine", "--speaker", "ann", "--labels", "1,2,3", "--repeats", "1", "--input")
    assert [len(cli(*command, name).lines) for name in ("short.wav", "long.wav")] == [1, 2]


def test_a_recording_that_does_not_begin_with_what_is_there_is_refused(cli: Cli, spoken: Path, tmp_path: Path) -> None:
    made = cli("record", "mine", "--speaker", "ann", "--input", spoken).lines
    rest = np.repeat(speak(fine(9)[4:]), 6)  # as `spoken` is: another rate would tell by itself
    soundfile.write(tmp_path / "rest.wav", rest, 6 * SR)
    for _ in range(2):
        refused = cli("record", "mine", "--speaker", "ann", "--input", "rest.wav")
        check_refusal(refused, f"{made[0]}: is not what the recording says for it")
        (tmp_path / made[0]).write_bytes(b"no sound")
    assert len(list((tmp_path / "mine").iterdir())) == 3


@pytest.mark.parametrize("columns", [80, 50, 40, 30, 22])
def test_the_word_to_be_said_is_whole_where_it_fits(columns: int) -> None:
    live = Mock(console=SimpleNamespace(width=columns))
    LiveLine(live).note("10 of 30, say:  seven")
    drawn = live.update.call_args.args[0].plain
    assert len(drawn) <= columns
    assert drawn.endswith("10 of 30, say:  seven")
    assert ("dB" in drawn, "[" in drawn) == (columns > 28, columns > 36)


def test_what_means_no_label_is_none(cli: Cli, tmp_path: Path, spoken: Path) -> None:
    result = cli("record", tmp_path / "mine", "--speaker", "ann", "--labels", "yes, Unknown", "--input", spoken)
    assert (result.status, "Unknown is the folder of what no model answers" in result.err) == (2, True)
    assert not (tmp_path / "mine").exists()


def test_what_cannot_be_recorded(cli: Cli, tmp_path: Path, spoken: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    check_refusal(cli("record", "file", "--speaker", "ann", "--input", spoken), "file: is a file, needed a folder")
    check_refusal(cli("record", "mine", "--speaker", "a/b", "--input", spoken), "'a/b'", "file name")
    check_refusal(cli("record", "mine", "--speaker", "ann", "--input", "none.wav"), "none.wav: no such file")
    assert cli("record", "mine").status == 2
    assert cli("record", "mine", "--speaker", "ann", "--input", "x.wav", "--device", "1").status == 2
    assert not (tmp_path / "mine").exists()


def feed(stream: FakeStream, y: Waveform) -> None:
    for at in range(0, y.size, 160):
        stream.feed(y[at : at + 160])


def test_ctrl_c_leaves_whole_files_and_says_how_to_go_on(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = install(monkeypatch)  # with all of its patience: a busy machine may take a while to come to the second clip

    def play(stream: FakeStream) -> None:
        feed(stream, np.concatenate([speak(fine(2)), fine(1)[0]]))
        while len(said) < 2:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    def say(line: Line, text: str, *, err: bool = False) -> None:
        plain(line, text, err=err)
        said.extend([] if err else [text])

    said, plain = list[str](), Line.say
    monkeypatch.setattr(Line, "say", say)

    fake.play = play
    result = cli("record", "mine", "--speaker", "ann")
    assert result.status == 130
    assert result.err.splitlines()[-2:] == [
        "stopped",
        "2 of 30 clips recorded; the same command goes on from here",
    ]
    files = list((tmp_path / "mine").iterdir())
    assert sorted(str(file.relative_to(tmp_path)) for file in files) == sorted(result.lines)
    for file in files:
        assert soundfile.read(file)[0].size > 3000


def test_ctrl_c_is_what_it_was_where_the_sound_is_left_in_the_middle(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even while something holds on to what went wrong, and so to all that was going on then."""
    soundfile.write("said.wav", speak(fine(2)), SR)
    error, before = CorpusError("the disk is full"), signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(Line, "say", Mock(side_effect=error))
    result = cli("record", "mine", "--speaker", "ann", "--input", "said.wav")
    assert result.status == 1
    assert "the disk is full" in result.err
    assert error.__traceback__
    assert signal.getsignal(signal.SIGINT) is before


def test_an_unplugged_microphone_keeps_what_there_is(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "_WAIT", 0.01)
    fake = install(monkeypatch)

    def play(stream: FakeStream) -> None:
        feed(stream, speak(fine(1)))
        stream.unplug()

    fake.play = play
    result = cli("record", "mine", "--speaker", "ann")
    assert result.status == 1
    assert "error: Fake mic: gives no more sound" in result.err
    assert len(list((tmp_path / "mine").iterdir())) == len(result.lines) == 1
