"""Jobs: what to measure, and what they found."""
