//! The boxoffice command; the library's documentation is the map of the code.

/// Allocates for all threads: the system's allocator took 15 % of a hold's processor time, and that of musl more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    boxoffice::commands::run()
}
