"""What has happened, written in the transaction in which it happened, for whoever tells others of it."""
