"""The cloud room."""
