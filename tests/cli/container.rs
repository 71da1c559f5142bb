//! What holds where the program runs in a container: addresses that can be used, and one address for all clients.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::Client;

/// A server that ends with its test: it ends with its standard input.
struct Started(Child, Vec<String>);

impl Drop for Started {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait(); // it may have ended
    }
}

/// Starts a command and reads so many lines of its standard output.
fn started(arguments: &[&str], environment: &[(&str, &str)], lines: usize) -> Started {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(arguments).env_remove("container");
    command.envs(environment.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let told = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok).take(lines).collect();
    Started(child, told)
}

/// A server for tests whose clients all come by a gateway, as the header of a proxy says.
fn users_by_one_gateway(flags: &[&str], count: usize) -> Vec<u16> {
    let serve =
        ["serve", "--ephemeral", "--until-stdin-closes", "--listen", "0.0.0.0:0", "--http-proxies", "127.0.0.1"];
    let server = started(&[&serve[..], flags].concat(), &[], 1);
    let ready: Value = serde_json::from_str(&server.1[0]).unwrap();
    let url = ready["url"].as_str().unwrap();
    assert!(url.starts_with("http://localhost:"), "{url}");
    let client = Client::of(&url.replace("localhost", "127.0.0.1"));
    let by_gateway = [("x-forwarded-for", "172.17.0.1")];
    let come = || client.call_with("POST", "/api/v1/users", &by_gateway, Some("{\"name\":\"Kim\"}")).status;
    (0..count).map(|_| come()).collect()
}

#[test]
fn limits_per_address_of_an_ephemeral_server_throttle_no_load_test_behind_a_gateway_unless_they_are_given() {
    assert_eq!(users_by_one_gateway(&[], 700), [201; 700], "the default of others is 600 a minute");
    assert_eq!(users_by_one_gateway(&["--tries-per-minute", "2"], 3), [201, 201, 429]);
}

#[test]
fn addresses_in_a_container_are_those_of_its_published_port_and_its_gateway_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let serve = ["serve", "--until-stdin-closes", "--listen", "0.0.0.0:0", "--top-up-policy", "staff", "--database"];
    let serve = [&serve[..], &[database.to_str().unwrap()]].concat();
    let limits = ["--tries-per-minute", "600", "--http-connections-per-address-max", "0"];
    for (flags, is_told) in [(&[][..], true), (&limits, false), (&["--http-proxies", "127.0.0.1"], false)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
        let command = command.args(&serve).args(flags).env("container", "oci").stdin(Stdio::null());
        let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let address = told.split("boxoffice is open at http://localhost:").nth(1).unwrap();
        let port = address.split(' ').next().unwrap();
        assert!(told.contains(&format!("where port {port} is published as {port}")), "{told}");
        assert!(!told.contains("0.0.0.0") && !told.contains("other machines"), "{told}");
        assert_eq!(told.contains("/handbook/venue#container"), is_told, "{flags:?}: {told}");
    }
}

#[test]
fn demo_for_others_needs_no_policy_since_nothing_of_it_is_kept() {
    let flags = ["demo", "--listen", "0.0.0.0:0"];
    let mut server = started(&flags, &[("container", "oci")], 1);
    assert!(server.1[0].starts_with("boxoffice is open at http://localhost:"), "{:?}", server.1);
    server.0.kill().unwrap(); // a demo does not end with its standard input
}
