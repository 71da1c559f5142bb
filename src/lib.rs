//! boxoffice: a concert box office in one binary.
//!
//! The rooms, in the order in which a customer meets them. A room uses only those listed before it; `tests/tidy.rs`
//! holds the order.
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`platform`] | all that differs between operating systems |
//! | [`clock`] | the only place that reads the time |
//! | [`ids`] | ids, tokens, keys and their hashes |
//! | [`logging`] | lines to standard error, for which nobody waits |
//! | [`metrics`] | counters and histograms, as Prometheus reads them |
//! | [`points`] | whole won, changed by checked operations only |
//! | [`refusal`] | every expected "no", with what people read of it in Korean and English |
//! | [`threads`] | threads whose panic ends the program in good order |
//! | [`certificates`] | the certificate of https: from files, or of an authority of the venue's own |
//! | [`settings`] | flags and environment variables with their limits |
//! | [`signing`] | the signature of the venue, which anyone can check |
//! | [`spreadsheet`] | tables as spreadsheets write and read them |
//! | [`store`] | the file: opening it, readers, the one writer, migrations, column types |
//! | [`http`] | the HTTP server, tiny_http behind it, requests and answers, idempotency |
//! | [`client`] | the HTTP client, for servers elsewhere |
//! | [`call`] | what every use case is handed first: the transaction, the events feed, what memory must learn |
//! | [`staff`] | who works here: their keys and roles |
//! | [`user`] | who they are, and their key |
//! | [`venue`] | what the venue says of itself, its colour and its pictures |
//! | [`schedule`] | concerts and their dates |
//! | [`queue`] | tokens: waiting → active → expired; the lines; admission |
//! | [`seat`] | layouts, prices; available, held, sold or blocked as seen now |
//! | [`balance`] | points of users: top up, spend; the ledger |
//! | [`ticket`] | one a seat, made with the payment; the door, with network and without |
//! | [`reservation`] | pending → confirmed, failed, expired or cancelled; confirmed → refunded |
//! | [`payment`] | points for held seats; it ends the visit |
//! | [`dashboard`] | how it goes: the last hour, minute by minute |
//! | [`report`] | the sales of a date and the ledger of a day, for those who count |
//! | [`webhook`] | the events feed, sent to addresses that staff name |
//! | [`check`] | what must hold in every file, and what is wrong in one |
//! | [`seed`] | what a new venue begins with, from a file |
//! | [`course`] | the words of a course for the same calls, by a table |
//! | [`testing`] | calls for the tests of others, on servers for tests only |
//! | [`sweeper`] | what goes by time: it writes down what is already true |
//! | [`web`] | the pages and the handbook, compiled in |
//! | [`routes`] | one table of all routes: who may, what it takes, where it leads |
//! | [`app`] | all of it opened and closed in good order |
//! | [`commands`] | the command line: `demo`, `serve`, `check`, `backup` … |
//!
//! Inside a room: `mod.rs` has the use cases, `sql.rs` every statement that touches its tables, `api.rs` (and
//! `staff_api.rs`) JSON in and out. Pure decisions have a file named after what they decide (`seat/best_available.rs`,
//! `ticket/code.rs`, `queue/rules.rs`). `schema.sql` is the whole schema, with a reason for each constraint.
//!
//! # The way of a request
//!
//! 1. [`http`] reads one whole, checked request on the event loop and hands it to a thread.
//! 2. [`routes`] reads `now`, finds the route in its one table, and checks who calls, the body and the query as the
//!    route says.
//! 3. The `api.rs` of a room parses the rest and either answers at once, from memory or a reading connection, or gives
//!    back a job for the writer.
//! 4. [`store`] runs the job, commits together with the other jobs that wait, and lets the answer out.
//! 5. "Not yet" (`Prefer: wait`) leaves the request with the event loop, some hundred bytes without a thread, until its
//!    topic is notified or its time is over; then it is asked again from step 2.
//!
//! # The contract of a write
//!
//! - All writes go through one thread with the only writing connection. They are sequentially consistent: their order
//!   is the order of the events feed.
//! - Group commit: all queued jobs run in one `BEGIN IMMEDIATE` transaction; answers are sent after COMMIT.
//! - A refused job leaves nothing: it decides everything before its first write, or rolls back to its savepoint. Kept
//!   is only what a refusal must keep: an answer under an `Idempotency-Key`, and a declined payment attempt.
//! - `synchronous=FULL`: what was answered is on disk. A failed sync ends the program, because nobody knows what the
//!   disk holds. On Linux that is `fdatasync`, after which the disk has written its own cache too. On macOS `fsync`
//!   stops at that cache, so `fullfsync` and `checkpoint_fullfsync` ask for `F_FULLFSYNC`. On Windows it is
//!   `FlushFileBuffers`; names of files, which no call syncs there, are in the journal of NTFS.
//! - Memory (the waiting line, seat maps, staff keys) changes after the commit that changes the file, before the
//!   answers of that commit are sent. What can't be applied to memory ends the program; the next start reads the file.
//!
//! # What always holds
//!
//! 1. **A seat has at most one live claim.** The key of the table `claim` says so, so wrong code can't sell a seat
//!    twice.
//! 2. **A hold counts while `now < hold_expires_at`**, in every read and every write. The sweeper only writes down what
//!    is true.
//! 3. **`now` is read once for each request**, in [`routes`], and handed down; what a write decides goes by the one
//!    `now` of its transaction, which the writer reads when it begins and which never runs backwards. Only [`clock`]
//!    reads a clock.
//! 4. **A change of state is a conditional UPDATE**, and its row count decides. Zero rows is a refusal.
//! 5. **A change of a balance is a ledger entry** with the balance after it. The entries add up; no balance is
//!    negative.
//! 6. **A refusal is a value** of one enum with one code. One table maps codes to statuses, and one file has all texts
//!    in both languages; both fail to compile when a code is missing.
//! 7. **What others may make large has a limit** with its unit in its name: bytes, connections, waiting requests, jobs,
//!    seats of a layout, rows of a page. Every list has pages (`limit`, `nextCursor` or `after`), and what is due is
//!    written down some hundred rows a transaction. Without a bound is what must be whole at one moment: a draw, the
//!    move of all deadlines when the clock of the machine steps, the deletion of a concert with its dates, and the
//!    reading of live tokens and of all dates at a start.
//! 8. No `unsafe`, no fractions near points, no `unwrap` outside tests. Tests let real time pass only where it is their
//!    subject, and say so.
//!
//! `check/` proves what can be proved of a file (`boxoffice check --rules` lists it), `tests/tidy.rs` what can be seen
//! in the source.
//!
//! # Adding a call
//!
//! Say, `GET /api/v1/users/{userId}/tickets`:
//!
//! 1. Write the test first: it starts a whole server on a port of its own, with a clock that the test turns.
//! 2. The statement goes into the `sql.rs` of the room whose table it reads (`ticket/sql.rs`).
//! 3. The use case goes into its `mod.rs`: it takes the transaction (or a reading connection), `now` and plain values,
//!    and gives back a value or a refusal. A decision that needs no database goes into a file named after it, with a
//!    unit test.
//! 4. `api.rs` reads the request and makes the answer. The doc comment of its handler is the contract of the call:
//!    method and path (without `/api/v1`), who may call ("a user": by the user key or a live token), what it needs,
//!    what it answers, and its own refusals. What follows from its route is not repeated: 401 and 403 by who may call,
//!    400, 413 and 415 by its body and query, 422 by an `Idempotency-Key`, 429, 503 and 507.
//! 5. One line in `routes/table.rs` says method, path, who may call, what body and query it takes, and where it leads.
//!    `Allow`, roles and limits follow from it.
//! 6. A new refusal is a line in `refusal.rs`, its texts in `refusal/texts.rs`, its status in `http/reply.rs`. The
//!    compiler leads you there.
//! 7. Describe the call in the `openapi.json` beside its room; `routes/openapi/` merges them and adds what the route
//!    table and the refusals know. `tests/api/openapi.rs` fails until you do.
//! 8. Run `scripts/test`.
//!
//! A table or a column more: change `schema.sql`, and add what brings existing files up to it in `store/steps/`. A test
//! compares both ends.
//!
//! # The pages
//!
//! `web/` has them as they are served: HTML, CSS and JavaScript modules, without a build step. `web/shared/` is what
//! the customer's and the staff's pages have in common. `tests/api/pages.rs` and `tests/browser/` hold these rules:
//!
//! - Nodes are made by `el` of `shared/dom.js`. What people typed only becomes text; nothing is ever parsed as HTML.
//! - Each text is one row in a `words.js`, in Korean and English. `say('key')` shows it.
//! - Countdowns go by the server's time (`shared/venue.js`), never by the clock of the device.
//! - `web/qr/` is the library [qr](https://github.com/paulmillr/qr) 0.7.0 by Paul Miller (MIT), unchanged: it reads
//!   codes where a browser has no reader of its own, and is loaded only when the camera is turned on there.
//! - `web/handbook/` is Markdown in two languages with the same headings and commands (`tests/api/handbook.rs`,
//!   `tests/cli/readme.rs`).
//!
//! `scripts/screenshots` takes every page on a phone and on a laptop, light and dark, in both languages. Look at them
//! after a change.
//!
//! # Why an HTTP server of our own stands before tiny_http
//!
//! The API is served by [tiny_http](https://github.com/tiny-http/tiny-http), which is small and fast. As it is (0.12),
//! it is not made for many connections, or for hostile clients. Measured on two cores:
//!
//! | what happens | tiny_http alone | what stands before it |
//! | --- | --- | --- |
//! | 8, 20 or 100 connections at once | 4, 4 and 95 are answered; the rest wait until one ends | all are answered |
//! | a burst of 500 connections | the last answer after 0.6 to 1.2 s | 39 ms |
//! | one request with `Content-Length: 100000000000` | the process aborts | 413 |
//! | one request line with `HTTP/2.0` | a thread and two descriptors are lost for ever, each time | 505 |
//! | no more file descriptors | it stops accepting for good, sometimes silently | the longest idle is closed |
//! | 2,000 idle connections | 42 MB, 2,007 threads | 4 MB, 24 threads |
//! | an endless head | one client made it 260 MB large in 3 seconds | 431 |
//! | many requests on one connection, nothing read | all threads that answer stand still | others do not notice |
//! | `Content-Length` twice, or with `Transfer-Encoding` | accepted: request smuggling behind a proxy | 400 |
//! | a panic while answering | one thread fewer; after the fourth of four all is over | 500, and nothing is lost |
//!
//! So an event loop on one thread owns all connections of clients, in the same process. It reads one whole, checked
//! request at a time and hands it to an unchanged tiny_http over a few connections of its own, one request in flight on
//! each. To clients it is a strict HTTP/1.1 server with a limit on everything. A waiting request costs it some hundred
//! bytes instead of a thread.
//!
//! The price is about 14 µs of processor time a request: at 64 connections 0.54 of the rate of tiny_http alone, at 512
//! connections 0.97, and 1.21 where each request opens a connection. `scripts/bench` measures both beside each other;
//! `tests/bench/RESULTS.md` has a run. No room but [`http`] knows of it, so another server can take the place of
//! either.

pub mod platform;

pub mod clock;
pub mod ids;
pub mod logging;
pub mod metrics;
pub mod points;
pub mod refusal;
pub mod threads;

pub mod certificates;

pub mod settings;
pub mod signing;
pub mod spreadsheet;

pub mod store;

pub mod http;

pub mod client;

pub mod call;

pub mod staff;

pub mod user;

pub mod venue;

pub mod schedule;

pub mod queue;

pub mod seat;

pub mod balance;

pub mod ticket;

pub mod reservation;

pub mod payment;

pub mod dashboard;

pub mod report;

pub mod webhook;

pub mod check;

pub mod seed;

pub mod course;

pub mod testing;

pub mod sweeper;

pub mod web;

pub mod routes;

pub mod app;

pub mod commands;
