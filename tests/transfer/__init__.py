"""Tests of the download engine."""
