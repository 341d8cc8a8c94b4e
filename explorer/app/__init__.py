"""The application: it puts state and panels into a window; `launch.run_window` opens it."""
