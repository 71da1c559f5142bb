//! Every call: method and path, who may, what it takes, and where it leads. What is derived from this table: `Allow`,
//! the roles of staff and those that the OpenAPI document names, the limits of bodies, the refusal of unknown
//! parameters, which answers are kept for a repetition, and the labels of the metrics.

use super::route::Run::{Active, Open, Staff, Test, Token, User};
use super::route::{ADMIN, Body, Route, delete, get, patch, post, put};
use super::{metrics, openapi, operations, readiness};
use crate::call::{Answer, Context};
use crate::queue::own_user;
use crate::staff::Role;
use crate::store::Outcome;
use crate::{
    balance, dashboard, payment, queue, report, reservation, schedule, seat, staff, testing, ticket, user, venue, web,
    webhook,
};

const COUNTER: &[Role] = &[Role::Admin, Role::Counter];
const ALL: &[Role] = &[Role::Admin, Role::Counter, Role::Door];

/// Every route.
pub static ROUTES: &[Route] = &[
    // What customers ask for most.
    get("/api/v1/queue/token", Token(|_, c, seen| queue::api::poll(c, &seen))).waits().streams(),
    get(
        "/api/v1/schedules/{scheduleId}/seats",
        Active(|rooms, c, caller| seat::api::seats(c, (&rooms.maps, &rooms.lines), caller)),
    )
    .query(&["attribute", "since"])
    .streams(),
    post("/api/v1/reservations", Active(|rooms, c, caller| reservation::api::reserve(c, &rooms.maps, caller))).waits(),
    post("/api/v1/payments", Active(|_, c, caller| payment::api::pay(c, caller))),
    // The other calls of customers.
    get("/api/v1/openapi.json", Open(|_, c| Ok(Answer::Ready(openapi::answer(c.request, ROUTES)?)))),
    get("/api/v1/openapi-3.0.json", Open(|_, c| Ok(Answer::Ready(openapi::answer_3_0(c.request, ROUTES)?)))),
    get("/api/v1/venue", Open(|rooms, c| operations::venue(c, &rooms.lines, &rooms.maps))),
    post("/api/v1/users", Open(|_, c| user::api::register(c))).secret().arrival(),
    post("/api/v1/queue/tokens", Open(|rooms, c| queue::api::issue(c, &rooms.lines))).secret().arrival(),
    delete("/api/v1/queue/token", Token(|_, _, seen| reservation::api::leave(seen.caller()))),
    get("/api/v1/queue/draw", Open(|_, c| queue::api::draw(c))).query(&["concertId"]),
    get("/api/v1/queue/draws", Open(|_, c| queue::api::draws(c))).query(&["concertId", "limit", "cursor"]),
    get("/api/v1/concerts", Open(|rooms, c| seat::concerts::concerts(c, &rooms.maps))).query(&["limit", "cursor"]),
    get("/api/v1/concerts/{concertId}", Open(|rooms, c| seat::concerts::concert(c, &rooms.maps))),
    get("/api/v1/concerts/{concertId}/dates", Open(|rooms, c| seat::api::dates(c, &rooms.maps)))
        .query(&["limit", "cursor"]),
    get(
        "/api/v1/concerts/{concertId}/schedules",
        Active(|rooms, c, caller| seat::api::schedules(c, (&rooms.maps, &rooms.lines), caller)),
    )
    .query(&["all", "limit", "cursor"]),
    get(
        "/api/v1/concerts/{concertId}/seats",
        Active(|rooms, c, caller| seat::api::seats_on_date(c, (&rooms.maps, &rooms.lines), caller)),
    )
    .query(&["date", "attribute"]),
    get("/api/v1/reservations", User(|_, c, user_id| reservation::api::reservations(c, user_id))).query(&[
        "status",
        "scheduleId",
        "limit",
        "cursor",
    ]),
    get("/api/v1/reservations/{reservationId}", User(|_, c, user_id| reservation::api::reservation(c, user_id)))
        .waits()
        .streams(),
    patch("/api/v1/reservations/{reservationId}", Active(|_, c, caller| reservation::api::change_seats(c, caller))),
    post("/api/v1/reservations/{reservationId}/exchange", Active(|_, c, caller| payment::api::exchange(c, caller))),
    delete("/api/v1/reservations/{reservationId}", User(|_, c, user_id| reservation::api::cancel(c, user_id))),
    post("/api/v1/reservations/{reservationId}/refund", User(|_, c, user_id| reservation::api::refund(c, user_id)))
        .body(Body::Optional),
    get("/api/v1/users/{userId}", User(|_, c, user_id| user::api::own(c, own_user(c, user_id)?))),
    patch("/api/v1/users/{userId}", User(|_, c, user_id| user::api::change_own(c, own_user(c, user_id)?))),
    delete("/api/v1/users/{userId}", User(|_, c, user_id| reservation::api::remove_own(own_user(c, user_id)?))),
    get("/api/v1/users/{userId}/balance", User(|_, c, user_id| balance::api::balance(c, own_user(c, user_id)?))),
    get(
        "/api/v1/users/{userId}/balance/entries",
        User(|_, c, user_id| balance::api::entries(c, own_user(c, user_id)?)),
    )
    .query(&["limit", "cursor"]),
    post(
        "/api/v1/users/{userId}/balance/top-ups",
        User(|_, c, user_id| balance::api::top_up(c, own_user(c, user_id)?)),
    ),
    get("/api/v1/payments/{paymentId}", User(|_, c, user_id| payment::api::payment(c, user_id))),
    get("/api/v1/tickets/key", Open(|_, c| ticket::api::key(c))),
    post("/api/v1/tickets/{ticketId}/reissue", User(|_, c, user_id| ticket::api::reissue(c, user_id)))
        .body(Body::Optional),
    get("/api/v1/tickets/{ticketId}", User(|_, c, user_id| ticket::api::ticket(c, user_id))),
    // Staff: the venue, keys, concerts and dates.
    get("/api/v1/staff/venue", Staff(ADMIN, |rooms, c, _| venue::staff_api::profile(c, &rooms.maps.profile))),
    patch("/api/v1/staff/venue", Staff(ADMIN, |_, c, _| venue::staff_api::change(c))).body(Body::Large),
    get("/api/v1/staff/me", Staff(ALL, |_, _, member| staff::staff_api::me(member))),
    get("/api/v1/staff/keys", Staff(ADMIN, |_, c, _| staff::staff_api::keys(c))).query(&["limit", "cursor"]),
    post("/api/v1/staff/keys", Staff(ADMIN, |_, c, _| staff::staff_api::add_key(c))).secret(),
    delete("/api/v1/staff/keys/{keyId}", Staff(ADMIN, |_, c, _| staff::staff_api::revoke_key(c))),
    get("/api/v1/staff/concerts", Staff(ALL, |rooms, c, _| seat::concerts::concerts(c, &rooms.maps)))
        .query(&["limit", "cursor"]),
    post("/api/v1/staff/concerts", Staff(ADMIN, |_, c, _| schedule::staff_api::add_concert(c))).body(Body::Large),
    patch("/api/v1/staff/concerts/{concertId}", Staff(ADMIN, |_, c, _| schedule::staff_api::change_concert(c)))
        .body(Body::Large),
    delete("/api/v1/staff/concerts/{concertId}", Staff(ADMIN, |_, c, _| reservation::staff_api::delete_concert(c))),
    get("/api/v1/staff/concerts/{concertId}/schedules", Staff(ALL, |_, c, _| seat::staff_api::schedules(c)))
        .query(&["limit", "cursor"]),
    post("/api/v1/staff/concerts/{concertId}/schedules", Staff(ADMIN, |_, c, _| seat::staff_api::add_schedule(c)))
        .body(Body::Large),
    get("/api/v1/staff/schedules/{scheduleId}", Staff(ALL, |_, c, _| seat::staff_api::schedule(c))),
    patch("/api/v1/staff/schedules/{scheduleId}", Staff(ADMIN, |_, c, _| seat::staff_api::change_schedule(c)))
        .body(Body::Large),
    delete("/api/v1/staff/schedules/{scheduleId}", Staff(ADMIN, |_, c, _| reservation::staff_api::delete_date(c))),
    post("/api/v1/staff/layouts/preview", Staff(ADMIN, |_, c, _| seat::staff_api::preview(c))).body(Body::Large),
    get("/api/v1/staff/schedules/{scheduleId}/seats", Staff(ALL, |rooms, c, _| seat::staff_api::seats(c, &rooms.maps)))
        .query(&["since"]),
    put("/api/v1/staff/schedules/{scheduleId}/seats/{seat}", Staff(ADMIN, |_, c, _| seat::staff_api::block_seat(c))),
    get("/api/v1/staff/schedules/{scheduleId}/sales", Staff(COUNTER, |_, c, _| report::staff_api::sales(c))),
    get("/api/v1/staff/ledger", Staff(ADMIN, |_, c, _| report::staff_api::ledger(c)))
        .query(&["date", "limit", "cursor"]),
    get("/api/v1/staff/till", Staff(COUNTER, |_, c, _| report::staff_api::till(c))).query(&["date"]),
    get(
        "/api/v1/staff/schedules/{scheduleId}/cancellation",
        Staff(COUNTER, |_, c, _| reservation::staff_api::cancellation(c)),
    )
    .waits(),
    post(
        "/api/v1/staff/schedules/{scheduleId}/cancellation",
        Staff(ADMIN, |_, c, _| reservation::staff_api::cancel_date(c)),
    )
    .body(Body::Empty)
    .waits(),
    // Staff: webhooks.
    get("/api/v1/staff/webhooks", Staff(ADMIN, |_, c, _| webhook::staff_api::webhooks(c))).query(&["limit", "cursor"]),
    post("/api/v1/staff/webhooks", Staff(ADMIN, |_, c, _| webhook::staff_api::add(c))).secret(),
    get("/api/v1/staff/webhooks/{webhookId}", Staff(ADMIN, |_, c, _| webhook::staff_api::webhook(c))),
    patch("/api/v1/staff/webhooks/{webhookId}", Staff(ADMIN, |_, c, _| webhook::staff_api::change(c))),
    delete("/api/v1/staff/webhooks/{webhookId}", Staff(ADMIN, |_, c, _| webhook::staff_api::delete(c))),
    post("/api/v1/staff/webhooks/{webhookId}/test", Staff(ADMIN, |_, c, _| webhook::staff_api::test(c)))
        .body(Body::Empty)
        .waits(),
    post("/api/v1/staff/webhooks/{webhookId}/secret", Staff(ADMIN, |_, c, _| webhook::staff_api::rotate(c))).secret(),
    post("/api/v1/staff/webhooks/{webhookId}/replay", Staff(ADMIN, |_, c, _| webhook::staff_api::replay(c))),
    // Staff: how it goes, and the line.
    get("/api/v1/staff/evening", Staff(ADMIN, |rooms, c, _| dashboard::staff_api::dashboard(c, &rooms.lines))),
    get("/api/v1/staff/events", Staff(ADMIN, |_, c, _| operations::events(c)))
        .query(&["after", "limit"])
        .waits()
        .streams(),
    get("/api/v1/staff/queue", Staff(COUNTER, |rooms, c, _| queue::staff_api::queue(c, &rooms.lines))),
    get("/api/v1/staff/lines", Staff(COUNTER, |rooms, c, _| queue::staff_api::lines(c, &rooms.lines))),
    put("/api/v1/staff/concerts/{concertId}/line", Staff(ADMIN, |_, c, _| queue::staff_api::put_line(c))),
    delete("/api/v1/staff/concerts/{concertId}/line", Staff(ADMIN, |_, c, _| queue::staff_api::close_line(c))),
    patch("/api/v1/staff/queue", Staff(ADMIN, |_, c, _| queue::staff_api::change(c))),
    post("/api/v1/staff/queue/admissions", Staff(ADMIN, |rooms, c, _| queue::staff_api::admit(c, &rooms.lines))),
    post("/api/v1/staff/queue/tokens", Staff(ADMIN, |rooms, c, _| queue::staff_api::invite(c, &rooms.lines))),
    delete("/api/v1/staff/queue/tokens/{userId}", Staff(ADMIN, |_, c, _| reservation::api::revoke(c)))
        .query(&["concertId"]),
    // Staff: the counter.
    get("/api/v1/staff/users", Staff(COUNTER, |_, c, _| report::staff_api::users(c)))
        .query(&["name", "search", "limit", "cursor"]),
    get("/api/v1/staff/users/{userId}", Staff(COUNTER, |_, c, _| balance::staff_api::user(c))),
    patch("/api/v1/staff/users/{userId}", Staff(COUNTER, |_, c, _| user::api::change(c))),
    delete("/api/v1/staff/users/{userId}", Staff(ADMIN, |_, c, _| reservation::staff_api::remove_user(c))),
    put("/api/v1/staff/users/{userId}/ban", Staff(ADMIN, |_, c, _| reservation::staff_api::ban(c))),
    get("/api/v1/staff/users/{userId}/reservations", Staff(COUNTER, |_, c, _| reservation::staff_api::of_user(c)))
        .query(&["status", "scheduleId", "limit", "cursor"]),
    post("/api/v1/staff/users/{userId}/key", Staff(COUNTER, |_, c, _| reservation::staff_api::renew_key(c)))
        .body(Body::Empty)
        .secret(),
    post("/api/v1/staff/users/{userId}/balance/top-ups", Staff(COUNTER, |_, c, _| balance::staff_api::top_up(c))),
    post("/api/v1/staff/users/{userId}/balance/payouts", Staff(COUNTER, |_, c, _| balance::staff_api::pay_out(c))),
    post("/api/v1/staff/users/{userId}/balance/corrections", Staff(ADMIN, |_, c, _| balance::staff_api::correct(c))),
    get("/api/v1/staff/reservations/{reservationId}", Staff(COUNTER, |_, c, _| reservation::staff_api::reservation(c))),
    patch(
        "/api/v1/staff/reservations/{reservationId}",
        Staff(COUNTER, |_, c, _| reservation::staff_api::change_seats(c)),
    ),
    post(
        "/api/v1/staff/reservations/{reservationId}/exchange",
        Staff(COUNTER, |rooms, c, _| payment::staff_api::exchange(c, &rooms.maps)),
    ),
    delete("/api/v1/staff/reservations/{reservationId}", Staff(COUNTER, |_, c, _| payment::staff_api::cancel(c))),
    post("/api/v1/staff/sales", Staff(COUNTER, |rooms, c, _| payment::staff_api::sell(c, &rooms.maps))),
    post("/api/v1/staff/reservations", Staff(COUNTER, |rooms, c, _| payment::staff_api::keep(c, &rooms.maps))),
    post("/api/v1/staff/reservations/{reservationId}/sale", Staff(COUNTER, |_, c, _| payment::staff_api::sell_held(c))),
    post(
        "/api/v1/staff/reservations/{reservationId}/refund",
        Staff(COUNTER, |_, c, _| reservation::staff_api::refund(c)),
    )
    .body(Body::Optional),
    get("/api/v1/staff/tickets/{ticketId}", Staff(COUNTER, |_, c, _| ticket::staff_api::ticket(c))),
    post("/api/v1/staff/tickets/{ticketId}/reissue", Staff(COUNTER, |_, c, _| ticket::staff_api::reissue(c)))
        .body(Body::Optional),
    // Staff: the door.
    post("/api/v1/staff/checkins", Staff(ALL, |_, c, _| ticket::staff_api::check_in(c))),
    post("/api/v1/staff/checkins/scans", Staff(ALL, |_, c, _| ticket::staff_api::take_scans(c))),
    get("/api/v1/staff/checkins/conflicts", Staff(ALL, |_, c, _| ticket::staff_api::conflicts(c))).query(&[
        "scheduleId",
        "after",
        "limit",
    ]),
    delete("/api/v1/staff/checkins/{ticketId}", Staff(ALL, |_, c, _| ticket::staff_api::undo(c))),
    get("/api/v1/staff/schedules/{scheduleId}/checkins", Staff(ALL, |_, c, _| ticket::staff_api::counts(c))),
    get("/api/v1/staff/schedules/{scheduleId}/door-list", Staff(ALL, |_, c, _| ticket::staff_api::list_for_door(c))),
    // Staff: servers for tests.
    post("/api/v1/staff/clock", Test(|_, c| testing::turn_clock::turn(c))),
    get("/api/v1/staff/test/faults", Test(|tests, _| testing::staff_api::faults(tests))),
    put("/api/v1/staff/test/faults", Test(|tests, c| testing::staff_api::set_faults(tests, c))),
    delete("/api/v1/staff/test/faults", Test(|tests, _| testing::staff_api::clear_faults(tests))),
    get("/api/v1/staff/test/requests", Test(|tests, c| testing::staff_api::requests(tests, c)))
        .query(&["path", "method", "status"]),
    delete("/api/v1/staff/test/requests", Test(|tests, _| testing::staff_api::forget_requests(tests))),
    post("/api/v1/staff/test/reset", Test(testing::staff_api::reset)).body(Body::Empty),
    get("/api/v1/staff/test/snapshots", Test(|tests, c| testing::staff_api::snapshots(tests, c))),
    post("/api/v1/staff/test/snapshots", Test(testing::staff_api::take)),
    post("/api/v1/staff/test/snapshots/{snapshot}/restore", Test(testing::staff_api::restore)).body(Body::Empty),
    delete("/api/v1/staff/test/snapshots/{snapshot}", Test(|tests, c| testing::staff_api::delete(tests, c))),
    get("/api/v1/staff/test/rush", Test(|tests, _| testing::rush::rush(tests))),
    put("/api/v1/staff/test/rush", Test(|tests, c| testing::rush::begin(tests, c))),
    delete("/api/v1/staff/test/rush", Test(|tests, _| testing::rush::end(tests))),
    // What is not the API: health, metrics and pages.
    get("/healthz", Open(|_, _| Ok(Answer::Ready(operations::health())))),
    get("/readyz", Open(readiness::ready)),
    get("/metrics", Open(metrics::read)),
    get("/", Open(|rooms, c| web::customer(c, &rooms.maps))).page(),
    get("/c/{concertId}", Open(|rooms, c| web::concert(c, &rooms.maps))).page(),
    get("/c/{concertId}/{date}", Open(|rooms, c| web::calendar(c, &rooms.maps))).page(),
    get("/terms", Open(|rooms, c| web::terms(c, &rooms.maps))).page(),
    get("/privacy", Open(|rooms, c| web::privacy(c, &rooms.maps))).page(),
    get("/look/{colour}", Open(|_, c| web::style_sheet(c))).page(),
    get("/pictures/{picture}", Open(|_, c| web::picture(c))).page(),
    get("/staff", Open(|_, c| Ok(Answer::Ready(web::staff(c.request))))).page(),
    get("/staff/", Open(|_, c| Ok(Answer::Ready(web::staff(c.request))))).page(),
    get("/docs", Open(|_, c| Ok(Answer::Ready(web::docs(c.request))))).page(),
    get("/handbook", Open(|_, c| handbook(c, &[]))).page(),
    get("/handbook/{page}", Open(|_, c| handbook(c, &[c.segment("page")]))).page(),
    get("/handbook/{language}/{page}", Open(|_, c| handbook(c, &[c.segment("language"), c.segment("page")]))).page(),
    get(
        "/assets/{version}/{room}/{file}",
        Open(|_, c| {
            let [version, room, file] = ["version", "room", "file"].map(|name| c.segment(name));
            Ok(Answer::Ready(web::file_of_version(c.request, version, room, file)?))
        }),
    )
    .page(),
    get(
        "/assets/{room}/{file}",
        Open(|_, c| Ok(Answer::Ready(web::file(c.request, c.segment("room"), c.segment("file"))?))),
    )
    .page(),
    get("/trust", Open(|rooms, c| Ok(Answer::Ready(web::trust(c.request, rooms.trust.as_deref())?)))).page(),
    get("/trust/authority.crt", Open(|rooms, _| Ok(Answer::Ready(web::authority(rooms.trust.as_deref())?)))).page(),
    get("/trust/code", Open(|rooms, _| Ok(Answer::Ready(web::trust_code(rooms.trust.as_deref())?)))).page(),
    get("/problems/{code}", Open(|_, c| Ok(Answer::Ready(web::problem(c.request, c.segment("code"))?)))).page(),
];

fn handbook(context: &Context, path: &[&str]) -> Outcome<Answer> {
    Ok(Answer::Ready(web::handbook(context.request, path)?))
}
