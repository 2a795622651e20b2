"""Journeys through the running service, made with the Python client that its users get."""
