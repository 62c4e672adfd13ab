from pathlib import Path

import pytest

from speechrnn.corpus.names import FSDDName, parse_fsdd, parse_nohash


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("6_jackson_12.wav", FSDDName("6", "jackson", 12)),
        ("six_a_b_0.flac", FSDDName("six", "a_b", 0)),
        ("_unknown__ann_3.wav", FSDDName("_unknown_", "ann", 3)),
        ("6_a\nb_007.wav", FSDDName("6", "a\nb", 7)),
        ("6_jackson.wav", None),
        ("6_jackson_x.wav", None),
        ("6__1.wav", None),
        ("_ann_1.wav", None),
        ("0a7c_nohash_0.wav", None),
        ("6_ann_\u0661.wav", None),
    ],
)
def test_fsdd_names(name: str, parts: FSDDName | None) -> None:
    assert parse_fsdd(Path(name)) == parts


@pytest.mark.parametrize(("name", "speaker"), [("0a_nohash_1.wav", "0a"), ("plain.wav", None), ("_nohash_1.wav", None)])
def test_nohash_names(name: str, speaker: str | None) -> None:
    assert parse_nohash(Path(name)) == speaker
