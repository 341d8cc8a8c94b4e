"""What every room stands on: errors, cancellation, random streams, writing files; no learning."""
