//! boxoffice: a concert box office in one binary.
//!
//! The rooms, in the order in which a customer meets them. A room uses only those listed before it; `tests/tidy.rs` holds
//! the order.
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`clock`] | the only place that reads the time |
//! | [`ids`] | ids, tokens, keys and their hashes |
//! | [`points`] | whole won, changed by checked operations only |
//! | [`refusal`] | every expected "no", with what people read of it in Korean and English |
//! | [`seal`] | the signature of the house, which anyone can check |
//! | [`settings`] | flags and environment variables with their limits |
//! | [`sheet`] | tables as spreadsheets write and read them |
//! | [`threads`] | threads whose panic ends the program in good order |
//! | [`store`] | the file: opening it, readers, the one writer, migrations, column types |
//! | [`http`] | the door, tiny_http behind it, requests and answers, idempotency |
//! | [`venue`] | what every use case is handed first: the transaction, the events feed, what memory must learn |
//! | [`staff`] | who works here: their keys and roles |
//! | [`user`] | who they are, and their key |
//! | [`queue`] | tokens: waiting → active → expired; the line; admission |
//! | [`schedule`] | concerts and their dates |
//! | [`seat`] | layouts, prices; available, held, sold or blocked as seen now |
//! | [`balance`] | points of users: top up, spend; the ledger |
//! | [`ticket`] | one a seat, made with the payment; the door, with network and without |
//! | [`reservation`] | pending → confirmed, failed, expired or cancelled; confirmed → refunded |
//! | [`payment`] | points for held seats; it ends the visit |
//! | [`evening`] | how it goes: the last hour, minute by minute |
//! | [`report`] | the sales of a date and the ledger of a day, for those who count |
//! | [`check`] | what must hold in every file, and what is wrong in one |
//! | [`sweeper`] | what goes by time: it writes down what is already true |
//! | [`web`] | the pages compiled in |
//! | [`routes`] | one match: every method and path |
//! | [`house`] | all of it opened and closed in good order |
//! | [`commands`] | `demo`, `serve`, `check`, `backup`, `restore`, `staff-key`, `import`, `export`, `door`, `rush`, `verify-draw` |
//!
//! Inside a room: `mod.rs` has the use cases, `rules.rs` pure decisions, `sql.rs` every statement that touches its tables,
//! `api.rs` (and `staff_api.rs`) JSON in and out.

pub mod clock;
pub mod ids;
pub mod points;
pub mod refusal;
pub mod seal;
pub mod settings;
pub mod sheet;
pub mod threads;

pub mod store;

pub mod http;

pub mod venue;

pub mod staff;

pub mod user;

pub mod queue;

pub mod schedule;

pub mod seat;

pub mod balance;

pub mod ticket;

pub mod reservation;

pub mod payment;

pub mod evening;

pub mod report;

pub mod check;

pub mod sweeper;

pub mod web;

pub mod routes;

pub mod house;

pub mod commands;
