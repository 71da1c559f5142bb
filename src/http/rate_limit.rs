//! How often one address may try something within a minute.

use std::collections::HashMap;
use std::net::IpAddr;

use parking_lot::Mutex;

use super::server::{UNATTRIBUTED, rate_key};
use crate::clock::Millis;
use crate::refusal::Refusal;

const MINUTE_US: i64 = 60_000_000;
/// Addresses that are told apart at once; beyond them newcomers share one account, so that memory stays small.
const ADDRESSES_MAX: usize = 50_000;
/// How often those that are empty again are looked for when there is no room: a stranger with many addresses
/// must not cost everybody a look at all of them.
const LOOK_EVERY_US: i64 = 1_000_000;

/// Counts tries by address (of IPv6 by /64): a minute's worth may come at once, after that as they
/// trickle back. This is the generic cell rate algorithm (ITU-T I.371), which needs one number an
/// address: when its account would be empty again.
#[derive(Debug)]
pub struct RateLimit {
    per_minute: u32,
    counts_loopback: bool,
    accounts: Mutex<Accounts>,
}

#[derive(Debug, Default)]
struct Accounts {
    /// When each would be empty again, in microseconds since 1970.
    empty_at_us: HashMap<IpAddr, i64>,
    /// Until then nobody looks for empty ones again.
    look_from_us: i64,
}

impl RateLimit {
    /// So many a minute (0: no limit); loopback is exempt unless it is to be counted too.
    pub fn new(per_minute: u32, counts_loopback: bool) -> RateLimit {
        RateLimit { per_minute, counts_loopback, accounts: Mutex::default() }
    }

    /// Counts one try.
    ///
    /// # Errors
    /// `TOO_MANY_REQUESTS` when the address has none left; the try is not counted then.
    pub fn count(&self, address: IpAddr, now: Millis) -> Result<(), Refusal> {
        let Some(account) = self.account_of(address) else { return Ok(()) };
        let now_us = now.unix_ms().saturating_mul(1_000);
        let mut accounts = self.accounts.lock();
        let account = accounts.held_as(account, now_us);
        let empty_at_us = accounts.empty_at_us.entry(account).or_insert(now_us);
        let after_us = (*empty_at_us).max(now_us) + MINUTE_US / i64::from(self.per_minute);
        within(after_us, now_us)?;
        *empty_at_us = after_us;
        Ok(())
    }

    /// Whether the address has a try left, without counting one.
    ///
    /// # Errors
    /// `TOO_MANY_REQUESTS`.
    pub fn must_have_left(&self, address: IpAddr, now: Millis) -> Result<(), Refusal> {
        let Some(account) = self.account_of(address) else { return Ok(()) };
        let now_us = now.unix_ms().saturating_mul(1_000);
        let mut accounts = self.accounts.lock();
        let account = accounts.held_as(account, now_us);
        let empty_at_us = accounts.empty_at_us.get(&account).copied().unwrap_or(now_us);
        within(empty_at_us.max(now_us) + MINUTE_US / i64::from(self.per_minute), now_us)
    }

    /// Forgets every try.
    pub fn clear(&self) {
        *self.accounts.lock() = Accounts::default();
    }

    fn account_of(&self, address: IpAddr) -> Option<IpAddr> {
        let is_exempt = self.per_minute == 0 || (address.to_canonical().is_loopback() && !self.counts_loopback);
        (!is_exempt).then(|| rate_key(address))
    }
}

fn within(after_us: i64, now_us: i64) -> Result<(), Refusal> {
    let late_us = after_us - now_us - MINUTE_US;
    if late_us <= 0 {
        return Ok(());
    }
    let retry_after_seconds = u32::try_from((late_us + 999_999) / 1_000_000).unwrap_or(60);
    Err(Refusal::TooManyRequests { retry_after_seconds })
}

impl Accounts {
    /// The account that an address is held to: its own, or the shared one where there is no room for more.
    fn held_as(&mut self, account: IpAddr, now_us: i64) -> IpAddr {
        if self.empty_at_us.contains_key(&account) || self.make_room(now_us) { account } else { UNATTRIBUTED }
    }

    /// Whether there is room for one more account, after those that are empty again have gone.
    fn make_room(&mut self, now_us: i64) -> bool {
        if self.empty_at_us.len() >= ADDRESSES_MAX && now_us >= self.look_from_us {
            self.empty_at_us.retain(|_, empty_at_us| *empty_at_us > now_us);
            self.look_from_us = now_us + LOOK_EVERY_US;
        }
        self.empty_at_us.len() < ADDRESSES_MAX
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const START: Millis = Millis::from_unix_ms(1_763_804_000_000);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn counted(limit: &RateLimit, from: &str, now: Millis, tries: u32) -> u32 {
        (0..tries).filter(|_| limit.count(address(from), now).is_ok()).count() as u32
    }

    #[test]
    fn rate_limit_minute_s_worth_may_come_at_once_and_the_rest_as_it_trickles_back() {
        let limit = RateLimit::new(600, false);
        assert_eq!(counted(&limit, "192.0.2.1", START, 700), 600);
        let refused = limit.count(address("192.0.2.1"), START).unwrap_err();
        assert_eq!(refused, Refusal::TooManyRequests { retry_after_seconds: 1 });
        assert!(limit.must_have_left(address("192.0.2.1"), START).is_err());
        assert_eq!(counted(&limit, "192.0.2.1", START.plus_ms(1_000), 700), 10);
        assert_eq!(counted(&limit, "192.0.2.1", START.plus_ms(61_000), 700), 600);
        let slow = RateLimit::new(1, false);
        assert_eq!(counted(&slow, "192.0.2.1", START, 1), 1);
        let refused = slow.count(address("192.0.2.1"), START).unwrap_err();
        assert_eq!(refused, Refusal::TooManyRequests { retry_after_seconds: 60 });
    }

    #[test]
    fn addresses_do_not_pay_for_each_other_but_those_of_one_ipv6_network_do() {
        let limit = RateLimit::new(5, false);
        assert_eq!(counted(&limit, "192.0.2.1", START, 9), 5);
        assert_eq!(counted(&limit, "192.0.2.2", START, 9), 5);
        assert_eq!(counted(&limit, "2001:db8::1", START, 4) + counted(&limit, "2001:db8::2", START, 4), 5);
    }

    #[test]
    fn loopback_is_exempt_unless_it_is_counted_and_zero_is_no_limit() {
        for (limit, from, tries) in [
            (RateLimit::new(5, false), "127.0.0.9", 9),
            (RateLimit::new(5, true), "127.0.0.9", 5),
            (RateLimit::new(5, false), "::1", 9),
            (RateLimit::new(5, false), "::ffff:127.0.0.1", 9),
            (RateLimit::new(0, true), "192.0.2.1", 9),
        ] {
            assert_eq!(counted(&limit, from, START, 9), tries, "{from}");
        }
    }

    #[test]
    fn beyond_the_addresses_told_apart_newcomers_share_one_account() {
        let limit = RateLimit::new(1, false);
        let nth = |n: u32| IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + n));
        let newcomers = ADDRESSES_MAX as u32 + 10;
        let taken = (0..newcomers).filter(|n| limit.count(nth(*n), START).is_ok()).count();
        assert_eq!(taken, ADDRESSES_MAX + 1);
        assert!(limit.accounts.lock().empty_at_us.len() <= ADDRESSES_MAX + 1);
        assert!(limit.must_have_left(nth(newcomers), START).is_err(), "the shared account is used up");
        assert!(limit.count(nth(newcomers), START.plus_ms(60_000)).is_ok());
        assert_eq!(limit.accounts.lock().empty_at_us.len(), 1);
    }

    /// A limit that looks at all its addresses for each newcomer makes everybody pay for a stranger who has many.
    #[test]
    fn rate_limit_without_room_it_looks_for_some_once_a_second() {
        let limit = RateLimit::new(6_000, false); // an account is empty again after 10 ms
        let nth = |n: usize| IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + n as u32));
        let kept = || limit.accounts.lock().empty_at_us.len();
        for n in 0..=ADDRESSES_MAX {
            limit.count(nth(n), START).unwrap();
        }
        limit.count(nth(ADDRESSES_MAX + 1), START.plus_ms(999)).unwrap();
        assert_eq!(kept(), ADDRESSES_MAX + 1, "all of them, and the shared one");
        limit.count(nth(ADDRESSES_MAX + 1), START.plus_ms(1_000)).unwrap();
        assert_eq!(kept(), 2, "the newcomer, and the shared one that was just used");
    }
}
