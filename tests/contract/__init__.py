"""Proof that the service is what its contract says."""
