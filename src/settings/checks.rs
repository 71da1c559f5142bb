//! What no single setting shows: which of them need each other, and which exclude each other.

use std::net::SocketAddr;

use super::listen::is_loopback;
use super::{MachineSettings, Settings};

impl Settings {
    /// Checks all of them together.
    ///
    /// # Errors
    /// A sentence that names the setting and the remedy.
    pub fn check(&self, listen: SocketAddr) -> Result<(), String> {
        if let Some(setting) = self.opens_to_others(listen).filter(|_| self.sale.top_up_policy.is_none()) {
            return Err(format!(
                "with {setting} others can reach the server, so --top-up-policy must be given: staff (points are sold at the \
                 counter) or self (everyone may top up their own balance)."
            ));
        }
        if let Some(staff) = self.staff_listen
            && staff == listen
            && staff.port() != 0
        {
            return Err(format!("--staff-listen {staff} is the same as --listen; give it a port of its own."));
        }
        self.tls.check(listen, self.staff_listen)?;
        for (flag, is_given) in
            [("--test-random", self.test_random.is_some()), ("--test-clock-at", self.test_clock_at.is_some())]
        {
            if is_given && self.test_clock.is_none() {
                return Err(format!("{flag} is for tests and needs their clock; give --test-clock=frozen as well."));
            }
        }
        if self.course.is_some() && !self.is_test_server() && !self.has_demo_hall {
            return Err("--course lets everybody act as any user by a number, so it is for demo and for servers for tests; give \
                        --ephemeral, or --test-clock for a file that stays."
                .into());
        }
        let MachineSettings { token_days, idempotency_hours, .. } = self.machine;
        if token_days * 24 < idempotency_hours {
            return Err(format!(
                "--token-days {token_days} is shorter than --idempotency-hours {idempotency_hours}, and a token must be \
                 remembered as long as an answer to it may be asked for again; give at least --token-days {}.",
                idempotency_hours.div_ceil(24)
            ));
        }
        Ok(())
    }

    /// The setting by which others can reach the server, if one does: an address that is
    /// not this machine's alone, or a proxy before it.
    fn opens_to_others(&self, listen: SocketAddr) -> Option<String> {
        let addresses = [("--listen", Some(listen)), ("--staff-listen", self.staff_listen)];
        let mut open = addresses.into_iter().filter_map(|(flag, address)| Some((flag, address?)));
        let open = open.find(|(_, address)| !is_loopback(address.ip()));
        let proxy = || self.http.http_proxies.first().map(|proxy| format!("--http-proxies {proxy}"));
        open.map(|(flag, address)| format!("{flag} {address}")).or_else(proxy)
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::TopUpPolicy;
    use crate::settings::tests::parse;

    #[test]
    fn setting_in_public_the_top_up_policy_must_be_given() {
        for (flags, named) in [
            (&["--listen", "0.0.0.0:80"][..], "--listen 0.0.0.0:80"),
            (&["--listen", "[::]:80"], "--listen [::]:80"),
            (&["--staff-listen", "192.168.0.2:80"], "--staff-listen 192.168.0.2:80"),
            (&["--http-proxies", "127.0.0.1"], "--http-proxies 127.0.0.1/32"),
            (&["--listen", "127.0.0.1:80", "--http-proxies", "10.0.0.0/8"], "--http-proxies 10.0.0.0/8"),
        ] {
            let why = parse(flags).unwrap_err();
            assert!(why.contains(named) && why.contains("--top-up-policy"), "{why}");
            assert!(parse(&[flags, &["--top-up-policy", "self"]].concat()).is_ok());
        }
        assert!(parse(&["--listen", "127.0.0.2:80", "--staff-listen", "[::ffff:127.0.0.1]:80"]).is_ok());
        assert!(parse(&["--listen", "0.0.0.0:80", "--top-up-policy", "staff"]).is_ok());
        assert_eq!(parse(&["--listen", "[::1]:0"]).unwrap().top_up_policy(), TopUpPolicy::Own);
    }

    #[test]
    fn token_is_remembered_as_long_as_its_answers() {
        let why = parse(&["--token-days", "2", "--idempotency-hours", "49"]).unwrap_err();
        assert!(why.contains("at least --token-days 3"), "{why}");
        assert!(parse(&["--token-days", "3", "--idempotency-hours", "49"]).is_ok());
    }
}
