"""The plot that all views draw on, and its curves."""
