"""The lockbox on disk: its layout, and how it is planned, built and verified."""
