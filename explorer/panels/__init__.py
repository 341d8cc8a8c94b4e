"""Widgets and plots: they read the state and call its intents. Only here and in app is a GUI."""
