"""How fast the service is, between the limit of the machine and the common way of writing such a service.

`make bench` runs all of it; docs/benchmarks.md says what was measured last, and how.
"""
