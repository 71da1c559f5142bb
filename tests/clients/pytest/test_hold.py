"""A hold that lapses, and a state that is put back, by the fixture `boxoffice`."""

import json
import urllib.request


def call(box, method, path, body=None, key=None):
    request = urllib.request.Request(box.url + "/api/v1" + path, json.dumps(body).encode() if body else None, method=method)
    request.add_header("Content-Type", "application/json")
    if key:
        request.add_header("Authorization", "Bearer " + key)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def hold(box, seat):
    token = call(box, "POST", "/queue/tokens", {"name": "Kim"})["token"]
    return token, call(box, "POST", "/reservations", {"scheduleId": box.schedule_ids[0], "seats": [seat]}, token)


def test_a_hold_lapses_when_the_clock_is_turned(boxoffice):
    token, held = hold(boxoffice, "12")
    boxoffice.advance(held["holdExpiresInSeconds"])
    assert call(boxoffice, "GET", "/reservations/" + held["reservationId"], key=token)["status"] == "EXPIRED"


def test_a_seat_is_free_again_after_a_reset(boxoffice):
    for _ in range(3):
        assert hold(boxoffice, "12")[1]["status"] == "PENDING_PAYMENT"
        boxoffice.reset()
