"""Why adaptation works: the numbers behind the instruments, for any learner with a network."""
