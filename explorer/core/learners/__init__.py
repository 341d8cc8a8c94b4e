"""The learners: one short file each, saying what its meta-gradient is and how it adapts.

A further learner is a file with a `meta_gradient` and a line in `LEARNERS`.
"""

from explorer.core.learners.anil import ANIL
from explorer.core.learners.averaged import AVERAGED, AVERAGED_L2
from explorer.core.learners.base import InnerLoop, Learner
from explorer.core.learners.boil import BOIL
from explorer.core.learners.cavia import CAVIA
from explorer.core.learners.first_order import FIRST_ORDER
from explorer.core.learners.implicit import IMPLICIT
from explorer.core.learners.joint import ORACLE, PRETRAINED
from explorer.core.learners.layer_rates import LAYER_RATES
from explorer.core.learners.maml import MAML
from explorer.core.learners.meta_curvature import META_CURVATURE
from explorer.core.learners.meta_sgd import META_SGD
from explorer.core.learners.pulled import PULLED
from explorer.core.learners.reptile import REPTILE
from explorer.core.learners.ridge import RIDGE
from explorer.core.learners.step_rates import STEP_RATES

LEARNERS: dict[str, Learner] = {
    learner.name: learner
    for learner in (
        MAML,
        PRETRAINED,
        FIRST_ORDER,
        ANIL,
        BOIL,
        META_SGD,
        LAYER_RATES,
        STEP_RATES,
        META_CURVATURE,
        IMPLICIT,
        RIDGE,
        REPTILE,
        CAVIA,
        ORACLE,
        AVERAGED,
        AVERAGED_L2,
        PULLED,
    )
}

RANDOM, UNTRAINED = "random", "Untrained"  # role and label of the network that has not trained

__all__ = [
    "FIRST_ORDER",
    "LEARNERS",
    "MAML",
    "ORACLE",
    "PRETRAINED",
    "RANDOM",
    "UNTRAINED",
    "InnerLoop",
    "Learner",
]
