"""The weights of a file of either kind, safetensors or PyTorch's own, and its metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from explorer.core.base.errors import CheckpointError, EngineError
from explorer.core.base.lazy_torch import safetensors_torch, torch
from explorer.core.files.container import metadata_of, read
from explorer.core.files.header import DESCRIPTION_KEY
from explorer.core.files.pickled import is_pickled, state_dict
from explorer.core.files.tensor_names import as_sequential
from explorer.core.network.mlp import Network, from_state_dict, parameter_count, sizes_of

if TYPE_CHECKING:
    from torch import Tensor

MAX_PARAMETERS = 2_000_000


@dataclass(frozen=True, eq=False)
class Weights:
    """What a file holds.

    Attributes:
        theta: θ in float32, ``(P,)``, all of it finite.
        sizes: units of each layer from input to output.
        metadata: the rest as text.
    """

    theta: Tensor
    sizes: list[int]
    metadata: Mapping[str, str]

    @property
    def are_bare(self) -> bool:
        """Whether the file says nothing of them."""
        return DESCRIPTION_KEY not in self.metadata


def read_weights(path: Path) -> Weights:
    """Read and check the weights of a file.

    Raises:
        CheckpointError: the file is missing, damaged or of another kind, or its weights are not
            those of a multilayer perceptron, too many or not finite.
    """
    tensors, metadata = _read(path)
    if DESCRIPTION_KEY not in metadata:
        tensors = as_sequential(tensors)
    try:
        sizes = sizes_of({name: list(tensor.shape) for name, tensor in tensors.items()})
        _check_size(path, sizes)  # before anything is copied: tensors may say that they are huge
        theta, _ = from_state_dict(tensors)
    except CheckpointError:
        raise
    except (ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} is not a checkpoint of a network of this kind: {error}."
        ) from error
    if not torch.isfinite(theta).all():
        raise CheckpointError(
            f"{path} holds weights that are not finite (NaN or infinite): use a checkpoint from "
            "before its training diverged."
        )
    return Weights(theta, sizes, metadata)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    content = read(path)
    if is_pickled(content):
        return state_dict(path, content), {}
    try:
        return safetensors_torch.load(content), metadata_of(content)
    except EngineError:
        raise
    except (SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"{path} is not a readable safetensors or PyTorch file (damaged, cut short or of "
            "another kind): use another copy of it."
        ) from error


def _check_size(path: Path, sizes: list[int]) -> None:
    count = parameter_count(Network(sizes, tanh=False))
    if count > MAX_PARAMETERS:
        raise CheckpointError(
            f"{path} holds {count} parameters, more than the {MAX_PARAMETERS} this program "
            "handles: choose a smaller network."
        )
