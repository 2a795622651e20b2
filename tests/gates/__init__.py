"""The gates are tested by planting faults: a gate that nobody has seen red proves nothing."""
