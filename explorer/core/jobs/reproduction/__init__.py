"""The sine experiment of the MAML paper (arXiv 1703.03400), section 5.1 and appendix, as jobs.

`ITEMS` names the figures and the table that can be had; each has a job, a generator of
`explorer.core.figures.figure.JobProgress`. Nothing here imports torch before a job begins.
"""

from explorer.core.jobs.reproduction.items import ITEMS, Item
from explorer.core.jobs.reproduction.plan import FULL, QUICK, Plan, Scale, standard_store

__all__ = ["FULL", "ITEMS", "QUICK", "Item", "Plan", "Scale", "standard_store"]
