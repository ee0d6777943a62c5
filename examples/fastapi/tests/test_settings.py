"""What the service can be told."""

import pytest

from orders_service.settings import Settings


@pytest.mark.parametrize(
    "issuer", ["https://auth.example", "http://localhost:8800", "http://127.0.0.1:8800", "http://[::1]:8800"]
)
def test_an_issuer_is_asked_over_https_or_on_this_machine(issuer):
    assert Settings.read({"ISSUER": issuer}).issuer == issuer


@pytest.mark.parametrize(
    "issuer", ["", "http://auth.example", "http://localhost.evil.example", "ftp://localhost", "auth.example", "https:auth"]
)
def test_any_other_issuer_stops_the_service_before_it_listens(issuer):
    with pytest.raises(ValueError, match="ISSUER"):
        Settings.read({"ISSUER": issuer})
