"""
The query control interface over SOAP (EPCIS 1.2 and 2.0, §8.2.5 and §11.2), for partners whose
software is of before 2.0, and for queries for master data, which no other interface has.

Envelopes come in and go out (`operations.py`); the queries are those of every other interface. It
speaks of named queries and of subscriptions, so it stands right of the capabilities.
"""

from epcis_repo.soap.operations import Answer, refusal, respond

__all__ = ["Answer", "refusal", "respond"]
