"""What every test over SOAP may ask for."""

from tests.own_parts import postgres_url as postgres_url
from tests.own_parts import store as store
