//! The calls of staff: who may make them, where they lead, and on whose behalf they write.

use super::{Rooms, no_method, number, operations, reservation_id, roles, user_id};
use crate::http::{Credential, Method, Park, Request};
use crate::refusal::Refusal;
use crate::staff::{self, Member};
use crate::store::Outcome;
use crate::venue::{Answer, Work, Written};
use crate::{balance, evening, queue, report, reservation, schedule, seat, ticket, user};

impl Rooms {
    /// A call of staff: first whose key it is, then what there is, then whether the role may.
    pub(super) fn for_staff(&self, request: &Request, path: &[&str]) -> Outcome<Answer> {
        // A staff key may be of somebody's own choosing: guesses beyond the limit are not even looked at.
        self.wrong_keys.must_have_left(request.peer, self.venue.clock.now())?;
        let member = self.member(request)?;
        let Some(allowed) = roles::roles_of(request.method, path) else {
            return no_method(request, roles::methods_of(path).ok_or(Refusal::NotFound)?);
        };
        member.must_be(allowed)?;
        self.by_key(member.key_id, self.staff(request, path, &member)?)
    }

    /// What a call of staff comes to, unless its key was revoked meanwhile.
    pub(super) fn by_key(&self, key_id: i64, answer: Answer) -> Outcome<Answer> {
        if !self.keyring.has(key_id) {
            return Err(Refusal::StaffKeyInvalid.into());
        }
        Ok(match answer {
            // Whether the key still opens something is asked of the file: what is written before this may revoke it.
            Answer::Write(work) => Answer::Write(Box::new(move |tx| {
                staff::must_be_live(tx, key_id)?;
                on_behalf_of(key_id, work)(tx)
            })),
            Answer::Park(park) => Answer::Park(waits_for(key_id, park)),
            answer => answer,
        })
    }

    fn staff(&self, request: &Request, path: &[&str], member: &Member) -> Outcome<Answer> {
        use Method::{Delete, Get, Patch, Post, Put};
        let (venue, line) = (&*self.venue, &self.line);
        match (request.method, path) {
            (Get, ["me"]) => staff::staff_api::me(member),
            (Get, ["keys"]) => staff::staff_api::keys(venue),
            (Post, ["keys"]) => staff::staff_api::add_key(request),
            (Delete, ["keys", id]) => staff::staff_api::revoke_key(number(id)?),
            (Get, ["concerts"]) => schedule::api::concerts(venue),
            (Post, ["concerts"]) => schedule::staff_api::add_concert(request),
            (Patch, ["concerts", id]) => schedule::staff_api::change_concert(request, number(id)?),
            (Get, ["concerts", id, "schedules"]) => seat::staff_api::schedules(venue, request, number(id)?),
            (Post, ["concerts", id, "schedules"]) => seat::staff_api::add_schedule(venue, request, number(id)?),
            (Get, ["schedules", id]) => seat::staff_api::schedule(venue, request, number(id)?),
            (Get, ["schedules", id, "seats"]) => seat::staff_api::seats(venue, request, number(id)?),
            (Patch, ["schedules", id]) => seat::staff_api::change_schedule(venue, request, number(id)?),
            (Put, ["schedules", id, "seats", seat]) => seat::staff_api::block_seat(request, number(id)?, seat),
            (Get, ["schedules", id, "sales"]) => report::staff_api::sales(venue, request, number(id)?),
            (Get, ["ledger"]) => report::staff_api::ledger(venue, request),
            (Get, ["schedules", id, "cancellation"]) => {
                reservation::staff_api::cancellation(venue, request, number(id)?)
            }
            (Post, ["schedules", id, "cancellation"]) => reservation::staff_api::cancel_date(request, number(id)?),
            (Get, ["reservations", id]) => reservation::staff_api::reservation(venue, reservation_id(id)?),
            (Post, ["reservations", id, "refund"]) => reservation::staff_api::refund(request, reservation_id(id)?),
            (Get, ["evening"]) => evening::staff_api::evening(venue, line, request),
            (Get, ["queue"]) => queue::staff_api::queue(venue, line),
            (Patch, ["queue"]) => queue::staff_api::change(request),
            (Post, ["queue", "admissions"]) => queue::staff_api::admit(line, request),
            (Post, ["queue", "tokens"]) => queue::staff_api::invite(venue, line, request),
            (Delete, ["queue", "tokens", id]) => reservation::api::revoke(user_id(id)?),
            (Get, ["users"]) => user::api::find(venue, request),
            (Get, ["users", id]) => balance::staff_api::user(venue, request, user_id(id)?),
            (Get, ["users", id, "reservations"]) => {
                user::must_exist(&*venue.readers.get()?, user_id(id)?)?;
                reservation::api::reservations(venue, user_id(id)?)
            }
            (Post, ["users", id, "key"]) => user::api::renew_key(user_id(id)?),
            (Post, ["users", id, "balance", "top-ups"]) => balance::staff_api::top_up(request, user_id(id)?),
            (Post, ["users", id, "balance", "corrections"]) => balance::staff_api::correct(request, user_id(id)?),
            (Post, ["checkins"]) => ticket::staff_api::check_in(venue, request),
            (Post, ["checkins", "scans"]) => ticket::staff_api::take_scans(venue, request),
            (Get, ["checkins", "conflicts"]) => ticket::staff_api::conflicts(venue, request),
            (Delete, ["checkins", id]) => ticket::staff_api::undo(id),
            (Get, ["schedules", id, "checkins"]) => ticket::staff_api::counts(venue, number(id)?),
            (Get, ["schedules", id, "door-list"]) => ticket::staff_api::list_for_door(venue, number(id)?),
            (Get, ["tickets", id]) => ticket::staff_api::ticket(venue, id),
            (Get, ["events"]) => operations::events(venue, request),
            (Post, ["clock"]) => operations::turn_clock(venue, request),
            _ => Err(Refusal::Internal.into()), // the table of roles has a call that leads nowhere
        }
    }

    /// Whose staff key the request carries.
    fn member(&self, request: &Request) -> Result<Member, Refusal> {
        match Credential::of(request) {
            Credential::Bearer(key) => self.keyring.find(&key).ok_or(Refusal::StaffKeyInvalid),
            _ => Err(Refusal::StaffKeyInvalid),
        }
    }
}

/// Work that is done by staff, to its last part: the events that it records say by whom.
fn on_behalf_of(key_id: i64, work: Work) -> Work {
    Box::new(move |tx| {
        Ok(match tx.on_behalf_of(key_id, work)? {
            Written::Then(next) => Written::Then(on_behalf_of(key_id, next)),
            Written::Park(reply, park) => Written::Park(reply, waits_for(key_id, park)),
            written => written,
        })
    })
}

/// The wait of somebody who works here. The memo names the key, so that one revoked meanwhile gets no answer.
fn waits_for(key_id: i64, park: Park) -> Park {
    Park { memo: format!("staff {key_id} {}", park.memo), ..park }
}

/// The key and the memo of the wait itself, by the memo of `waits_for`.
pub(super) fn of_staff(memo: &str) -> Option<(i64, &str)> {
    let (key_id, memo) = memo.strip_prefix("staff ")?.split_once(' ')?;
    Some((key_id.parse().ok()?, memo))
}
