"""Long computations: comparisons, grids, and the reproduction of the paper."""
