"""Errors over many held-out tasks, and whether differences between learners are noise."""
