"""Adaptation to a task: where it starts, its gradient steps, and how it goes wrong."""
