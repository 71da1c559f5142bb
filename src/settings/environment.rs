//! Environment variables of settings: an empty one counts as not given, and one that is no setting is named.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::Settings;

/// What every variable of a setting begins with.
const PREFIX: &str = "BOXOFFICE_";

/// The same command line, for which empty variables are not there.
pub fn without_empty(command: Command) -> Command {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.to_string_lossy().trim().is_empty());
    each_argument(command, &|argument| match argument.get_env().is_some_and(is_empty) {
        true => argument.env(Resettable::Reset),
        false => argument,
    })
}

/// The settings that were given and are not as they are by default, as flags; what must stay secret is masked.
pub fn given(command: &Command, matches: &ArgMatches) -> String {
    let of = |argument: &clap::Arg| {
        let id = argument.get_id().as_str();
        let is_given = matches!(matches.value_source(id)?, ValueSource::CommandLine | ValueSource::EnvVariable);
        let values: Vec<String> = matches.get_raw(id)?.map(|value| value.to_string_lossy().into_owned()).collect();
        let is_default = argument
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy().into_owned())
            .eq(values.iter().cloned());
        let value = if argument.is_hide_env_values_set() { "***".to_owned() } else { values.join(",") };
        (is_given && !is_default).then(|| format!("--{}={value}", argument.get_long().unwrap_or(id)))
    };
    command.get_arguments().filter_map(of).collect::<Vec<_>>().join(" ")
}

/// The variables that look like settings and are none of this command line, in order.
pub fn unknown_variables(command: &Command) -> Vec<String> {
    let mut known = BTreeSet::new();
    collect_variables(command, &mut known);
    let given = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let unknown: BTreeSet<String> = given.filter(|name| name.starts_with(PREFIX) && !known.contains(name)).collect();
    unknown.into_iter().collect()
}

/// Settings as an empty command line gives them, whatever the environment says.
///
/// # Errors
/// When a setting has no value of its own.
pub fn defaults() -> Result<Settings, clap::Error> {
    let command = Settings::augment_args(Command::new("boxoffice"));
    let command = each_argument(command, &|argument| argument.env(Resettable::Reset));
    Settings::from_arg_matches(&command.try_get_matches_from(["boxoffice"])?)
}

fn each_argument(command: Command, change: &dyn Fn(clap::Arg) -> clap::Arg) -> Command {
    let command = command.mut_args(change);
    let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, |one| each_argument(one, change)))
}

fn collect_variables(command: &Command, known: &mut BTreeSet<String>) {
    known.extend(command.get_arguments().filter_map(|one| one.get_env()?.to_str().map(str::to_owned)));
    command.get_subcommands().for_each(|one| collect_variables(one, known));
}
