//! The boxoffice command; the library's documentation is the map of the code.

fn main() -> std::process::ExitCode {
    boxoffice::commands::run()
}
