"""Checkpoints: runs and networks on disk."""
