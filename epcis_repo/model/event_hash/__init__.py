"""
The event hash: an eventID that whoever holds the event can compute (CBV 2.0, §8.9).

What is hashed is the pre-hash string: the names and values of the event in one order, each in
one spelling.

- Events of one meaning have one string: the format, the order in a list, prefixes, the zone that
  a moment is written in, the spelling of an identifier or a standard word do not show.
- eventID, recordTime, errorDeclaration and rdfs:comment are no part of it, and an empty list is as
  one that is absent.
- XML has no numbers, so a text that reads as one is one: lot `007` hashes as lot `7`.
- Where the standard's prose and the vectors published with it differ, the vectors count.

`spelling` has the values, `extensions` and `fields` what is made of them, `pre_hash` the whole.
"""

from epcis_repo.model.event_hash.pre_hash import ALGORITHMS, event_hash, pre_hash, sha_256_in

__all__ = ["ALGORITHMS", "event_hash", "pre_hash", "sha_256_in"]
