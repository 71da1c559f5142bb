//! What only a program of its own shows of itself: the figures of its process, of its files and of its backups.

use std::path::Path;
use std::process::Command;

use crate::support::server::Server;
use crate::support::wait;

fn value(server: &Server, name: &str) -> Option<f64> {
    let text = server.client.call("GET", "/metrics", "", None).text;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    Some(value.parse().unwrap())
}

fn backup(database: &Path, to: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    assert!(command.arg("backup").arg(to).arg("--database").arg(database).status().unwrap().success());
}

#[test]
fn process_figures_have_their_usual_names_and_are_those_of_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("venue.db"), &[]);
    let of = |name: &str| value(&server, &format!("process_{name}")).unwrap();
    let open = || std::fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap().count() as f64;
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let resident_kb = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    let resident = resident_kb.unwrap().parse::<f64>().unwrap() * 1_024.0;
    assert!((0.5..2.0).contains(&(of("resident_memory_bytes") / resident)), "{resident}");
    assert!(of("virtual_memory_bytes") > resident);
    assert!((of("open_fds") - open()).abs() <= 8.0, "{} {}", of("open_fds"), open());
    assert!(of("max_fds") >= of("open_fds"));
    assert!((0.0..60.0).contains(&of("cpu_seconds_total")));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((0.0..120.0).contains(&(now - of("start_time_seconds"))), "{now}");
    assert_eq!(of("start_time_seconds"), of("start_time_seconds"));
}

#[test]
fn backup_tells_the_server_when_it_was_made_and_so_does_another_program_that_touches_its_note() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let server = Server::start(&database, &[]);
    const NAME: &str = "boxoffice_last_backup_timestamp_seconds";
    assert_eq!(value(&server, NAME), None);
    backup(&database, &folder.path().join("copy.db"));
    wait::until("the time of the backup", || value(&server, NAME).is_some());
    let note = folder.path().join("venue.db-backed-up");
    assert!(Command::new("touch").args(["-d", "@1000000000"]).arg(&note).status().unwrap().success());
    wait::until("the time of the note", || value(&server, NAME) == Some(1e9));
    backup(&database, &folder.path().join("again.db"));
    wait::until("the time of the newer backup", || value(&server, NAME).is_some_and(|at| at > 1.7e9));
}
