"""Lockstick carries signed software to devices that never see a network."""
