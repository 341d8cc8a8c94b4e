"""Tests of the engine: they need neither Qt nor a display."""
