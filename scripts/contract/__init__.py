"""The parts of `make contract-test`."""
