"""The checks of a medium, one module for each thing that they look at."""
