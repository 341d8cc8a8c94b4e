"""What jobs find as figures, and their export."""
