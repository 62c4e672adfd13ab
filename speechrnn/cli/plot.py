"""``speechrnn plot``: one recording as a model meets it."""

from pathlib import Path
from typing import Annotated

import typer

from speechrnn.cli import options


def plot(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="A recording of one word.")],
    *,
    model: options.Model = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PNG", help="The picture; without it FILE's name with .png, in this folder."),
    ] = None,
    force: options.Force = False,
) -> None:
    """Draw a recording as the model meets it (extra plot).

    Waveform with trim bounds, MFCC, probabilities; prints the path of the picture.
    """
    from dataclasses import replace

    from speechrnn.bundle import read_bundle
    from speechrnn.engine import OnnxEngine
    from speechrnn.errors import AudioError, SpeechRNNError
    from speechrnn.places import find_model
    from speechrnn.plots import Features, plot_clip
    from speechrnn.recognizer import Recognizer
    from speechrnn.storage import write_bytes
    from speechrnn.text import printable

    place = out or Path(f"{file.stem}.png")
    if place.is_dir():
        raise SpeechRNNError(f"{printable(place)}: is a folder, needed the name of a file for the picture.")
    if place.suffix.lower() != ".png":
        raise SpeechRNNError(f"{printable(place)}: a picture is a PNG, needed a name that ends in .png.")
    if place.exists() and file.exists() and place.samefile(file):
        raise SpeechRNNError(f"{printable(place)}: is the recording itself. Choose another name with --out.")
    if place.exists() and not force:
        raise SpeechRNNError(
            f"{printable(place)}: exists already. Choose another name with --out, or replace it with --force."
        )
    bundle = read_bundle(find_model(model))
    if model is None:
        typer.echo(f"model: {bundle.path}", err=True)
    engine = OnnxEngine(bundle)
    recognizer = Recognizer(bundle, engine)
    try:
        y = recognizer.load_audio(file)
    except AudioError as error:
        raise AudioError(f"{printable(file)}: {error}") from error
    hop_length = bundle.config.features.hop_length
    [prediction] = recognizer.predict_batch([y])
    picture = plot_clip(
        y,
        bundle.metadata.sample_rate,
        Features(engine.mfcc(y, hop_length), hop_length),
        replace(prediction, path=str(file)),
        model=bundle.path.name,
    )
    write_bytes(place, picture)
    typer.echo(printable(place))
