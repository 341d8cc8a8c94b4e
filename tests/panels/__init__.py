"""Tests of the panels, in a real window, through real events."""
