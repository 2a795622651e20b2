"""What was published of the contract, what has changed since, and whether that may be published too."""
