//! What a shell and `man` read of the command line.

use std::process::{Command, Output};

fn boxoffice(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_boxoffice")).args(arguments).output().unwrap()
}

fn told(arguments: &[&str]) -> String {
    let output = boxoffice(arguments);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands as the help lists them.
fn commands() -> Vec<String> {
    let help = told(&["--help"]);
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn completions_of_every_shell_name_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = told(&["completions", shell]);
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
        assert!(script.contains("hold-seconds"), "{shell}");
    }
    assert_eq!(boxoffice(&["completions", "nowhere"]).status.code(), Some(2));
}

/// A shell that reads the script completes a half word.
#[cfg(unix)] // bash
#[test]
fn completions_complete_in_bash() {
    let script = r#"source <("$0" completions bash); COMP_WORDS=(boxoffice ser); COMP_CWORD=1
        _boxoffice boxoffice ser boxoffice; echo "${COMPREPLY[@]}""#;
    let output = Command::new("bash").args(["-c", script, env!("CARGO_BIN_EXE_boxoffice")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "serve", "{output:?}");
}

#[test]
fn man_has_a_page_of_the_program_and_of_every_command() {
    let whole = told(&["man"]);
    assert!(whole.contains(".TH boxoffice 1") && whole.contains("boxoffice\\-serve(1)"), "{whole}");
    for command in commands().iter().filter(|name| *name != "help") {
        let page = told(&["man", command]);
        assert!(page.contains(&format!(".TH boxoffice-{command} 1")), "{command}: {page}");
    }
    let unknown = boxoffice(&["man", "nowhere"]);
    assert!(!unknown.status.success() && String::from_utf8_lossy(&unknown.stderr).contains("no such command"));
}
