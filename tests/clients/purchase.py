"""A purchase by the client that openapi-python-client makes of the document."""

import sys
from typing import TypeVar

from boxoffice_client import AuthenticatedClient, Client
from boxoffice_client.api.concerts import list_schedules, list_seats
from boxoffice_client.api.line import issue_token
from boxoffice_client.api.payments import pay
from boxoffice_client.api.points import top_up_balance
from boxoffice_client.api.reservations import reserve
from boxoffice_client.api.users import register_user
from boxoffice_client.models import (
    PaymentMade,
    PaymentOfReservationRequest,
    Problem,
    Reservation,
    ScheduleList,
    SeatMap,
    SeatsOfScheduleRequest,
    SeatStatus,
    Token,
    TokenRequestByKey,
    TopUp,
    TopUpRequest,
    User,
    UserRequest,
)

Answer = TypeVar("Answer")


def must(kind: type[Answer], answer: object) -> Answer:
    assert isinstance(answer, kind), answer
    return answer


def main(url: str) -> None:
    user = must(User, register_user.sync(client=Client(url), body=UserRequest(name="박서준")))
    pair = TokenRequestByKey(user_id=user.user_id, user_key=user.user_key)
    token = must(Token, issue_token.sync(client=Client(url), body=pair))
    mine = AuthenticatedClient(url, token.token)
    dates = must(ScheduleList, list_schedules.sync(1, client=mine))
    schedule_id = dates.schedules[0].schedule_id
    seats = must(SeatMap, list_seats.sync(schedule_id, client=mine)).seats
    free = next(seat for seat in seats if seat.status == SeatStatus.AVAILABLE)
    wanted = SeatsOfScheduleRequest(schedule_id=schedule_id, seats=[free.seat])
    held = must(Reservation, reserve.sync(client=mine, body=wanted))

    def paid(amount: int) -> object:
        body = PaymentOfReservationRequest(reservation_id=held.reservation_id, amount=amount)
        return pay.sync(client=mine, body=body)

    # A refusal is a problem; its further members are read by their names.
    refused = must(Problem, paid(1))
    assert (refused.code, refused["expected"]) == ("AMOUNT_MISMATCH", held.amount), refused
    must(TopUp, top_up_balance.sync(user.user_id, client=mine, body=TopUpRequest(amount=held.amount)))
    made = must(PaymentMade, paid(held.amount))
    assert made.tickets[0].seat == free.seat, made
    print(f"openapi-python-client: seat {free.seat} is sold")


main(sys.argv[1])
