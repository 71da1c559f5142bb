//! What the model shows to those who only look: dates, maps, one's own things; and giving a hold back.

use super::words::{Expected, Fact, On, What, done, refused, refused_with};
use super::world::{Schedule, World, line_of};

impl World {
    fn dates(&self, concert: i64, all: bool) -> Expected {
        if !(1..=2).contains(&concert) {
            return refused(404, "CONCERT_NOT_FOUND");
        }
        let on_sale = |it: &Schedule| !it.cancelled && it.sale_opens_at <= self.now && self.now < it.sale_closes_at;
        let of =
            self.schedules.iter().filter(|it| it.concert == concert && (all || (on_sale(it) && self.free(it) > 0)));
        let dates = of.map(|it| (it.id, self.free(it))).collect();
        done(200, vec![("/schedules", Fact::Dates(dates))])
    }

    /// A token opens the concerts of its line only.
    pub fn must_open(&self, token: usize, concert: i64) -> Result<(), Expected> {
        if line_of(concert) == self.tokens[token].line {
            return Ok(());
        }
        Err(refused_with(403, "TOKEN_OTHER_LINE", vec![("/concertId", Fact::Number(concert))]))
    }

    pub fn look(&self, token: usize, what: &What) -> Expected {
        let concert = match what {
            What::Dates { concert, .. } | What::MapOn { concert, .. } => Some(*concert),
            What::Map { schedule } => self.schedule(*schedule).map(|schedule| schedule.concert),
            _ => None,
        };
        if let Err(refusal) = concert.map_or(Ok(()), |concert| self.must_open(token, concert)) {
            return refusal;
        }
        let user = self.tokens[token].user;
        let found = match what {
            What::Dates { concert, all } => return self.dates(*concert, *all),
            What::MapOn { date, .. } if date.contains("-13-") => return refused(400, "INVALID_REQUEST"),
            What::MapOn { concert, date } => self.which(&On::Date(*concert, date)),
            What::Map { schedule } => self.which(&On::Schedule(*schedule)),
            other => unreachable!("{other:?}"),
        };
        match found.map(|id| self.schedule(id)) {
            Ok(Some(schedule)) => done(
                200,
                vec![
                    ("/scheduleId", Fact::Number(schedule.id)),
                    ("/seatsAvailable", Fact::Number(self.free(schedule))),
                    ("/seats", Fact::Map(self.map(schedule, user))),
                ],
            ),
            Ok(None) => unreachable!(),
            Err(refusal) => refusal,
        }
    }

    pub fn own(&mut self, user: usize, what: &What) -> Expected {
        match what {
            What::RefundOwn { reservation, seats } => return self.refund_own(user, *reservation, seats),
            What::HandOver { reservation } => return self.hand_over(user, *reservation),
            _ => {}
        }
        let mine = |it: &Option<usize>| it.filter(|it| self.reservations[*it].user == user);
        match what {
            What::Balance { user: of } | What::Entries { user: of } if *of != user => refused(403, "NOT_YOURS"),
            What::Balance { .. } => done(200, self.balance_facts(user)),
            What::Entries { .. } => done(200, self.entries_facts(user)),
            What::List => done(200, vec![("/reservations", Fact::Reservations(self.list_of(user)))]),
            What::See { reservation } => match mine(reservation) {
                Some(it) => done(200, self.reservation_facts(it)),
                None => refused(404, "RESERVATION_NOT_FOUND"),
            },
            What::SeePayment { reservation } => match mine(reservation) {
                Some(id) => {
                    let it = &self.reservations[id];
                    let facts = vec![
                        ("/paymentId", Fact::Payment(id)),
                        ("/status", Fact::Word(it.payment_status())),
                        ("/amount", Fact::Number(it.amount)),
                        ("/paidAt", it.paid_at.map_or(Fact::Null, Fact::At)),
                    ];
                    done(200, facts)
                }
                None => refused(404, "PAYMENT_NOT_FOUND"),
            },
            What::Cancel { reservation } => match mine(reservation) {
                None => refused(404, "RESERVATION_NOT_FOUND"),
                Some(it) if self.reservations[it].status != "PENDING_PAYMENT" => {
                    refused(409, "RESERVATION_NOT_PENDING")
                }
                Some(it) => {
                    self.end_unpaid(it, "CANCELLED");
                    done(200, self.reservation_facts(it))
                }
            },
            other => unreachable!("{other:?}"),
        }
    }

    /// A user's reservations, newest first.
    pub fn list_of(&self, user: usize) -> Vec<(usize, &'static str)> {
        let own = self.reservations.iter().enumerate().rev().filter(|(_, it)| it.user == user);
        own.map(|(id, it)| (id, it.status)).collect()
    }

    pub fn balance_facts(&self, user: usize) -> Vec<(&'static str, Fact)> {
        let purse = &self.purses[user];
        vec![
            ("/userId", Fact::User(user)),
            ("/balance", Fact::Number(purse.balance)),
            ("/updatedAt", Fact::At(purse.changed_at)),
        ]
    }

    fn entries_facts(&self, user: usize) -> Vec<(&'static str, Fact)> {
        let entries = &self.purses[user].entries;
        let mut facts = vec![("/entries", Fact::Length(entries.len())), ("/nextCursor", Fact::Null)];
        if let Some((kind, amount, after)) = entries.last() {
            facts.push(("/entries/0/kind", Fact::Word(kind)));
            facts.push(("/entries/0/amount", Fact::Number(*amount)));
            facts.push(("/entries/0/balanceAfter", Fact::Number(*after)));
        }
        facts
    }
}
