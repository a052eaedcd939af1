"""What every test of named queries may ask for."""

from tests.own_parts import postgres_url as postgres_url
