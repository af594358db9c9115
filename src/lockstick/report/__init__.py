"""Results in words: one module per output format. No verdict is computed here."""
