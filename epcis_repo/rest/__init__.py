"""HTTP to operations and back. No logic: a request becomes a call, an error becomes a problem."""
