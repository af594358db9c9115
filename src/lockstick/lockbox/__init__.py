"""The lockbox room."""
