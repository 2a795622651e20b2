"""The reading site: plain pages made from the bundle and from `docs/guides/`, which the service only sends."""
