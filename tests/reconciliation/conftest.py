"""What every test of reconciliation may ask for."""

from tests.own_parts import postgres_url as postgres_url
