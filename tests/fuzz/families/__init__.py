"""What is fuzzed, one module for each family of readers; ``targets.py`` gathers them."""
