"""Every way in gives the samples that librosa gives; what is no recording of a word is refused with its reason."""

import importlib
import io
import os
import struct
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from speechrnn.audio import Decoded, load_audio, prepare
from speechrnn.config import Config
from speechrnn.errors import AudioError, MissingExtraError
from speechrnn.recordings import UNKNOWN_LENGTH, _read
from tests.signals import word

Array = npt.NDArray[Any]
SIGNAL = word(6000, lead=500, tail=500)
STEREO = np.stack([SIGNAL, np.roll(SIGNAL, 40) * 0.5], axis=1)
LIMITS = Config.load("default").audio

# name: format, subtype, rate, samples
FILES: dict[str, tuple[str, str, int, Array]] = {
    "8 kHz": ("WAV", "PCM_16", 8000, SIGNAL),
    "44.1 kHz stereo": ("WAV", "PCM_16", 44100, STEREO),
    "96 kHz": ("WAV", "PCM_24", 96000, SIGNAL),
    "11.025 kHz, six channels": ("WAV", "PCM_16", 11025, np.repeat(STEREO, 3, axis=1)),
    "1 kHz": ("WAV", "PCM_16", 1000, SIGNAL),
    "8-bit": ("WAV", "PCM_U8", 8000, SIGNAL),
    "24-bit": ("WAV", "PCM_24", 16000, SIGNAL),
    "32-bit": ("WAV", "PCM_32", 16000, SIGNAL),
    "float": ("WAV", "FLOAT", 22050, SIGNAL),
    "double": ("WAV", "DOUBLE", 8000, STEREO),
    "mu-law": ("WAV", "ULAW", 8000, SIGNAL),
    "adpcm": ("WAV", "IMA_ADPCM", 8000, SIGNAL),
    "flac": ("FLAC", "PCM_16", 16000, STEREO),
    "ogg": ("OGG", "VORBIS", 16000, SIGNAL),
    "opus": ("OGG", "OPUS", 48000, SIGNAL),
    "mp3": ("MP3", "MPEG_LAYER_III", 16000, STEREO),
    "aiff": ("AIFF", "PCM_16", 8000, SIGNAL),
    "w64": ("W64", "PCM_16", 8000, SIGNAL),
    "rf64": ("RF64", "PCM_16", 8000, SIGNAL),
}


def encode(format: str, subtype: str | None = None, sr: int = 8000, y: Array = SIGNAL) -> bytes:  # noqa: A002
    with io.BytesIO() as file:
        soundfile.write(file, y, sr, format=format, subtype=subtype)
        return file.getvalue()


@pytest.fixture(params=["path", "str", "bytes", "file", "pipe"])
def load(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[bytes], Array]:
    """Give `load(data)`: the same bytes by each way in."""

    def load(data: bytes) -> Array:
        path = tmp_path / "clip with space\nand ü"
        path.write_bytes(data)
        if request.param == "bytes":
            return load_audio(data)
        if request.param == "file":
            with path.open("rb") as file:
                return load_audio(file)
        if request.param == "pipe":
            reader, writer = os.pipe()  # holds 64 KiB
            assert len(data) < 65_536
            os.write(writer, data)
            os.close(writer)
            with open(reader, "rb") as file:  # noqa: PTH123 -- a descriptor
                return load_audio(file)
        return load_audio(path if request.param == "path" else str(path))

    return load


@pytest.mark.filterwarnings("ignore:PySoundFile failed")
@pytest.mark.parametrize("name", FILES)
def test_equal_to_librosa_bit_by_bit(name: str, tmp_path: Path) -> None:
    kind, subtype, sr, y = FILES[name]
    path = tmp_path / "clip"
    path.write_bytes(encode(kind, subtype, sr, y))
    expected, _ = librosa.load(path, sr=8000)
    found = load_audio(path)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected, strict=True)


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["fsdd", "digits-apache"])
def test_equal_to_librosa_on_real_recordings(shared: Path, folder: str) -> None:
    paths = sorted(path for path in (shared / "data" / folder).rglob("*") if path.suffix in {".wav", ".flac"})
    for path in paths[:: len(paths) // 20]:
        expected, _ = librosa.load(path, sr=8000)
        np.testing.assert_array_equal(load_audio(path), expected, strict=True)


@pytest.mark.parametrize("name", ["8 kHz", "flac", "ogg", "mp3"])
def test_every_way_in_is_the_same(name: str, load: Callable[[bytes], Array]) -> None:
    kind, subtype, sr, y = FILES[name]
    data = encode(kind, subtype, sr, y)
    # not soundfile.read, which seeks first: libsndfile then decodes mp3 a bit differently
    with soundfile.SoundFile(io.BytesIO(data)) as sound:
        decoded = sound.read(dtype="float32")
    np.testing.assert_array_equal(load(data), load_audio(decoded, sr=sr), strict=True)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint8", "uint16", "uint32"])
def test_integers_have_full_scale_at_the_limit_of_their_type(dtype: str) -> None:
    info = np.iinfo(dtype)
    half = 2.0 ** (info.bits - 1)
    y = (np.round(SIGNAL.astype(np.float64) * half * 0.99) + (half if info.min == 0 else 0)).astype(dtype)
    np.testing.assert_allclose(load_audio(y), SIGNAL * 0.99, atol=2 / half + 1e-7)
    limits = load_audio(np.full(400, info.min, dtype))
    np.testing.assert_array_equal(limits, np.full(400, -1, np.float32))


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_integers_of_64_bits_are_16_bits_in_a_list_and_nobody_knows_of_how_many(dtype: str) -> None:
    with pytest.raises(AudioError, match=f"an array of {dtype}, .*: 32768 where they have 16 bits"):
        load_audio((np.abs(SIGNAL) * 32767).astype(dtype))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble", ">f4", ">i2"])
def test_floats_are_taken_as_they_are(dtype: str) -> None:
    y = (SIGNAL * 8192).astype(dtype) if dtype == ">i2" else SIGNAL.astype(dtype)
    expected = y.astype(np.float32) / (32768 if dtype == ">i2" else 1)
    np.testing.assert_array_equal(load_audio(y), expected, strict=True)


def test_a_file_name_that_is_no_text_is_read(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav"))
    path.write_bytes(encode("WAV"))
    assert load_audio(path).shape == SIGNAL.shape


def test_the_suffix_decides_nothing(tmp_path: Path) -> None:
    for name in ("a.mp3", "a.m4a", "a.raw", "a.txt", "a"):
        (tmp_path / name).write_bytes(encode("WAV"))
        assert load_audio(tmp_path / name).shape == SIGNAL.shape


# -- lengths that the header leaves open


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0x7FFFF000, 0x7FFFFFFF - 36, 0xFFFFFFFF, 0xFFFFFFFF - 36])
def test_a_wav_from_a_pipe_has_no_true_length(size: int, load: Callable[[bytes], Array]) -> None:
    data = bytearray(encode("WAV", y=SIGNAL))
    data[4:8] = struct.pack("<I", min(size + 36, 0xFFFFFFFF))
    data[40:44] = struct.pack("<I", size)
    np.testing.assert_array_equal(load(bytes(data)), load_audio(encode("WAV")), strict=True)


def test_a_flac_from_a_pipe_has_no_length_either(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_av(monkeypatch)
    data = open_length(encode("FLAC"))
    np.testing.assert_array_equal(load_audio(data), load_audio(encode("FLAC")), strict=True)


def test_a_flac_from_a_pipe_that_is_cut_off_is_refused() -> None:
    data = open_length(encode("FLAC", y=np.tile(SIGNAL, 4)))
    with pytest.raises(AudioError, match="damaged or truncated"):
        load_audio(data[: len(data) // 2])


def open_length(data: bytes) -> bytes:
    """Make of a flac what a program writes that cannot go back to its beginning."""
    return data[:21] + bytes([data[21] & 0xF0]) + bytes(4) + data[26:]


# -- what PyAV reads


def encode_media(container: str, codec: str, y: Array, sr: int, layout: str = "mono") -> bytes:
    av = pytest.importorskip("av")
    with io.BytesIO() as file:
        with av.open(file, mode="w", format=container) as out:
            stream = out.add_stream(codec, rate=sr, layout=layout)
            frame = av.AudioFrame.from_ndarray(y[None, :].astype(np.float32), format="flt", layout="mono")
            frame.sample_rate = sr
            for part in av.AudioResampler(format=stream.format, layout=layout, rate=sr).resample(frame):
                out.mux(stream.encode(part))
            out.mux(stream.encode(None))
        return file.getvalue()


def test_the_presets_are_read_once_for_all_recordings(monkeypatch: pytest.MonkeyPatch) -> None:
    tone = 0.5 * np.sin(np.arange(4000) / 3)
    expected = load_audio(tone)
    monkeypatch.setattr(Config, "load", None)
    assert np.array_equal(load_audio(tone), expected)


@pytest.mark.parametrize("container", ["mp4", "ipod", "mov", "adts", "matroska"])
def test_m4a_and_its_like_agree_with_the_original(container: str) -> None:
    t = np.arange(16000) / 16000
    tone = (0.5 * np.sin(2 * np.pi * 440 * t) * np.sin(np.pi * t)).astype(np.float32)
    found = load_audio(encode_media(container, "aac", tone, 16000))
    expected = load_audio(tone, sr=16000)
    lag = int(np.argmax(np.correlate(found, expected[1000:7000], "valid"))) - 1000
    assert 0 <= lag <= 1200  # what the encoder puts in front
    n = min(found.size - lag, expected.size)
    assert n > 7900
    error = found[lag : lag + n] - expected[:n]
    assert np.sqrt(np.mean(error**2)) < 0.02 * np.sqrt(np.mean(expected**2))


def encode_packets(container: str, codec: str, *, left_out: range = range(0), picture: float = 0.0) -> bytes:
    """Ten seconds of noise; packets are left out as a browser leaves out silence, and a picture goes on after it."""
    av = pytest.importorskip("av")
    noise = np.random.default_rng(0).normal(scale=0.1, size=(1, 480_000)).astype(np.float32)
    with io.BytesIO() as file:
        with av.open(file, mode="w", format=container) as out:
            stream = out.add_stream(codec, rate=48000, layout="mono")
            film: Any = out.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p") if picture else None
            frame = av.AudioFrame.from_ndarray(noise, format="flt", layout="mono")
            frame.sample_rate = 48000
            parts = av.AudioResampler(format=stream.format, layout="mono", rate=48000).resample(frame)
            packets = [packet for part in [*parts, None] for packet in stream.encode(part)]
            for i, packet in enumerate(packets):
                packet.time_base, packet.duration = Fraction(1, 48000), 480_000 // len(packets)
                packet.pts = packet.dts = i * packet.duration
                if i not in left_out:
                    out.mux(packet)
            for _ in range(round(10 * picture)):
                out.mux(film.encode(av.VideoFrame(64, 64, "yuv420p")))
            out.mux(film.encode(None) if film else [])
        return file.getvalue()


MEDIA = pytest.mark.parametrize(("container", "codec"), [("webm", "libopus"), ("matroska", "aac"), ("mp4", "aac")])


@MEDIA
def test_whole_recordings_of_telephones_and_browsers_are_read(container: str, codec: str) -> None:
    assert load_audio(encode_packets(container, codec)).size == pytest.approx(80_000, abs=600)
    assert load_audio(encode_packets(container, codec, left_out=range(100, 300))).size < 80_000
    if container != "webm":  # which holds other pictures
        assert load_audio(encode_packets(container, codec, picture=15.0)).size == pytest.approx(80_000, abs=600)


@MEDIA
def test_a_recording_of_a_telephone_or_browser_that_was_cut_off_is_refused(container: str, codec: str) -> None:
    data = encode_packets(container, codec)
    reason = "not readable" if container == "mp4" else r"the header promises 10\.0 s, found [45]\.\d\. Copy"
    with pytest.raises(AudioError, match=reason):
        load_audio(data[: len(data) // 2])


def test_more_channels_than_eight_are_averaged() -> None:
    # PyAV crashed the process on planes beyond the eighth
    data = encode_media("matroska", "pcm_f32le", SIGNAL, 8000, layout="hexadecagonal")
    found = load_audio(data)
    assert found.shape == SIGNAL.shape
    share = np.dot(found, SIGNAL) / np.dot(SIGNAL, SIGNAL)
    np.testing.assert_allclose(found, share * SIGNAL, atol=1e-6)


def hide_av(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def refuse(name: str, package: str | None = None) -> Any:
        if name == "av":
            raise ModuleNotFoundError("No module named 'av'", name="av")
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", refuse)


def test_without_av_the_sentence_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hide_av(monkeypatch)
    for name, advice in (("a.m4a", r'for \.m4a files: pip install "speechrnn\[media\]"'), ("a.wav", "Convert it")):
        (tmp_path / name).write_bytes(b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(100))
        with pytest.raises(AudioError, match=advice) as caught:
            load_audio(tmp_path / name)
        assert isinstance(caught.value.__cause__, MissingExtraError)


def test_a_playlist_opens_nothing(tmp_path: Path) -> None:
    clip = tmp_path / "clip.wav"
    clip.write_bytes(encode("WAV"))
    lists = {
        "a.wav": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n",
        "a.m4a": f"ffconcat version 1.0\nfile '{clip}'\n",
        "a.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(AudioError, match="not readable as audio"):
            load_audio(tmp_path / name)


# -- what is refused


def with_rate(sr: int) -> bytes:
    data = bytearray(encode("WAV"))
    data[24:28] = struct.pack("<I", sr)
    return bytes(data)


def with_value(value: float) -> bytes:
    y = SIGNAL.copy()
    y[[3, 5]] = value
    return encode("WAV", "FLOAT", y=y)


def silence(peak: float) -> Array:
    y = np.zeros(8000, np.float32)
    y[4000] = peak
    return y


REFUSED_FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "no bytes": (lambda: b"", "empty: the file has no bytes"),
    "one byte": (lambda: b"R", "not readable as audio"),
    "text": (lambda: b"This is no recording.\n" * 50, "not readable as audio"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(500), "not readable as audio"),
    "no samples": (lambda: encode("WAV", y=SIGNAL[:0]), "no samples at all"),
    "no samples, from a pipe": (lambda: encode("WAV", y=SIGNAL[:0])[:40] + bytes(4), "no samples at all"),
    "one sample": (lambda: encode("WAV", y=SIGNAL[2000:2001]), r"too short to hold a word: 0\.125 ms, needed 20"),
    "19 ms": (lambda: encode("WAV", y=SIGNAL[2000:2152]), "too short to hold a word: 19 ms, needed 20"),
    "digital silence": (lambda: encode("WAV", y=silence(0)), "digital silence, needed a peak of -60 dBFS"),
    "all but silent": (lambda: encode("WAV", y=silence(3e-4)), "peak -71 dBFS, needed -60"),
    "nan": (lambda: with_value(np.nan), "2 of 7000 samples are not finite"),
    "infinite": (lambda: with_value(-np.inf), "2 of 7000 samples are not finite"),
    "too loud once resampled": (
        lambda: encode("WAV", "FLOAT", 16000, 9.9e14 * np.sign(SIGNAL)),
        r"samples of 1\.\d+e\+15 times full scale at 8000 Hz, needed at most 1e\+15",
    ),
    "0 Hz": (lambda: with_rate(0), "not readable as audio|sample rate is 0"),
    "1 Hz": (lambda: with_rate(1), "sample rate is 1 Hz, needed 1000 to 768000"),
    "1 MHz": (lambda: with_rate(1_000_000), "sample rate is 1000000 Hz"),
    "2 GHz": (lambda: with_rate(2_000_000_000), "sample rate is 2000000000 Hz"),
    "30.1 s": (
        lambda: encode("FLAC", y=np.ones(30 * 8000 + 800) * 0.5),
        r"too long for one word: 30\.1 s, needed .* 30",
    ),
}


@pytest.mark.parametrize("name", REFUSED_FILES)
def test_bad_files_are_refused_by_every_way_in(name: str, load: Callable[[bytes], Array]) -> None:
    make, reason = REFUSED_FILES[name]
    data = make()
    with pytest.raises(AudioError, match=reason):
        load(data)


REFUSED_ARRAYS = {
    "empty": (np.zeros(0), "no samples at all"),
    "no samples in two channels": (np.zeros((0, 2)), "no samples at all"),
    "no channels": (np.zeros((8000, 0)), r"shape \(8000, 0\), needed \(samples,\)"),
    "no axes": (np.array(0.5), r"shape \(\)"),
    "channels first": (
        np.zeros((2, 8000)),
        r"\(2, 8000\) has more channels than samples, needed \(samples, channels\)",
    ),
    "three axes": (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
    "complex": (SIGNAL.astype(complex), "an array of complex128, needed floats or integers"),
    "bool": (SIGNAL > 0, "an array of bool"),
    "objects": (SIGNAL.astype(object), "an array of object"),
    "text": (np.array(["a"] * 800), "an array of <U1"),
    "nan": (np.full(800, np.nan), "800 of 800 samples are not finite"),
    "infinite in stereo": (np.full((800, 2), [np.inf, -np.inf]), "800 of 800 samples are not finite"),
    "beyond float32": (np.full(800, 1e300), "800 of 800 samples are not finite"),
    "beyond float32 where it is squared": (np.full(800, -1e20), "800 of 800 samples are not finite"),
    "silent": (np.zeros(8000, np.int16), "digital silence"),
    "unsigned silence": (np.full(8000, 128, np.uint8), "digital silence"),
}


@pytest.mark.parametrize("name", REFUSED_ARRAYS)
def test_bad_arrays_are_refused(name: str) -> None:
    y, reason = REFUSED_ARRAYS[name]
    with pytest.raises(AudioError, match=reason):
        load_audio(y)


@pytest.mark.parametrize("sr", [0, -8000, 1, 999, 768_001, 10**12])
def test_a_rate_that_no_recorder_has_is_refused(sr: int) -> None:
    with pytest.raises(AudioError, match=f"sample rate is {sr} Hz"):
        load_audio(SIGNAL, sr=sr)


@pytest.mark.parametrize("sr", ["fast", None, np.array([1.0, 2.0])])
def test_a_rate_that_is_no_number_is_refused(sr: Any) -> None:
    with pytest.raises(AudioError, match=r"^sample rate is .*, needed a number from 1000 to 768000\."):
        prepare(Decoded(SIGNAL, sr), LIMITS)


@pytest.mark.parametrize("sr", [None, 8000])
@pytest.mark.parametrize("source", [5, None, [0.0, 0.5], bytearray(b"RIFF")])
def test_what_is_no_recording_is_refused(source: Any, sr: int | None) -> None:
    with pytest.raises(AudioError, match=f"a source of type {type(source).__name__}, needed a path, bytes"):
        load_audio(source, sr=sr)


def test_text_where_bytes_are_needed() -> None:
    with pytest.raises(AudioError, match='Open it with mode "rb"'):
        load_audio(io.StringIO("RIFF"))  # type: ignore[arg-type]
    with pytest.raises(AudioError, match='Open it with mode "rb"'):
        load_audio(io.TextIOWrapper(io.BytesIO(b"RIFF\xff")))  # type: ignore[arg-type]


def test_what_cannot_be_opened_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_audio(tmp_path / "none.wav")
    with pytest.raises(IsADirectoryError):
        load_audio(tmp_path)
    with pytest.raises(AudioError, match="no file name"):
        load_audio("a\0b.wav")


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "W64", "RF64"])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_refused(kind: str, share: float, tmp_path: Path) -> None:
    data = encode(kind, sr=16000, y=np.tile(SIGNAL, 4))
    path = tmp_path / f"a.{kind.lower()}"
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(AudioError):
        load_audio(path)


def test_ogg_takes_no_more_memory_than_it_holds(tmp_path: Path) -> None:
    """Its last page is looked at; the file is not read whole for that."""
    path = tmp_path / "a.ogg"
    path.write_bytes(encode("OGG", sr=16000, y=np.tile(SIGNAL, 4)))
    load_audio(path)
    tracemalloc.start()
    try:
        load_audio(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10e6


@pytest.mark.parametrize("kind", ["wav", "rf64", "flac"])
def test_two_hours_are_refused_from_the_header(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"long.{kind}"
    n = 2 * 3600 * 8000
    if kind == "wav":
        header = bytearray(encode("WAV", y=SIGNAL[:0])[:44])
        header[4:8], header[40:44] = struct.pack("<I", 2 * n + 36), struct.pack("<I", 2 * n)
        with path.open("wb") as file:
            file.write(header)
            file.truncate(44 + 2 * n)  # sparse
    else:
        with soundfile.SoundFile(path, "w", 8000, 1, "PCM_16", format=kind.upper()) as sound:
            for _ in range(8):
                sound.write(np.zeros(n // 8, np.int16))
    monkeypatch.setattr(soundfile.SoundFile, "read", None)  # nothing may be decoded
    with pytest.raises(AudioError, match=r"too long for one word: 7200\.0 s, needed at most 30"):
        load_audio(path)


def test_two_hours_without_a_length_are_not_read_to_their_end(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    header = bytearray(encode("WAV", y=SIGNAL[:0])[:44])
    for size in (0, 0xFFFFFFFF):
        header[4:8] = header[40:44] = struct.pack("<I", size)
        with path.open("wb") as file:
            file.write(header)
            file.truncate(44 + 2 * 2 * 3600 * 8000)
        with pytest.raises(AudioError, match="too long for one word"):
            load_audio(path)


class Decoder:
    """A file as libsndfile gives it: so many samples are promised, and come in pieces of these sizes."""

    samplerate = 8000

    def __init__(self, frames: int, *sizes: int) -> None:
        self.frames, self._sizes = frames, list(sizes)

    def read(self, asked: int, **_: object) -> Array:
        assert asked > 0
        return np.ones((min(asked, self._sizes.pop(0)) if self._sizes else 0, 1), np.float32)


@pytest.mark.parametrize(
    ("decoder", "n"),
    [
        (Decoder(5, 5), 5),
        (Decoder(5, 2, 3), 5),
        (Decoder(9, 4), 4),
        (Decoder(-1), 0),
        (Decoder(-1, 1, 1), 2),
        (Decoder(UNKNOWN_LENGTH, 70, 30, 9), 109),
        (Decoder(0), 0),
    ],
)
def test_what_comes_is_read_to_its_end_whatever_is_promised(decoder: Decoder, n: int) -> None:
    assert _read(decoder, 30.0).shape == (n,)


def test_limits_are_those_of_the_configuration() -> None:
    config = Config.load("default", {"audio.min_peak_db": -80.0, "audio.max_duration": 1.5}).audio
    assert prepare(Decoded(silence(3e-4), 8000), config).shape == (8000,)
    with pytest.raises(AudioError, match=r"1\.6 s, needed at most 1\.5"):
        prepare(Decoded(np.ones(12_800, np.float32), 8000), config)
    assert prepare(Decoded(np.ones(12_000, np.float32), 8000), config).shape == (12_000,)
    assert prepare(Decoded(SIGNAL[2000:2160], 8000), LIMITS).shape == (160,)


@pytest.mark.parametrize("sr", [1000, 7999, 8000, 8001, 11025, 44100, 192_000, 768_000])
def test_the_length_is_the_rounded_up_share(sr: int) -> None:
    for n in (6999, 7000):
        expected = librosa.resample(SIGNAL[:n], orig_sr=sr, target_sr=8000)
        np.testing.assert_array_equal(load_audio(SIGNAL[:n], sr=sr) if n / sr >= 0.02 else expected, expected)
