"""Who is refused because the session is over."""

import zlib

import pytest

from orders_service.auth.issuer import UnavailableError
from orders_service.auth.status_list import MAX_UNPACKED, MisplacedStatusError, StatusList

from .conftest import ISSUER, LIST
from .test_tokens import bearer


def status(index, uri=LIST):
    return {"status": {"status_list": {"uri": uri, "idx": index}}}


def test_a_session_that_is_over_counts_when_the_list_is_renewed(service, auth, clocks):
    token = auth.token(**status(9))
    assert service.get("/orders", headers=bearer(token)).status_code == 200
    auth.statuses[1] |= 1 << 1

    clocks.passed = 59
    assert service.get("/orders", headers=bearer(token)).status_code == 200
    clocks.passed = 60
    reply = service.get("/orders", headers=bearer(token))

    assert (reply.status_code, reply.json()["code"]) == (401, "token_revoked")
    assert service.get("/orders", headers=bearer(auth.token(**status(8)))).status_code == 200
    assert auth.asked.count("/status-lists/l1") == 2


def test_while_no_other_list_can_be_had_the_old_one_counts_until_its_end(lists, auth, clocks, run):
    async def story():
        assert await lists.is_good(status(1))
        auth.is_away = True
        clocks.passed = 179
        assert await lists.is_good(status(1))
        clocks.passed = 180
        with pytest.raises(UnavailableError):
            await lists.is_good(status(1))

    run(story())


def test_a_list_that_cannot_be_had_is_not_asked_for_on_every_request(lists, auth, clocks, run):
    async def story():
        assert await lists.is_good(status(1))
        auth.is_away = True
        clocks.passed = 100
        for _ in range(10):
            assert await lists.is_good(status(1))

    run(story())
    assert auth.asked.count("/status-lists/l1") == 2


@pytest.mark.parametrize(
    "uri", ["https://evil.example/status-lists/l1", f"{ISSUER}.evil.example/status-lists/l1", f"{ISSUER}/elsewhere"]
)
def test_a_list_from_elsewhere_is_not_even_fetched(lists, auth, run, uri):
    with pytest.raises(MisplacedStatusError):
        run(lists.is_good(status(1, uri)))
    assert auth.asked == []


@pytest.mark.parametrize("claims", [{}, {"status": {}}, status("1"), status(-1), status(64 * 8)])
def test_a_token_whose_status_cannot_be_found(lists, run, claims):
    with pytest.raises(MisplacedStatusError):
        run(lists.is_good(claims))


@pytest.mark.parametrize(
    "wrong",
    [
        {"sub": f"{LIST}2"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"status_list": {"bits": 3, "lst": "eNpjAAAAAQAB"}},
        {"status_list": {"bits": 1, "lst": "not zlib"}},
        {"status_list": None},
        {"ttl": None},
    ],
)
def test_a_list_that_is_not_the_one_is_not_believed(lists, auth, run, wrong):
    auth.list_claims = wrong
    with pytest.raises(UnavailableError):
        run(lists.is_good(status(1)))


def test_an_access_token_is_no_list(lists, auth, run):
    auth.list_typ = "at+jwt"
    with pytest.raises(UnavailableError):
        run(lists.is_good(status(1)))


def test_a_list_that_unpacks_to_more_than_any_list_has_is_not_unpacked(lists, auth, run):
    auth.statuses = bytearray(MAX_UNPACKED + 1)
    assert len(zlib.compress(bytes(auth.statuses))) < 10_000
    with pytest.raises(UnavailableError):
        run(lists.is_good(status(1)))


@pytest.mark.parametrize(("bits", "statuses"), [(1, [1, 0, 0, 1, 1, 1, 0, 1]), (2, [1, 2, 0, 3]), (4, [9, 12]), (8, [0xC9])])
def test_the_lowest_bits_of_a_byte_come_first(bits, statuses):
    # 0xB9 is the example of the draft for one bit, 0xC9 for two.
    byte = 0xB9 if bits == 1 else 0xC9
    found = StatusList(bits, bytes([byte]), 0, 0)

    assert [found.status(index) for index in range(len(statuses))] == statuses
    with pytest.raises(MisplacedStatusError):
        found.status(len(statuses))
