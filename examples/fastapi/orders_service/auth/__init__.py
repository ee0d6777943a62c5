"""Finds out who is calling, and lets nobody else in."""
