"""Where errors are taken. Nothing here imports torch: the help of the command line says it too."""

GRID_POINTS = 100  # evenly spaced inputs of each task
