//! boxoffice.
fn main() {}
