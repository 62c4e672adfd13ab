"""What was said in a recording: digits, one after the other, with their times."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """One digit of a string.

    Attributes
    ----------
    label : str
        Which.
    start, end : float
        About where it lies, in seconds.
    probability : float
        How sure the network is of it, 0 to 1.
    """

    label: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in one recording; `dataclasses.asdict` of it is the JSON of the command line.

    Attributes
    ----------
    path : str or None
        The file, where there is one.
    digits : str or None
        All that was said, in order; empty where nothing was, None where the recording could not be read.
    segments : tuple of Segment
        The same, one by one.
    error : str or None
        Why the recording could not be read.
    """

    path: str | None
    digits: str | None
    segments: tuple[Segment, ...]
    error: str | None = None
