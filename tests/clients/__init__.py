"""What `make client-test` proves beside the scenario itself: that each of its steps can fail, in every language."""
