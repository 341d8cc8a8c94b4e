"""State dicts as ``torch.save`` writes them, ``.pt`` or ``.pth``, read without running their code.

Such a file is a pickle, which could call any Python function. It is read with
``weights_only=True``, which builds tensors and plain containers and refuses all else.
"""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.core.base.errors import CheckpointError, EngineError
from explorer.core.base.lazy_torch import torch
from explorer.core.files.container import MAX_BYTES

if TYPE_CHECKING:
    from torch import Tensor

ZIPPED = b"PK\x03\x04"  # how files since PyTorch 1.6 begin, and how older ones do
UNZIPPED = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
NESTED = ("state_dict", "model_state_dict", "model", "net")  # where training scripts put weights
# What PyTorch says where a file wants more than weights; everything else is damage.
MORE_WANTED = ("GLOBAL", "TorchScript", "unrecognized function", "Can only build")
REMEDY = "save the network's state_dict() with torch.save and use that file"


def is_pickled(content: bytes) -> bool:
    """Whether a file's content is such as ``torch.save`` writes."""
    return content.startswith((ZIPPED, UNZIPPED))


def state_dict(path: Path, content: bytes) -> dict[str, Tensor]:
    """The tensors of a state dict, or of one under a name of `NESTED`; none is copied yet.

    Raises:
        CheckpointError: the content is damaged, too large, or not plain tensors under names.
    """
    found = _plain(path, _loaded(path, content))
    _check_storages(path, content, found.values())
    return found


def _loaded(path: Path, content: bytes) -> Any:
    try:
        if _unpacked_size(content) > MAX_BYTES:
            raise CheckpointError(
                f"{path} unpacks to more than {MAX_BYTES // 2**20} MiB: choose a small multilayer "
                "perceptron."
            )
        with warnings.catch_warnings(action="ignore"):  # of what is refused or made plain here
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (CheckpointError, EngineError):
        raise
    except (pickle.UnpicklingError, RuntimeError) as error:
        if any(sign in str(error) for sign in MORE_WANTED):
            raise CheckpointError(
                f"{path} needs Python code of its own, which this program never runs: {REMEDY}."
            ) from error
        raise _damaged(path) from error
    except Exception as error:  # a damaged pickle fails in every way there is
        raise _damaged(path) from error


def _unpacked_size(content: bytes) -> int:
    if not content.startswith(ZIPPED):
        return len(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path} is not a readable PyTorch file (damaged, cut short or of another kind): use "
        "another copy of it."
    )


def _plain(path: Path, found: Any) -> dict[str, Tensor]:
    if isinstance(found, Mapping):
        found = next((found[name] for name in NESTED if _is_mapping_at(found, name)), found)
    if not isinstance(found, Mapping):
        raise CheckpointError(f"{path} holds no tensors under names: {REMEDY}.")
    for name, value in found.items():
        if not isinstance(name, str) or not _is_plain_tensor(value):
            raise CheckpointError(
                f"{path} holds under {str(name)[:40]!r} what is no plain tensor: {REMEDY}."
            )
    return {name: value.detach() for name, value in found.items()}


def _is_mapping_at(found: Mapping[Any, Any], name: str) -> bool:
    return isinstance(found.get(name), Mapping)


def _is_plain_tensor(value: Any) -> bool:
    return (
        isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
        and not value.is_nested
    )


def _check_storages(path: Path, content: bytes, tensors: Iterable[Tensor]) -> None:
    """Refuse tensors that say they are larger than their file, beyond whose end lies anything.

    PyTorch itself looks only in its newer versions.
    """
    storages = [tensor.untyped_storage() for tensor in tensors]
    claimed = {storage.data_ptr(): storage.nbytes() for storage in storages}
    if sum(claimed.values()) > _unpacked_size(content):
        raise _damaged(path)
