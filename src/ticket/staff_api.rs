//! Tickets at the counter and at the door.

use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{Form, form_of, read_holder, ticket_json};
use super::door_list::{self, DoorListHeader};
use super::{CheckInContext, DoorInput, SCANS_MAX, Scan, ScanOutcome, StoredScan, TicketDetails, code, qr};
use crate::call::{Answer, Context, Written};
use crate::http::{Fields, Reply, decoded_segment};
use crate::ids;
use crate::refusal::{Code, Refusal};
use crate::schedule;
use crate::store::{Failure, Outcome, Reader};

/// The length of a door's name in characters.
const DOOR_MAX_CHARS: usize = 80;
/// What is shown at the door is far shorter.
const SHOWN_MAX_CHARS: usize = 1_000;
/// Conflicts of a page at most, and unless asked otherwise.
const CONFLICTS_MAX: u32 = 1_000;
const CONFLICTS: u32 = 100;

/// A ticket as the wire shows it to staff: whose it is as well.
pub fn ticket_json_for_staff(found: &TicketDetails) -> Value {
    let mut input = ticket_json(found);
    input["userId"] = found.user_id.to_string().into();
    input
}

/// `GET /staff/tickets/{ticketId}`, for counter and admins: 200 with a ticket by its id or its number, or with `.svg`
/// its QR code. A number may have small letters, spaces and hyphens. 404 `TICKET_NOT_FOUND`.
pub fn ticket(context: &Context) -> Outcome<Answer> {
    let (name, form) = form_of(context.segment("ticketId"));
    let found = find(&context.reader()?, name)?;
    match form {
        Form::Json => Answer::json(200, &ticket_json_for_staff(&found)),
        Form::Svg => Ok(Answer::Ready(qr::picture(&found.ticket.code)?)),
    }
}

/// `POST /staff/tickets/{ticketId}/reissue`, for counter and admins: makes anybody's ticket out anew, for a `holder`
/// where one is named. 200 with the ticket, whose former code and number are void; one effect for an
/// `Idempotency-Key`. 404 `TICKET_NOT_FOUND`; 409 `TICKET_VOID`, `TICKET_CHECKED_IN`.
pub fn reissue(context: &Context) -> Outcome<Answer> {
    let ticket_id = context.id("ticketId", Refusal::TicketNotFound)?;
    let holder = read_holder(context)?;
    let signing = Arc::clone(&context.state.signing);
    Answer::write(move |tx| {
        let reissued = super::reissue(tx, &signing, super::must_find(tx, ticket_id)?, holder.as_deref())?;
        Ok(Written::Ready(Reply::json(200, &ticket_json_for_staff(&reissued))))
    })
}

fn find(reader: &Reader, name: &str) -> Outcome<TicketDetails> {
    if let Some(ticket_id) = ids::parse_id(name) {
        return super::must_find(reader, ticket_id);
    }
    let typed = decoded_segment(name).ok_or(Refusal::TicketNotFound)?;
    for number in code::typed_numbers(&typed) {
        match super::must_find_by_number(reader, &number) {
            Err(Failure::Refused(Refusal::TicketNotFound)) => {}
            outcome => return outcome,
        }
    }
    Err(Refusal::TicketNotFound.into())
}

/// `POST /staff/checkins`, for all staff: lets somebody in by the `code` or the `number` of a ticket, raw as a scanner
/// or a hand typed it. 200, also for a second read at the same door a moment later; one effect for an
/// `Idempotency-Key`. 404 `TICKET_NOT_FOUND`; 409 `ALREADY_CHECKED_IN`, `TICKET_VOID`, `TICKET_FOR_OTHER_DATE`; 422
/// `TICKET_CODE_INVALID`.
pub fn check_in(context: &Context) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let input = read_door_input(&mut fields)?;
    let door = fields.has("door").then(|| fields.line("door", 1..=DOOR_MAX_CHARS)).transpose()?;
    let schedule_id = fields.has("scheduleId").then(|| fields.integer("scheduleId", 0..=i64::MAX)).transpose()?;
    fields.end()?;
    let public = context.state.signing.public();
    Answer::write(move |tx| {
        let admitted = super::check_in(tx, &public, &input, &CheckInContext { door, schedule_id })?;
        let mut event_data = ticket_json_for_staff(&admitted.found);
        event_data["repeated"] = admitted.repeated.into();
        Ok(Written::Ready(Reply::json(200, &event_data)))
    })
}

/// A `code` or a `number`, one of the two, raw as a scanner or a hand typed it: control characters of a scanner too.
fn read_door_input(fields: &mut Fields) -> Result<DoorInput, Refusal> {
    let [has_number, has_code] = ["number", "code"].map(|name| fields.has(name));
    let name = if has_number && !has_code { "number" } else { "code" };
    let text = fields.text(name)?;
    if text.is_empty() || text.chars().nth(SHOWN_MAX_CHARS).is_some() {
        let (en, ko) = ("must have 1 to 1000 characters", "1자 이상 1000자 이하여야 합니다");
        return Err(Refusal::invalid(fields.pointer(name), en, ko));
    }
    if fields.has("number") {
        let at = fields.pointer("number");
        return Err(Refusal::invalid(at, "and code can't be given both", "code와 함께 줄 수 없습니다"));
    }
    Ok(if name == "code" { DoorInput::Code(text) } else { DoorInput::Number(text) })
}

/// `DELETE /staff/checkins/{ticketId}`, for all staff: takes a mistaken scan back. 200 with the ticket, which opens the
/// door again. 404 `TICKET_NOT_FOUND`; 409 `TICKET_NOT_CHECKED_IN`.
pub fn undo(context: &Context) -> Outcome<Answer> {
    let ticket_id = context.id("ticketId", Refusal::TicketNotFound)?;
    Answer::write(move |tx| Ok(Written::Ready(Reply::json(200, &ticket_json_for_staff(&super::undo(tx, ticket_id)?)))))
}

/// `GET /staff/schedules/{scheduleId}/checkins`, for all staff: 200 with how many are expected and how many are in, by
/// section; void tickets do not count. 404 `SCHEDULE_NOT_FOUND`.
pub fn counts(context: &Context) -> Outcome<Answer> {
    let schedule_id = context.number("scheduleId")?;
    let sections = super::count_by_section(&*context.reader()?, schedule_id)?;
    let sum = |of: fn(&super::Count) -> i64| sections.iter().map(of).sum::<i64>();
    Answer::json(
        200,
        &json!({
            "scheduleId": schedule_id,
            "expected": sum(|count| count.expected),
            "in": sum(|count| count.inside),
            "sections": sections,
        }),
    )
}

/// `GET /staff/schedules/{scheduleId}/door-list`, for all staff: 200 with the signed list for a door without network,
/// as lines of JSON. 404 `SCHEDULE_NOT_FOUND`.
pub fn list_for_door(context: &Context) -> Outcome<Answer> {
    let schedule_id = context.number("scheduleId")?;
    let reader = context.reader()?;
    let date = schedule::must_find(&reader, schedule_id)?;
    let about = DoorListHeader {
        schedule_id,
        concert_title: date.concert_title,
        starts_at: date.starts_at,
        time_zone: context.state.settings.sale.time_zone.iana_name().unwrap_or("UTC").to_owned(),
        made_at: context.now,
    };
    let tickets = super::list_for_door(&reader, schedule_id)?;
    drop(reader);
    let mut reply = Reply::empty(200);
    reply.content_type = "application/jsonl".into();
    reply.body = door_list::write(&context.state.signing, &about, &tickets).into();
    let name = format!("attachment; filename=\"door-list-{schedule_id}-{}.jsonl\"", date.date);
    Ok(Answer::Ready(reply.with("Content-Disposition", name)))
}

/// `POST /staff/checkins/scans`, for all staff: records up to 200 scans of a door without network. 200 with what came
/// of each; one that is known by its id gets its first outcome again, with or without an `Idempotency-Key`.
pub fn take_scans(context: &Context) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let door = fields.line("door", 1..=DOOR_MAX_CHARS)?;
    let scans = fields.objects("scans", 1..=SCANS_MAX)?.into_iter().map(|mut fields| {
        let scan = Scan {
            scan_id: fields.id("scanId")?,
            input: read_door_input(&mut fields)?,
            at: fields.instant("at")?,
            pointer: fields.pointer("scanId"),
        };
        fields.end().map(|()| scan)
    });
    let scans = scans.collect::<Result<Vec<Scan>, Refusal>>()?;
    fields.end()?;
    let public = context.state.signing.public();
    Answer::write(move |tx| {
        let (mut taken, mut conflicts) = (Vec::new(), Vec::new());
        for scan in &scans {
            let Some((kept, known)) = super::record_scan(tx, &public, &door, scan)? else {
                taken.push(json!({ "scanId": scan.scan_id, "outcome": Code::NotFound.word() }));
                continue;
            };
            let mut told = scan_json(&kept);
            told["known"] = known.into();
            if kept.outcome != ScanOutcome::CheckedIn {
                conflicts.push(told.clone());
            }
            taken.push(told);
        }
        Ok(Written::Ready(Reply::json(200, &json!({ "scans": taken, "conflicts": conflicts }))))
    })
}

fn scan_json(kept: &StoredScan) -> Value {
    json!({
        "scanNumber": kept.scan_no,
        "scanId": kept.scan_id,
        "outcome": kept.outcome,
        "ticketId": kept.ticket_id,
        "number": kept.number,
        "scheduleId": kept.schedule_id,
        "seat": kept.seat,
        "scan": kept.scan,
        "other": kept.other,
        "toldAt": kept.told_at,
    })
}

/// `GET /staff/checkins/conflicts`, for all staff: 200 with the tickets that were seen at two doors or let in although
/// void, oldest first: `scheduleId`, `after`, `limit` 1 to 1,000 (100).
pub fn conflicts(context: &Context) -> Outcome<Answer> {
    let schedule_id = context.query_number("scheduleId", 1..=i64::MAX)?;
    let after = context.query_number("after", 0..=i64::MAX)?.unwrap_or(0);
    let limit = context.limit(CONFLICTS, CONFLICTS_MAX)?;
    let conflicts = super::list_conflicts(&*context.reader()?, schedule_id, after, limit)?;
    Answer::json(200, &json!({ "conflicts": conflicts.iter().map(scan_json).collect::<Vec<Value>>() }))
}
