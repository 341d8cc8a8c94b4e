"""Tests of the numbers that say why adaptation works: they need neither Qt nor a display."""
