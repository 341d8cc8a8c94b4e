"""Entry fields, layouts and colours that all panels use."""
