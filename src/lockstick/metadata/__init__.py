"""What a signed document is: roles, keys, signatures, canonical bytes. No I/O, no clock, no verdicts."""
