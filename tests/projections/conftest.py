"""What every test of a read model may ask for."""

from tests.own_parts import postgres_url as postgres_url
