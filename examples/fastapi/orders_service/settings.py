"""Settings, from variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Settings:
    """What the service is told."""

    issuer: str
    audience: str
    host: str
    port: int
    cookie_name: str
    allowed_origins: frozenset[str]

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Settings":
        """Read the variables. What is missing or wrong stops the service before it listens."""
        if not variables.get("ISSUER"):
            raise ValueError("ISSUER is not set")
        return cls(
            issuer=_believable(variables["ISSUER"]),
            audience=variables.get("AUDIENCE", "orders"),
            host=variables.get("HOST", "127.0.0.1"),
            port=int(variables.get("PORT", "3002")),
            cookie_name=variables.get("COOKIE_NAME", "__Host-Http-at"),
            allowed_origins=frozenset(filter(None, variables.get("ALLOWED_ORIGINS", "").split(","))),
        )


def _believable(issuer: str) -> str:
    """Refuse plain http from another machine: whoever stands between could hand us keys of their own."""
    at = urlsplit(issuer)
    is_near = at.hostname in {"localhost", "127.0.0.1", "::1"}
    if at.hostname and (at.scheme == "https" or (at.scheme == "http" and is_near)):
        return issuer
    raise ValueError(f"ISSUER must be an https address (http only on this machine): {issuer}")
