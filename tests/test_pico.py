"""Six women of Pico, each as six people; four of them read respelled digits."""

import numpy as np
import pytest

from speechrnn.corpus.hibari import FACTORS
from speechrnn.corpus.pico import list_pico_voices, speak_pico, spell_pico
from speechrnn.corpus.pico_process import SAMPLE_RATE
from speechrnn.corpus.speech import Utterance
from speechrnn.errors import CorpusError

pytest.importorskip("py_nanotts")


def test_every_voice_speaks_at_the_rate_of_its_person() -> None:
    names = list_pico_voices()
    assert len(set(names)) == len(names) == 6 * len(FACTORS)
    for name in names[::5]:
        speech = speak_pico(name, (Utterance(spell_pico(name, "seven", (1,))),))
        assert speech.sample_rate == round(SAMPLE_RATE * FACTORS[name.partition("+")[2]])
        assert 0.15 < speech.waveforms[0].size / speech.sample_rate < 2
        assert np.abs(speech.waveforms[0].astype(int)).max() > 1000


def test_equal_arguments_give_equal_samples() -> None:
    one, two = (speak_pico("gb+low", (Utterance("six"), Utterance("nine"))) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one.waveforms, two.waveforms, strict=True))
    assert not np.array_equal(one.waveforms[0], one.waveforms[1])


def test_who_speaks_faster_is_done_sooner_and_pitch_is_heard() -> None:
    slow, fast, high = speak_pico(
        "us+own", (Utterance("seven", rate=120), Utterance("seven", rate=240), Utterance("seven", rate=120, pitch=95))
    ).waveforms
    assert slow.size > 1.4 * fast.size
    assert not np.array_equal(slow[:4000], high[:4000])


def test_foreign_voices_read_digits_and_nothing_else() -> None:
    assert spell_pico("us+own", "seven", (0,)) == "seven"
    assert spell_pico("de+own", "seven", (0,)) in ("sewwen", "sevven")
    with pytest.raises(CorpusError, match="know no spelling of 'stop'"):
        spell_pico("de+own", "stop", (0,))


def test_nobody_says_nothing() -> None:
    assert speak_pico("", ()).waveforms == ()
