//! How an answer reaches its client, where a test wants it to come late or not at all.

use std::fmt;

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// After so many milliseconds, which hold no thread.
    pub after_ms: u32,
    /// What happens then.
    pub ending: Ending,
}

/// What the client sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Answered,
    /// The end of the connection, in place of the answer.
    Lost,
    /// A reset of the connection (TCP RST), in place of the answer.
    Reset,
}

impl Ending {
    const ALL: [Ending; 3] = [Ending::Answered, Ending::Lost, Ending::Reset];

    const fn word(self) -> &'static str {
        match self {
            Ending::Answered => "answered",
            Ending::Lost => "lost",
            Ending::Reset => "reset",
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.after_ms, self.ending.word())
    }
}

impl Delivery {
    /// Reads what [`Delivery`] displays as.
    pub fn parse(text: &str) -> Option<Delivery> {
        let (after_ms, word) = text.split_once(':')?;
        let ending = Ending::ALL.into_iter().find(|ending| ending.word() == word)?;
        Some(Delivery { after_ms: after_ms.parse().ok()?, ending })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delivery_reads_back_from_its_text_and_from_nothing_else() {
        for ending in Ending::ALL {
            for after_ms in [0, 60_000] {
                let delivery = Delivery { after_ms, ending };
                assert_eq!(Delivery::parse(&delivery.to_string()), Some(delivery));
            }
        }
        for wrong in ["", "7", "7:", ":lost", "7:gone", "-1:lost", "7:lost:"] {
            assert_eq!(Delivery::parse(wrong), None, "{wrong}");
        }
    }
}
