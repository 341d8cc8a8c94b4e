"""Settings of a run, its progress and its live plots."""
