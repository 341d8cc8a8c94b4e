"""See why it works: pages of instruments that look at the sandbox."""
