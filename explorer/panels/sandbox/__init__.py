"""Click support points and watch every learner adapt."""
