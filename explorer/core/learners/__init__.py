"""The learners: one short file each, saying only what its meta-gradient is.

A further learner is a file with a `meta_gradient` and a line in `LEARNERS`.
"""

from explorer.core.learners.base import Batch, InnerLoop, Learner
from explorer.core.learners.maml import MAML
from explorer.core.learners.pretrained import PRETRAINED

LEARNERS = {learner.name: learner for learner in (MAML, PRETRAINED)}

__all__ = ["LEARNERS", "MAML", "PRETRAINED", "Batch", "InnerLoop", "Learner"]
