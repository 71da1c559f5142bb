"""The fixture of the wheel, as a test of somebody else would use it."""

import json
import os
import urllib.request

import pytest

import boxoffice as package


def call(box, method, path, key=None, body=None):
    request = urllib.request.Request(box.url + "/api/v1" + path, method=method)
    request.add_header("Content-Type", "application/json")
    if key:
        request.add_header("Authorization", "Bearer " + key)
    with urllib.request.urlopen(request, body and json.dumps(body).encode()) as answer:
        return json.load(answer)


def test_fixture_a_hold_lapses_when_the_clock_is_turned(boxoffice):
    user = call(boxoffice, "POST", "/users", body={"name": "Kim"})
    credentials = {"userId": user["userId"], "userKey": user["userKey"]}
    token = call(boxoffice, "POST", "/queue/tokens", body=credentials)["token"]
    held = call(boxoffice, "POST", "/reservations", token, {"scheduleId": boxoffice.schedule_ids[0], "seats": ["12"]})
    assert held["status"] == "PENDING_PAYMENT"
    boxoffice.advance(300)
    assert call(boxoffice, "GET", "/reservations/" + held["reservationId"], token)["status"] == "EXPIRED"


@pytest.mark.boxoffice("--hold-seconds=7", clock="wall")
def test_fixture_marker_says_how_it_is_started(boxoffice):
    assert call(boxoffice, "GET", "/venue")["holdSeconds"] == 7


def test_ready_says_what_the_seed_made(boxoffice):
    assert boxoffice.ids["concerts"][0]["scheduleIds"] == boxoffice.schedule_ids
    assert boxoffice.now.endswith("Z")


def test_start_leaves_nothing_and_tells_of_a_wrong_flag():
    with package.start() as box:
        assert os.path.exists(box.database)
    assert not os.path.exists(box.database)
    with pytest.raises(RuntimeError, match="ended with 2"):
        with package.start("--no-such-flag"):
            pass
