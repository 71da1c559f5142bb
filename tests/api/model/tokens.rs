//! The lines of the model: who stands where, who is let in and dropped, and which place is given back.

use super::words::{Expected, Fact, done, refused};
use super::world::{Life, Token, World};

impl World {
    /// At the door at once; further away it depends on how fast the line was seen to move, which is not modelled.
    pub fn poll_after(&self, token: usize) -> Fact {
        match self.position(token) {
            ..=2 => Fact::Number(1),
            _ => Fact::Within(1, 30),
        }
    }

    /// 1 for the next to be let in; 0 once active.
    pub fn position(&self, token: usize) -> i64 {
        let line = self.tokens[token].line;
        let waiting = |token: &Token| token.life == Life::Waiting && token.line == line;
        if waiting(&self.tokens[token]) {
            let place = self.tokens[token].place;
            self.tokens.iter().filter(|token| waiting(token) && token.place <= place).count() as i64
        } else {
            0
        }
    }

    /// A call with a valid token keeps it in the line, and claims it once it is let in.
    pub fn hear(&mut self, token: usize) {
        let now = self.now;
        let token = &mut self.tokens[token];
        token.heard_at = token.heard_at.max(now);
        token.claimed |= token.life == Life::Active;
    }

    /// When a token's silence ends it.
    pub fn silent_until(&self, token: &Token) -> Option<i64> {
        let rules = &self.rules[token.line];
        match token.life {
            Life::Waiting => Some(token.heard_at + rules.abandon_ms),
            Life::Active if !token.claimed && rules.claim_ms > 0 => Some(token.heard_at + rules.claim_ms),
            _ => None,
        }
    }

    pub fn end_token(&mut self, token: usize, reason: &'static str) {
        let Token { line, place, .. } = self.tokens[token];
        let grace_ms = self.rules[line].grace_ms;
        let overtook = |it: &Token| it.line == line && it.place > place && it.activated_at.is_some();
        let is_kept = reason == "ABANDONED" && grace_ms > 0 && !self.tokens.iter().any(overtook);
        self.tokens[token].kept_until = is_kept.then_some(self.now + grace_ms);
        self.tokens[token].life = Life::Ended(reason);
    }

    /// The place that a user may have again in a line; afterwards there is none, whether or not its time was over.
    pub fn take_kept(&mut self, line: usize, user: usize) -> Option<usize> {
        let mut own = self.tokens.iter_mut().filter(|token| token.line == line && token.user == user);
        let token = own.find(|token| token.kept_until.is_some())?;
        let until = token.kept_until.take()?;
        (self.now < until).then_some(token.place)
    }

    /// Lets in the next of each line as far as both of its limits allow.
    pub fn admit(&mut self) {
        let mut in_order: Vec<usize> = (0..self.tokens.len()).collect();
        in_order.sort_by_key(|token| self.tokens[*token].place);
        for token in in_order {
            let line = self.tokens[token].line;
            let rules = &self.rules[line];
            let full = rules.max_active > 0 && self.count(line, Life::Active) >= rules.max_active;
            let fast = rules.admit_per_minute > 0 && self.admitted_last_minute(line) >= rules.admit_per_minute;
            let (now, visit_ms, stands) = (self.now, rules.visit_ms, rules.paused || full || fast);
            let token = &mut self.tokens[token];
            if token.life == Life::Waiting && !stands {
                token.life = Life::Active;
                token.activated_at = Some(now);
                token.heard_at = now;
                token.visit_until = now + visit_ms;
                token.active_until = token.visit_until;
                let place = token.place;
                self.admissions.push((line, now));
                let overtaken = self.tokens.iter_mut().filter(|it| it.line == line && it.place < place);
                overtaken.for_each(|it| it.kept_until = None);
            }
        }
    }

    /// A token as its owner sees it.
    pub fn token_facts(&self, token: usize) -> Vec<(&'static str, Fact)> {
        let it = &self.tokens[token];
        let active = it.life == Life::Active;
        let rules = &self.rules[it.line];
        let until = if active { it.active_until } else { it.heard_at + rules.abandon_ms };
        vec![
            ("/token", Fact::Token(token)),
            ("/userId", Fact::User(it.user)),
            ("/concertId", if it.line == 0 { Fact::Null } else { Fact::Number(2) }),
            ("/status", Fact::Word(if active { "ACTIVE" } else { "WAITING" })),
            ("/position", Fact::Number(self.position(token))),
            ("/pollAfterSeconds", self.poll_after(token)),
            ("/issuedAt", Fact::At(it.issued_at)),
            ("/activatedAt", it.activated_at.map_or(Fact::Null, Fact::At)),
            ("/expiresAt", Fact::At(until)),
            ("/joinNumber", Fact::Null),
            ("/paused", Fact::Truth(rules.paused)),
            ("/message", Fact::Null),
        ]
    }

    pub fn line_up(&mut self, user: usize, right_key: bool, line: usize) -> Expected {
        if !right_key || self.removed[user] {
            return refused(401, "USER_KEY_INVALID");
        }
        if self.banned[user] {
            return refused(403, "USER_BANNED");
        }
        if let Some(token) = self.live_in(line, user) {
            self.hear(token);
            return done(200, self.token_facts(token));
        }
        let token = self.tokens.len();
        let kept = self.take_kept(line, user);
        self.tokens.push(Token {
            user,
            line,
            place: kept.unwrap_or(token),
            kept_until: None,
            life: Life::Waiting,
            issued_at: self.now,
            heard_at: self.now,
            claimed: false,
            activated_at: None,
            visit_until: 0,
            active_until: 0,
        });
        self.admit();
        self.hear(token);
        let mut facts = self.token_facts(token);
        facts.push(("/placeRestored", Fact::There(kept.is_some())));
        Expected { new_token: Some(token), ..done(201, facts) }
    }

    pub fn end_visit(&mut self, token: usize, reason: &'static str) {
        let Token { user, line, .. } = self.tokens[token];
        if let Some(reservation) = self.pending_of(user).filter(|it| self.reservations[*it].line == line) {
            self.end_unpaid(reservation, "CANCELLED");
        }
        self.end_token(token, reason);
    }
}
