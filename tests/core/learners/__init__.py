"""Tests of the learners, by each one's own definition."""
