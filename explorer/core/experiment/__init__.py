"""The settings of an experiment, presets, and what differs from the paper."""
