"""torch.func: `grad` for the inner step, `vmap` over tasks, one backward pass for all of them."""

from collections.abc import Mapping

from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn.functional import mse_loss

from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from tests.benchmarks.peers.torch_peer import TorchPeer

Parameters = Mapping[str, Tensor]


class TorchFuncPeer(TorchPeer):
    """MAML in torch.func."""

    def loss(self, parameters: Parameters, x: Tensor, y: Tensor) -> Tensor:
        """Mean squared error of one task."""
        return mse_loss(functional_call(self.net, dict(parameters), (x,)), y)

    def adapted_loss(self, parameters: Parameters, *points: Tensor) -> Tensor:
        """Query loss of one task after the inner steps."""
        support_x, support_y, query_x, query_y = points
        for _ in range(self.settings.inner_steps):
            gradient = grad(self.loss)(parameters, support_x, support_y)
            parameters = {n: p - self.settings.alpha * gradient[n] for n, p in parameters.items()}
        return self.loss(parameters, query_x, query_y)

    def backward(self, batch: Batch) -> None:
        """See `TorchPeer`."""
        parameters = dict(self.net.named_parameters())
        vmap(self.adapted_loss, (None, 0, 0, 0, 0))(parameters, *batch[:4]).mean().backward()


def make(settings: Settings) -> TorchFuncPeer:
    """See the package."""
    return TorchFuncPeer(settings)
