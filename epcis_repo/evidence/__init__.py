"""
Evidence: the ledger over the repository's own log, for whoever need not believe us.

`tree.py` keeps the Merkle tree beside the log, `receipts.py` knows which event came in which
document, `keys.py` keeps the key and what it signed last, `operations.py` gives checkpoints,
tiles and proofs, and `integrity.py` checks that what is stored is what was recorded.
"""
