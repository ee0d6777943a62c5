"""Each rejection has its own test."""
