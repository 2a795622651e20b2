"""Notifications: what members are told of, and what they do with it."""
