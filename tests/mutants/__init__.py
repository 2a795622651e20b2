"""Disagreements between the contract and the service, planted one at a time to see the gates turn red.

A mutant changes the answers (`answers`, `headers`), what the service is asked (`requests`), the service's own rules
(`service`) or the contract that the tests hold (`documents`). `loop` runs the suite's own tests against each until one
fails; a mutated contract is held by the judge of the tests and by openapi-core (`reader`).
"""
