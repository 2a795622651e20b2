"""What is done with whole accounts: it needs the slices of all that a member has, and so stands above them."""
