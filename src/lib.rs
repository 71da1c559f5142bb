//! The house.

pub mod clock;
pub mod ids;
pub mod points;
pub mod refusal;

pub mod http;
