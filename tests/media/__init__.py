"""Media over HTTP, and how they are kept."""
