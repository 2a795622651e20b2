"""What of the contract the runs have seen: recorded by whoever talks HTTP, judged by `make coverage`."""
