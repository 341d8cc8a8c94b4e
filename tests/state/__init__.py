"""Tests of the state: what the program knows, without a window."""
