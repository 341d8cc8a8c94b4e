"""The network as a flat parameter vector, and its derivatives in closed form."""
