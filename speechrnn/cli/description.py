"""What ``info`` says of a bundle."""

import json
from collections.abc import Iterator

import msgspec

from speechrnn.bundle import Bundle
from speechrnn.config import Config, NetworkConfig
from speechrnn.markup import percent
from speechrnn.metadata import METADATA, Heard
from speechrnn.text import count, printable

MAX_NAMES = 20


def describe_bundle(bundle: Bundle) -> str:
    """Describe a bundle in lines of name and value.

    Parameters
    ----------
    bundle : Bundle
        Verified.

    Returns
    -------
    str
        Without a newline at the end.
    """
    rows = list(_rows(bundle))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {printable(value)}" for name, value in rows)


def dump_bundle(bundle: Bundle) -> str:
    """Give path, labels and metadata of a bundle as one line of JSON.

    Parameters
    ----------
    bundle : Bundle
        Verified.

    Returns
    -------
    str
        A JSON object.
    """
    metadata = msgspec.to_builtins(bundle.metadata)
    return json.dumps({"path": str(bundle.path), "labels": list(bundle.labels), **metadata})


def describe_network(network: NetworkConfig) -> str:
    """Describe the layers of a network in a line.

    Parameters
    ----------
    network : NetworkConfig
        The layers.

    Returns
    -------
    str
        In the order in which a clip passes them.

    Examples
    --------
    >>> describe_network(Config.load("tutorial").network)
    'LSTM(50) -> last -> softmax'
    """
    layers = [
        f"Conv({conv.filters}, {conv.kernel_size}{f', stride {conv.stride}' if conv.stride > 1 else ''})"
        for conv in network.conv
    ]
    if (cell := network.recurrent) is not None:
        name = f"{'bidirectional ' if cell.bidirectional else ''}{cell.cell.upper()}({cell.units})"
        layers += [name + (f" with {cell.activation}" if cell.activation != "tanh" else "")] * cell.layers
    layers += [
        network.pooling,
        *(f"dense({size})" for size in network.hidden),
        "softmax and known" if network.rejection else "softmax",
    ]
    return " -> ".join(layers)


def _rows(bundle: Bundle) -> Iterator[tuple[str, str]]:
    metadata, config = bundle.metadata, bundle.config
    yield "model", f"{bundle.path} (format {metadata.format_version}, kind {metadata.kind}, every file verified)"
    yield f"{len(bundle.labels)} labels", _enumerate(bundle.labels)
    yield "network", f"{describe_network(config.network)}, {metadata.n_parameters:,} parameters"
    yield "features", _describe_features(config)
    yield "threshold", f"{metadata.threshold:g}" + ("" if metadata.threshold else " (answers always)")
    if metadata.words:
        yield "second ear", f"the {metadata.words} that ship hear each digit once more, as a single word"
    if (set_on := metadata.calibration) is not None:
        heard = f"{count(set_on.n_clips, 'clip')}, {count(set_on.n_rejects, 'reject')}"
        accepted = (
            "" if set_on.false_accepts is None else f", at most {percent(set_on.false_accepts)} of rejects accepted"
        )
        yield "calibrated", f"on {set_on.source} ({heard}): temperature {set_on.temperature:.2f}{accepted}"
    for source in metadata.sources:
        licence = f", {source.licence}" if source.licence else ""
        yield "trained on", f"{source.name}: {source.n_clips} clips, layout {source.layout}{licence}"
    yield from _heard_rows(metadata.heard)
    yield "split", metadata.split
    training = config.training
    yield "training", f"at most {training.epochs} epochs, batches of {training.batch_size}, seed {training.seed}"
    yield "made with", ", ".join(f"{name} {version}" for name, version in metadata.versions.items())
    for name in (*sorted(metadata.sha256), METADATA):
        yield "file", f"{name} ({(bundle.path / name).stat().st_size:,} bytes)"


def _heard_rows(heard: Heard) -> Iterator[tuple[str, str]]:
    unnamed = f", {heard.unnamed} of them of unnamed speakers" if heard.unnamed else ""
    yield "heard", f"{heard.real or 'no'} real clips{unnamed}"
    for synthetic in heard.synthetic:
        made = f"{synthetic.n_clips} clips by {synthetic.engine}, seed {synthetic.seed}"
        yield "synthetic", f"from a corpus of {made}"
    yield "voices", f"{len(heard.speakers)}: {_enumerate(heard.speakers)}" if heard.speakers else "none known by name"


def _describe_features(config: Config) -> str:
    features, rate = config.features, config.audio.sample_rate
    return (
        f"{features.n_mfcc} MFCC of {features.n_mels} mel filters, {1000 * features.n_fft / rate:g} ms every "
        f"{1000 * features.hop_length / rate:g} ms at {rate} Hz, normalization {features.normalization}"
    )


def _enumerate(names: tuple[str, ...]) -> str:
    more = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
