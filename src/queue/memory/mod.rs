//! The waiting lines in memory: a copy of the live tokens of the file, changed only after the commit that changed the
//! file.
//!
//! `lines.rs`: all lines, as polls read them and commits change them · `live_tokens.rs`: tokens by key and by user ·
//! `line.rs`: one line, one token · `token_view.rs`: what its owner is told · `ranks.rs`: positions ·
//! `admission_rate.rs`: the last admissions and their rate · `deadlines.rs`: who becomes inactive next.

mod admission_rate;
mod deadlines;
mod line;
mod lines;
mod live_tokens;
mod ranks;
mod token_view;

pub(super) use admission_rate::WINDOW_MS;
pub(super) use line::Entry;
pub use lines::{Figures, LineView, Lines};
pub use token_view::TokenView;
