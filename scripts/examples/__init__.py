"""Examples that are true: recorded from the sandbox, one story per subject, and compared with it in the tests.

docs/decisions/0009-true-examples.md says what is recorded and why; CONTRIBUTING.md how a new operation gets its own.
"""
