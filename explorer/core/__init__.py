"""The meta-learning engine: no Qt, and nothing from the rooms above it."""
