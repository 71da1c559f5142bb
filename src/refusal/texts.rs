//! What people read of each refusal, in Korean and English.

use super::{Code, Language};

pub(super) struct Text {
    pub title: &'static str,
    pub detail: &'static str,
    pub mend: &'static str,
}

pub(super) fn of(_code: Code, _language: Language) -> Text {
    Text { title: "", detail: "", mend: "" }
}
