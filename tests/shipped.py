"""Which networks come with the program."""

from explorer.core.learners import LEARNERS
from explorer.state.competitors import ROLES

SHIPPED = tuple(name for name in LEARNERS if name != "imaml")  # resources/README.md says why
# The roles that the sandbox can show before anything is trained.
PRESENT = tuple(role for role in ROLES if role not in LEARNERS or role in SHIPPED)
