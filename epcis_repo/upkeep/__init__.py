"""
What an operator does with a store: make it, bring it to a version, back it up, look after it.

`versions.py` makes and migrates the tables of all parts, `archive.py` is the file of a backup,
which `backup.py` writes and `restore.py` reads, and that of a year, which `years.py` takes out of
the log and brings back; `doctor.py` says what is not as it should be.
"""
