"""Ways to break the program, tried at random: each is a command with a bound."""
