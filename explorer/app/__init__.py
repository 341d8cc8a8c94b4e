"""The application: it puts state and panels into a window."""

from explorer.app.launch import run_window

__all__ = ["run_window"]
