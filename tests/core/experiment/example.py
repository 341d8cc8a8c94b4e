"""An experiment that is not the paper's in any setting."""

from explorer.core.base.fields import Range
from explorer.core.experiment.settings import Settings

OTHER = Settings(
    amplitude=Range(1.0, 2.0),
    phase=Range(-1.0, 1.5),
    x=Range(0.0, 3.0),
    noise=0.25,
    shots=7,
    query=3,
    inner_steps=2,
    alpha=0.125,
    meta_batch=4,
    beta=0.01,
    iterations=123,
    seed=99,
    hidden=(8, 16, 4),
    activation="tanh",
    judged_on="support",
    reduction="sum",
    outer_loss="every",
    initialisation="glorot",
    pretrain_on="support",
    reptile_steps=3,
    context=2,
    context_alpha=0.5,
    implicit_pull=3.0,
    implicit_alpha=0.002,
    implicit_steps=4,
    implicit_products=2,
    ridge_penalty=0.2,
    networks=7,
    penalty=0.1,
    averaged_start="shared",
)
