"""The content store: verified bytes, once on this machine, under their hash (docs/adr/0018)."""
