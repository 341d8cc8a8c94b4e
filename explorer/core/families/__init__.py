"""Families of functions: distributions of tasks, and what can be known of them."""
