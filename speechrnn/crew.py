"""``train --distribute``: one training in several processes, on one machine or many, by Keras on JAX (extra ``jax``).

Every process holds the network and makes every batch; it computes the gradient of its own rows, and JAX averages over
all. What is learnt is what one process learns: the same clips, the same random draws, the same loss but for rounding.
So it is of single words: a training of strings is not divided, and `speechrnn.cli.crew` refuses it.
"""

import os
import re
from dataclasses import dataclass

from speechrnn.errors import TrainingError
from speechrnn.extras import require

_FORM = re.compile(r"(?P<index>\d+)/(?P<count>\d+)@(?P<address>[^@/]+:\d+)")


@dataclass(frozen=True, slots=True)
class Crew:
    """The processes of a training.

    Attributes
    ----------
    index : int
        Which of them this one is, from 0; the first one's model is kept.
    count : int
        How many there are.
    address : str
        Host and port at which the first one can be reached.
    """

    index: int
    count: int
    address: str


def parse_crew(text: str) -> Crew:
    """Read what was typed behind ``--distribute``.

    Parameters
    ----------
    text : str
        ``INDEX/COUNT@HOST:PORT``.

    Returns
    -------
    Crew
        The processes.

    Raises
    ------
    TrainingError
        It has another form.

    Examples
    --------
    >>> parse_crew("0/2@127.0.0.1:9123")
    Crew(index=0, count=2, address='127.0.0.1:9123')
    """
    found = _FORM.fullmatch(text)
    if not found or not int(found["index"]) < int(found["count"]):
        raise TrainingError(
            f"--distribute {text}: needed INDEX/COUNT@HOST:PORT, such as 0/2@127.0.0.1:9123 for the first of two."
        )
    return Crew(int(found["index"]), int(found["count"]), found["address"])


def meet(crew: Crew) -> None:
    """Meet the other processes and tell Keras, which must not be imported yet; waits until all are there.

    Parameters
    ----------
    crew : Crew
        Who.

    Raises
    ------
    TrainingError
        Another backend of Keras was asked for, or they do not come.
    """
    if os.environ.setdefault("KERAS_BACKEND", "jax") != "jax":
        raise TrainingError(
            f"--distribute needs Keras on JAX, and KERAS_BACKEND is {os.environ['KERAS_BACKEND']}. Unset it."
        )
    os.environ.setdefault("JAX_CPU_COLLECTIVES_IMPLEMENTATION", "gloo")
    jax = require("jax", extra="jax", purpose="--distribute")
    try:
        jax.distributed.initialize(crew.address, crew.count, crew.index)
    except (RuntimeError, ValueError) as error:
        first = next(iter(str(error).splitlines()), "no reason given")[:300]
        raise TrainingError(
            f"the {crew.count} processes did not meet at {crew.address} ({first}). Start all of them within five "
            "minutes, and check that the port is free and reachable."
        ) from error
    keras = require("keras", extra="train", purpose="training")
    # each process cuts its own rows out: speechrnn.training.distribution
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
