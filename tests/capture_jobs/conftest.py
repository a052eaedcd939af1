"""What every test of capture jobs may ask for."""

from tests.own_parts import postgres_url as postgres_url
