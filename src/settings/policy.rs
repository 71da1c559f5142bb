//! Who may top up points, as a setting, in the file and on the wire.

use clap::ValueEnum;

/// Who may top up points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TopUpPolicy {
    /// Everyone their own balance: for demos, workshops and tests.
    #[value(name = "self")]
    Own,
    /// Staff at the counter only.
    Staff,
}

impl TopUpPolicy {
    /// The word of the setting, in the file and on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            TopUpPolicy::Own => "self",
            TopUpPolicy::Staff => "staff",
        }
    }

    /// The policy of a word.
    pub fn parse(word: &str) -> Option<TopUpPolicy> {
        [TopUpPolicy::Own, TopUpPolicy::Staff].into_iter().find(|policy| policy.word() == word)
    }
}
