"""What a training from a model must not forget: what that model answers to voices other than the user's."""

from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np

from speechrnn.training.feed import Batch
from speechrnn.training.weights import freeze_copy


def keep_answers(network: keras.Model, share: float) -> Callable[[Batch], Batch]:
    """Learn without forgetting (Li and Hoiem 2016): for what is not the user's, ask the network as it is now.

    Parameters
    ----------
    network : keras.Model
        From `speechrnn.training.network.build_network`; what it learns later changes nothing here.
    share : float
        Of what is taught is what it answers, from 0 to 1; the rest are the labels.

    Returns
    -------
    callable
        From a batch to one whose targets, and what `known` should be, are such a mean; those of the user's own clips
        stay as they are.
    """
    if not share:
        return lambda batch: batch
    teacher = freeze_copy(network)

    def teach(batch: Batch) -> Batch:
        answers = teacher.predict_on_batch(batch.inputs)
        probabilities, known = answers if len(teacher.outputs) > 1 else (answers, batch.known[:, None])
        shares = np.where(batch.own, 0.0, share).astype(np.float32)
        # of what is no label the probabilities are not asked
        of_labels = (shares * batch.labelled)[:, None]
        return replace(
            batch,
            targets=(1 - of_labels) * batch.targets + of_labels * probabilities,
            known=(1 - shares) * batch.known + shares * known[:, 0],
        )

    return teach
