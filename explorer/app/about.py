"""What the program is and which versions it runs on."""

import platform

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

import explorer
from explorer.core.base.lazy_torch import torch
from explorer.panels.widgets.controls import button, label


def version_lines() -> list[str]:
    """Versions of everything that matters, one per line."""
    return [
        f"MAML Explorer {explorer.__version__}",
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        f"PyTorch {torch.__version__}, NumPy {np.__version__}",
        f"Qt {qVersion()}, pyqtgraph {pg.__version__}",
    ]


class AboutDialog(QDialog):
    """A small window that does not stop the others."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About MAML Explorer")
        self.setModal(False)
        name, *rest = version_lines()
        self.versions = label("\n".join(rest), "muted")
        self.versions.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        purpose = label(
            "See model-agnostic meta-learning work on functions of one input.\n\n"
            "C. Finn, P. Abbeel, S. Levine: Model-Agnostic Meta-Learning for Fast Adaptation of "
            "Deep Networks. ICML 2017, arXiv 1703.03400.",
            wrap=True,
        )
        done = button("Close", "Close this window (Esc)")
        done.clicked.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 14)
        layout.setSpacing(12)
        layout.addWidget(label(name, "heading"))
        layout.addWidget(purpose)
        layout.addWidget(self.versions)
        layout.addWidget(label("MIT licence", "muted"))
        layout.addWidget(done, 0, Qt.AlignmentFlag.AlignRight)
        self.setMinimumWidth(440)
