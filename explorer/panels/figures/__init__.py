"""What a job found, on screen."""
