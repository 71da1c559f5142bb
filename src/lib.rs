//! The house.

pub mod clock;
pub mod ids;
pub mod points;
pub mod refusal;

/// What can be set from the command line and the environment.
pub mod settings {
    pub mod door;
}

pub mod http;
