"""What is background in a stream and what is sound: power against the least power of the last seconds."""

from collections import deque
from dataclasses import dataclass

import numpy as np

# frames over which power is averaged: a pitch period of a deep voice is longer than one
_SMOOTH = 3
# the floor is kept as so many least values of equally many frames
_PARTS = 20


@dataclass(frozen=True, slots=True)
class SegmentOptions:
    """How an utterance is told from the background; times in seconds, levels in dB.

    Attributes
    ----------
    threshold_db : float
        So far above the floor is sound.
    hangover : float
        So long a silence ends an utterance.
    lead, tail : float
        What is kept before the first and after the last sound.
    longest : float
        What goes on longer is cut at its quietest place.
    memory : float
        The floor is the least power of so long a time.
    settling : float
        So long after the start the floor is not known yet: what is within `settling_db` of the loudest is sound.
    settling_db : float
        See `settling`.
    range_db : float
        What lies so far below the loudest of late is background. The loudest is forgotten at 20 dB a second.
    quiet_db : float
        No floor is below this, in dB of full scale.
    """

    threshold_db: float = 7.0
    hangover: float = 0.18
    lead: float = 0.2
    tail: float = 0.12
    longest: float = 8.0
    memory: float = 4.0
    settling: float = 1.0
    settling_db: float = 15.0
    range_db: float = 30.0
    quiet_db: float = -80.0


class Band:
    """The background of one band of a stream, and whether a frame stands out from it.

    Parameters
    ----------
    options : SegmentOptions
        How far it must.
    frame : float
        From one frame to the next, in seconds.

    Examples
    --------
    Noise is sound as long as nobody knows that it is noise:

    >>> band = Band(SegmentOptions(), frame=0.01)
    >>> noise = [band.sounds(1e-4) for _ in range(200)]
    >>> noise[0], noise[-1], band.sounds(1e-2)
    (True, False, True)
    """

    def __init__(self, options: SegmentOptions, frame: float) -> None:
        self._quiet = 10 ** (options.quiet_db / 10)
        self._factor = 10 ** (options.threshold_db / 10)
        self._settling, self._settling_factor = round(options.settling / frame), 10 ** (-options.settling_db / 10)
        self._range, self._fading = 10 ** (-options.range_db / 10), 10 ** (-20 * frame / 10)
        self._part = max(1, round(options.memory / frame / _PARTS))
        self._last: deque[float] = deque([0.0] * _SMOOTH, maxlen=_SMOOTH)
        self._parts: deque[float] = deque(maxlen=_PARTS)
        self._floor = self._least = np.inf
        self._loudest = 0.0
        self._n = 0
        self.power = 0.0

    def sounds(self, power: float) -> bool:
        """Take the next frame.

        Parameters
        ----------
        power : float
            Its mean square.

        Returns
        -------
        bool
            Whether it counts as sound.
        """
        self._last.append(power)
        self.power = power = max(sum(self._last) / min(self._n + 1, _SMOOTH), self._quiet)
        self._n += 1
        self._least = min(self._least, power)
        floor = min(self._floor, self._least)
        self._loudest = max(self._loudest * self._fading, power)
        if self._n <= self._settling:
            floor = min(floor, self._loudest * self._settling_factor)
        if self._n % self._part == 0:
            self._parts.append(self._least)
            self._floor, self._least = min(self._parts), np.inf
        return power > max(max(floor, self._quiet) * self._factor, self._loudest * self._range)
