"""The training network once more, in PyTorch alone: for `farm.py`, which trains many of them on one GPU.

Keras on PyTorch spends 50 ms of Python on a step and leaves out cuDNN under a mask; this one takes a tenth of that. It
holds the same weights under the names of `speechrnn.training.weights`, and `tests/test_farm.py` holds steps
together with Keras'. It knows what the two shipped models are made of, no more.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 -- as everybody calls it

from speechrnn.config import Config
from speechrnn.training.fitting import KNOWN_WEIGHT
from speechrnn.training.layers import FAR_BELOW, VARIANCE_FLOOR, same_padding

Arrays = Mapping[str, np.ndarray]

# of Keras' Adam
_EPSILON = 1e-7
# share of an ensemble's mean answers in the targets; the rest is what was said
DISTILLED = 0.7
_ROLES = {"kernel": "weight_ih_l0", "recurrent_kernel": "weight_hh_l0", "bias": "bias_ih_l0"}
_WAYS = ("forward", "backward")
_FIXED = ("standardization/", "calibration/")


class Heard(NamedTuple):
    """What a network of single words makes of a batch.

    Attributes
    ----------
    logits : torch.Tensor [shape=(batch, n_labels + 1)]
        Of the labels, and of none of them.
    pooled : torch.Tensor [shape=(batch, n_pooled)]
        What its last layer reads.
    frames : torch.Tensor [shape=(batch, n_frames, n)]
        What that is pooled from, or, of a mentor, embeddings.
    """

    logits: torch.Tensor
    pooled: torch.Tensor
    frames: torch.Tensor

    @property
    def odds(self) -> torch.Tensor:
        """That it is any label, as a logit (batch,)."""
        return self.logits[:, :-1].logsumexp(dim=1) - self.logits[:, -1]

    def loss(self, batch: Mapping[str, torch.Tensor], smoothing: float = 0.0) -> torch.Tensor:
        """Give how far it is from the truth: which label, where there is one, and whether there is one."""
        logits = self.logits[:, :-1]
        target = batch["labels"] * (1 - smoothing) + smoothing / logits.shape[1]
        labels = -(target * F.log_softmax(logits, dim=1)).sum(dim=1) * batch["labelled"]
        known = F.binary_cross_entropy_with_logits(self.odds, batch["known"], reduction="none")
        return labels.mean() + KNOWN_WEIGHT * known.mean()


class Twin(nn.Module):  # type: ignore[misc]  # without torch there are no types
    """A network as `speechrnn.training.network.build_network` describes it, with the weights of one.

    Parameters
    ----------
    config : Config
        With ``features.normalization: both`` and ``network.pooling`` ``attention_max`` or ``none``.
    arrays : mapping of str to np.ndarray
        From `speechrnn.training.weights.get_weights`.
    """

    def __init__(self, config: Config, arrays: Arrays) -> None:
        super().__init__()
        network = config.network
        if (config.features.normalization, network.pooling) not in (("both", "attention_max"), ("both", "none")):
            raise ValueError("this network is neither of those that ship")
        self.names = list(arrays)
        self.strides = [conv.stride for conv in network.conv]
        self.dropout, self.pooled = network.dropout, network.pooling != "none"
        self.smoothing, self.n_mfcc = config.training.label_smoothing, config.features.n_mfcc
        self.fixed = {name: torch.tensor(arrays[name]) for name in arrays if name.startswith(_FIXED)}
        self.lstms = nn.ModuleList()
        for i in range(network.recurrent.layers if network.recurrent else 0):
            n, units = arrays[f"recurrent_{i}/forward/kernel"].shape
            # one way each, over padded rows: packed ones cost a launch for each frame
            ways = nn.ModuleList(nn.LSTM(n, units // 4, batch_first=True) for _ in _WAYS)
            for lstm in ways:
                lstm.bias_hh_l0.data.zero_()
                # Keras has one bias: two would learn twice as fast
                lstm.bias_hh_l0.requires_grad_(requires_grad=False)
            self.lstms.append(ways)
        self.plain = nn.ParameterDict()
        for name, array in arrays.items():
            if name.startswith("recurrent_"):
                parameter = self._recurrent(name)
                parameter.data.copy_(torch.tensor(array.T))
            elif not name.startswith(_FIXED):
                self.plain[_key(name)] = nn.Parameter(torch.tensor(_turn(name, array)))

    def _recurrent(self, name: str) -> nn.Parameter:
        layer, way, role = name.split("/")
        found: nn.Parameter = getattr(self.lstms[int(layer.removeprefix("recurrent_"))][_WAYS.index(way)], _ROLES[role])
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        """Give the weights back, by the same names and in the same shapes."""
        given = {}
        for name in self.names:
            if name in self.fixed:
                given[name] = self.fixed[name].cpu().numpy()
            elif name.startswith("recurrent_"):
                given[name] = self._recurrent(name).detach().cpu().numpy().T.copy()
            else:
                given[name] = _turn(name, self.plain[_key(name)].detach().cpu().numpy()).copy()
        return given

    def to(self, device: torch.device) -> "Twin":
        """Move everything."""
        self.fixed = {name: array.to(device) for name, array in self.fixed.items()}
        moved: Twin = super().to(device)
        return moved

    def _take(self, name: str) -> torch.Tensor:
        return self.plain[_key(name)]

    def frames(self, features: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """From (batch, frames, n_mfcc) to the last recurrent layer's frames, their mask, and their numbers (CPU)."""
        # what lies beside the coefficients is for another network
        features = features[:, :, : self.n_mfcc]
        index = torch.arange(features.shape[1], device=features.device)
        mask = (index < lengths.to(features.device)[:, None]).float()[:, :, None]
        n = mask.sum(dim=1, keepdim=True)
        x = features - (features * mask).sum(dim=1, keepdim=True) / n
        x = x / torch.sqrt((x * x * mask).sum(dim=1, keepdim=True) / n + VARIANCE_FLOOR)
        loudest = (features[:, :, :1] + (1 - mask) * FAR_BELOW).amax(dim=1, keepdim=True)
        x = torch.cat([x, features[:, :, :1] - loudest, features[:, :, 1:]], dim=2)
        if "standardization/mean" in self.fixed:
            x = (x - self.fixed["standardization/mean"]) / self.fixed["standardization/deviation"]
        for i, stride in enumerate(self.strides):
            kernel = self._take(f"conv_{i}/kernel")
            x = F.pad((x * mask).transpose(1, 2), same_padding(kernel.shape[2]))
            x = F.relu(F.conv1d(x, kernel, self._take(f"conv_{i}/bias"), stride)).transpose(1, 2)
            mask, lengths = mask[:, ::stride], (lengths + stride - 1) // stride
            x = F.dropout(x, self.dropout, self.training)
        turned = _turned(lengths.to(x.device), x.shape[1])
        for onward, back in self.lstms:
            # what comes after a row's end changes nothing before it
            ways = onward(x)[0], _along(back(_along(x, turned))[0], turned)
            x = torch.cat(ways, dim=2) * mask
            x = F.dropout(x, self.dropout, self.training)
        return x, mask, lengths

    def loss(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Give the loss that Keras would have: mean over the batch."""
        if not self.pooled:
            return self.spell(batch)[0]
        return self.hear(batch).loss(batch, self.smoothing)

    def spell(self, batch: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Hear strings: how far they are from what was said, and the frames that say so (batch, n_frames, n)."""
        x, _, lengths = self.frames(batch["mfcc"], batch["n_frames"].cpu())
        scores = F.log_softmax(self._dense("output", x), dim=2).transpose(0, 1)
        losses = F.ctc_loss(scores, batch["targets"], lengths, batch["n_targets"].cpu(), reduction="none")
        return losses.mean(), x

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def answers(self, batch: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Give what a model of single words says: probabilities of labels (batch, n), and that it is one (batch,)."""
        heard = self.hear(batch)
        return torch.softmax(heard.logits[:, :-1], dim=1), torch.sigmoid(heard.odds)

    def hear(self, batch: Mapping[str, torch.Tensor]) -> Heard:
        """Hear single words."""
        x, mask, _ = self.frames(batch["mfcc"], batch["n_frames"].cpu())
        hidden = torch.tanh(x @ self._take("attention/kernel") + self._take("attention/bias"))
        outside = (1 - mask) * FAR_BELOW
        share = torch.softmax(hidden @ self._take("attention/query") + outside, dim=1)
        both = torch.cat([(share * x).sum(dim=1), (x + outside).amax(dim=1)], dim=1)
        return Heard(torch.cat([self._dense("output", both), self._dense("unknown", both)], dim=1), both, x)

    def _dense(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self._take(f"{name}/kernel"), self._take(f"{name}/bias"))


def _turned(lengths: torch.Tensor, width: int) -> torch.Tensor:
    """Where each frame of a row comes from when the row is turned round and its padding stays: (batch, width)."""
    index = torch.arange(width, device=lengths.device)[None, :]
    return torch.where(index < lengths[:, None], lengths[:, None] - 1 - index, index)


def _along(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Take frames of (batch, width, n) by an index (batch, width)."""
    return x.gather(1, index[:, :, None].expand(-1, -1, x.shape[2]))


def _key(name: str) -> str:
    return name.replace("/", "__")


def _turn(name: str, array: np.ndarray) -> np.ndarray:
    """Keras' axes to PyTorch's or back: (width, in, out) and (out, in, width) are each other's mirror."""
    if name.startswith("attention/") or not name.endswith("kernel"):
        return array
    return np.ascontiguousarray(array.T)


class Teacher:
    """Adam with a cosine schedule, each gradient clipped by its own norm, as `speechrnn.training.fitting` has it.

    Whoever learns has a `loss` of a batch. With an ensemble the targets are mostly its mean answers (Hinton et al.
    2015).
    """

    def __init__(self, learner: nn.Module, config: Config, n_steps: int, ensemble: Sequence[Twin] = ()) -> None:
        self._learner, self._training, self._ensemble = learner, config.training, ensemble
        self._parameters = [p for p in learner.parameters() if p.requires_grad]
        self._adam = torch.optim.Adam(self._parameters, fused=self._parameters[0].is_cuda)
        self._n_steps, self._done = n_steps * config.training.epochs, 0

    def shorten(self, n_steps: int) -> None:
        """End the schedule after so many steps in all."""
        self._n_steps = n_steps

    def learn(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Take one step; gives the loss before it."""
        training = self._training
        rate = training.learning_rate
        if training.schedule == "cosine":
            along = min(1.0, self._done / self._n_steps)
            rate *= (1 - training.final_rate) * 0.5 * (1 + math.cos(math.pi * along)) + training.final_rate
        for group in self._adam.param_groups:
            # Keras adds its epsilon before the second moment is corrected for its beginning at zero, PyTorch after it
            group["lr"], group["eps"] = rate, _EPSILON / math.sqrt(1 - group["betas"][1] ** (self._done + 1))
        self._adam.zero_grad(set_to_none=True)
        loss = self._learner.loss(self._distilled(batch) if self._ensemble else batch)
        loss.backward()
        if training.clip_norm:
            gradients = [p.grad for p in self._parameters]
            norms = torch._foreach_norm(gradients)  # noqa: SLF001 -- one launch for all
            most = training.clip_norm
            torch._foreach_mul_(gradients, [most / norm.clamp(min=most) for norm in norms])
        self._adam.step()
        self._done += 1
        return loss.detach()

    def _distilled(self, batch: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        labels, known = (sum(one) / len(one) for one in zip(*(m.answers(batch) for m in self._ensemble), strict=True))
        mixed = {"labels": labels, "known": known}
        return {**batch, **{name: torch.lerp(batch[name], one, DISTILLED) for name, one in mixed.items()}}
