"""MAML Explorer: see model-agnostic meta-learning (arXiv 1703.03400) work."""

__version__ = "0.1.0"
