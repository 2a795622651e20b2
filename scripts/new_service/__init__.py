"""`make new`: take Galley out of this repository, put another contract in, and leave what any service needs.

This makes the starting point of somebody else's service (docs/guide.md); nothing of it is used by Galley itself.
"""
