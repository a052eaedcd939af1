"""The tests: a list of what is true."""
