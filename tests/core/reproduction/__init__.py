"""Tests of the reproduction of the paper's figures and table."""
