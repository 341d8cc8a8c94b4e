"""Tests of the numbers behind the instruments."""
