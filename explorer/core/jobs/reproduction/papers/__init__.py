"""Papers other than MAML's: a short file each, and a line in `items`."""
