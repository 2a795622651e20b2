"""Planted faults that the generator and the compilers of the clients have to see."""
