//! How the evening of a simulated customer ends.

/// How a customer's evening ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Ending {
    Bought,
    GaveUp,
    Vanished,
    FoundItSoldOut,
    HadNoLuck,
    LetItLapse,
    /// The token ended before: why.
    Dropped(Box<str>),
    /// The run ended before.
    SentHome,
    /// The run was broken off before.
    Stopped,
    /// Something that must not be: a call without an answer again and again, or an answer nobody expects.
    Failed,
}

impl Ending {
    /// As the report has it.
    pub(super) fn word(&self) -> String {
        let word = match self {
            Ending::Bought => "bought",
            Ending::GaveUp => "gaveUp",
            Ending::Vanished => "vanished",
            Ending::FoundItSoldOut => "foundItSoldOut",
            Ending::HadNoLuck => "hadNoLuck",
            Ending::LetItLapse => "letItLapse",
            Ending::Dropped(reason) => return format!("dropped {reason}"),
            Ending::SentHome => "sentHome",
            Ending::Stopped => "stopped",
            Ending::Failed => "failed",
        };
        word.to_owned()
    }
}
