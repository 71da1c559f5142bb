//! `X-Forwarded-For`, `X-Forwarded-Proto` and `Forwarded`, sound and not.

use super::*;

fn all_behind(peer: &str, fields: ForwardedFields<'_>) -> ClientBehind {
    let trusted = ["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
    client_behind(peer.parse().unwrap(), &trusted, fields)
}

fn behind(peer: &str, forwarded: Option<&str>, x_forwarded_for: Option<&str>) -> String {
    let fields = ForwardedFields { forwarded, x_forwarded_for, x_forwarded_proto: None };
    all_behind(peer, fields).address.to_string()
}

fn client(forwarded: Option<&str>, x_forwarded_for: Option<&str>) -> String {
    behind("127.0.0.1", forwarded, x_forwarded_for)
}

#[test]
fn forwarded_fields_of_a_stranger_are_not_believed() {
    assert_eq!(behind("192.0.2.9", Some("for=1.2.3.4"), Some("1.2.3.4")), "192.0.2.9");
    assert_eq!(behind("::ffff:192.0.2.9", None, Some("1.2.3.4")), "192.0.2.9");
}

#[test]
fn forwarded_scheme_counts_where_the_client_stands_and_from_trusted_proxies_alone() {
    let is_https = |peer: &str, forwarded, x_forwarded_for, x_forwarded_proto| {
        all_behind(peer, ForwardedFields { forwarded, x_forwarded_for, x_forwarded_proto }).is_https
    };
    assert!(!is_https("192.0.2.9", Some("for=1.2.3.4;proto=https"), None, Some("https")), "a stranger");
    let proxied = |forwarded, for_field, proto| is_https("127.0.0.1", forwarded, for_field, proto);
    assert!(proxied(None, None, Some("https")) && proxied(None, Some("192.0.2.7"), Some("HTTPS")));
    assert!(!proxied(None, Some("192.0.2.7"), None) && !proxied(None, Some("192.0.2.7"), Some("http")));
    assert!(proxied(None, Some("192.0.2.7, 10.1.2.3"), Some("https")), "the nearest proxy replaces the field");
    assert!(proxied(None, Some("192.0.2.7, 10.1.2.3"), Some("https, http")), "each proxy adds to the field");
    assert!(!proxied(None, Some("192.0.2.7"), Some("https, http")), "a customer's own stands before the proxy's");
    assert!(proxied(Some("for=6.6.6.6, for=192.0.2.7;proto=\"https\", for=10.1.2.3;proto=http"), None, None));
    assert!(proxied(Some("for=_hidden;Proto=HTTPS"), None, None));
    assert!(!proxied(Some("for=192.0.2.7"), None, Some("https")), "a customer's own beside what the proxy wrote");
    assert!(!proxied(Some("for=192.0.2.7;proto=https"), Some("192.0.2.7"), None), "the other way round");
    assert!(
        !proxied(Some("for=192.0.2.7;proto=https;proto=https"), None, None)
            && !proxied(Some("proto=\"https"), None, None)
    );
}

#[test]
fn forwarded_rightmost_address_that_is_not_trusted_is_the_client() {
    assert_eq!(client(None, Some("6.6.6.6, 192.0.2.7, 10.1.2.3")), "192.0.2.7");
    assert_eq!(client(Some("for=6.6.6.6, For=\"[2001:db8::7]:99\";proto=https, for=10.1.2.3"), None), "2001:db8::7");
    assert_eq!(client(Some("for=192.0.2.7:1234"), None), "192.0.2.7");
    assert_eq!(client(None, Some("fd00::1")), "fd00::1", "all hops are trusted: the farthest is the client");
    assert_eq!(client(None, None), "127.0.0.1", "the proxy's own call");
}

#[test]
fn forwarded_proxies_match_in_their_ipv6_form_too() {
    for peer in ["127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.9.8.7", "fd12::1"] {
        assert_eq!(behind(peer, None, Some("192.0.2.7")), "192.0.2.7", "{peer}");
        assert_eq!(behind(peer, None, Some("192.0.2.7, ::ffff:10.1.1.1")), "192.0.2.7", "{peer}");
    }
    assert_eq!(client(None, Some("::ffff:192.0.2.7")), "192.0.2.7");
    assert_eq!(client(Some("for=\"[::ffff:192.0.2.7]:80\""), None), "192.0.2.7");
}

#[test]
fn forwarded_of_a_customer_does_not_outweigh_what_the_proxy_wrote() {
    for forged in ["for=127.0.0.1", "for=6.6.6.6", "for=_hidden", "for=\"", ""] {
        assert_eq!(client(Some(forged), Some("6.6.6.6, 192.0.2.7")), "192.0.2.7", "{forged}");
    }
}

/// Who cannot be told apart is not the proxy, which is exempt from limits.
#[test]
fn forwarded_hops_that_cannot_be_read_share_one_account_that_is_not_exempt() {
    for hop in [
        "unknown",
        "_hidden",
        "_SEVKISEK",
        "",
        "unix:",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "300.1.1.1",
        "[::1",
        "::1]",
        "[1.2.3.4]",
        "[::1]x",
        "[::1]:",
        "1.2.3.4:",
        "1.2.3.4:x",
        "1.2.3.4:123456",
        "1.2.3.4:99999",
        "1.2.3.4:+1",
        "1.2.3.4:_",
        "1.2.3.4/8",
        "fe80::1%",
        "example.com",
        "localhost",
        "1.2.3.4 1.2.3.4",
        "\"1.2.3.4\"",
        "0x7f000001",
        "127.1",
    ] {
        assert_eq!(client(None, Some(hop)), UNATTRIBUTED.to_string(), "{hop:?}");
        assert_eq!(client(None, Some(&format!("192.0.2.7, {hop}"))), UNATTRIBUTED.to_string(), "{hop:?}");
        assert_eq!(client(None, Some(&format!("{hop}, 10.1.2.3"))), UNATTRIBUTED.to_string(), "{hop:?}");
    }
    for field in [
        "for=unknown",
        "for=_x",
        "for=\"_x:_y\"",
        "by=192.0.2.7",
        "proto=https",
        "",
        "for",
        "for=",
        "for=\"192.0.2.7",
        "for=192.0.2.7;for=192.0.2.8",
        "for=192.0.2.7,",
        "for=\"x, for=192.0.2.7",
        "192.0.2.7",
    ] {
        assert_eq!(client(Some(field), None), UNATTRIBUTED.to_string(), "{field:?}");
    }
    assert!(!UNATTRIBUTED.is_loopback());
}

#[test]
fn forwarded_nodes_have_ports_brackets_zones_and_quotes() {
    for (hop, wanted) in [
        ("192.0.2.7:1", "192.0.2.7"),
        ("192.0.2.7:65535", "192.0.2.7"),
        ("192.0.2.7:_port-1", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:_p", "2001:db8::7"),
        ("fe80::7%eth0", "fe80::7"),
        ("[fe80::7%25eth0]:80", "fe80::7"),
        ("\t192.0.2.7 ", "192.0.2.7"),
    ] {
        assert_eq!(client(None, Some(hop)), wanted, "{hop:?}");
        assert_eq!(client(Some(&format!("proto=http ; FOR=\"{}\"; by=_me", hop.trim())), None), wanted, "{hop:?}");
    }
    assert_eq!(client(Some("for=6.6.6.6;by=\"a,b;for=7.7.7.7\", for=192.0.2.7"), None), "192.0.2.7");
}

#[test]
fn rate_key_is_an_ipv4_address_or_an_ipv6_network() {
    for (address, key) in
        [("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    {
        assert_eq!(rate_key(address.parse().unwrap()).to_string(), key);
    }
}
