//! The boxoffice command; see the library for the map of the house.

fn main() -> std::process::ExitCode {
    boxoffice::commands::run()
}
