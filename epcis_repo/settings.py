"""All configuration: read once, from `EPCIS_REPO_…` variables and the command line, then frozen."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from epcis_repo.errors import SettingsError

_PREFIX = "EPCIS_REPO_"


def _listed(value: Any) -> Any:
    """Return what stands between the commas of a text."""
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_listed)]


class Settings(BaseSettings):
    """
    What an operator may choose.

    `db` is `sqlite:///path` or `postgresql://…`, and `part` the log in it that is served, where
    there are several, such as one for each tenant. `workers` are the processes that answer.
    `capture_size_max` is in bytes, `capture_limit` in events: the most that one document may have.
    One of more than `capture_async_size` bytes is captured after it was answered. `gln` is ours, 13
    digits, as verification answers give it. `key` is the file with the key that signs checkpoints,
    `origin` the name of the log that they are of. `witness_key` and `witness_name` are what we
    co-sign the checkpoints of other logs with. `judging` holds what was captured against the rules
    about things, some way behind. `webhook_key` is the file with the key that signs
    what is delivered to subscribers; `webhook_networks`, such as `10.20.0.0/16,127.0.0.1/32`, are
    those beside the public Internet that it may go to, and by http; `subscription_limit` is how
    many subscriptions there may be to all queries. `unsafe_not_durable` takes a database that may
    lose what was acknowledged.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    db: str = "sqlite:///epcis.db"
    part: int = Field(default=1, gt=0, lt=2**31)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, gt=0, le=100)
    capture_size_max: int = Field(default=300 * 1024 * 1024, gt=0)
    capture_limit: int = Field(default=1_000_000, gt=0)
    capture_async_size: int = Field(default=16 * 1024 * 1024, ge=0)
    judging: bool = True
    gln: str | None = Field(default=None, pattern=r"^[0-9]{13}$")
    key: Path = Path("epcis.key")
    origin: str = Field(default="epcis-repo", pattern=r"^[!-*,-~]+$")
    webhook_key: Path = Path("webhook.key")
    webhook_networks: Networks = ()
    subscription_limit: int = Field(default=200, gt=0)
    unsafe_not_durable: bool = False
    witness_key: Path = Path("witness.key")
    witness_name: str = Field(default="epcis-repo-witness", pattern=r"^[!-*,-~]+$")


def read_settings(**chosen: Any) -> Settings:
    """
    Return the settings; what is `chosen`, and not None, wins over the environment.

    Raises `SettingsError` that names the setting and what would do.
    """
    try:
        return Settings(**{name: value for name, value in chosen.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise SettingsError(
            f"{_PREFIX}{name.upper()}: {first['msg']}, found {first['input']!r}"
        ) from None
