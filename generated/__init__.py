"""Made by `make generate` from `openapi/`; never edited by hand."""
