"""
A client for Python: a repository that is served somewhere, asked as one that is opened here.

    async with connect("https://epcis.example") as repository:
        async for event in repository.events([("EQ_bizStep", "shipping")]):
            …

Errors are those of `epcis_repo.errors`, with the words of the server.
"""

from epcis_repo.client.client import Captured, Client, Listed, connect
from epcis_repo.client.errors import ServerUnreachableError, error_of

__all__ = ["Captured", "Client", "Listed", "ServerUnreachableError", "connect", "error_of"]
