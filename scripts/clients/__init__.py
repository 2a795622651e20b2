"""`make clients` and `make client-test`: client libraries made from the contract, and one scenario that they all run.

A language is a folder in `clients/`, with its scenario and what its package needs, and a module of the same name in
here with two functions (`scripts.clients.language.Language`).
"""
