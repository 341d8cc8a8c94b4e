"""Meta-training: runs, the outer loop, and what it costs."""
