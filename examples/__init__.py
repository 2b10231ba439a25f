"""Whole programs; each runs offline against the emulator, and each is a test."""
