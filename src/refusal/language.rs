//! The languages in which people are answered, and texts in both.

/// The languages in which people are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English, the default.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl Language {
    /// Its tag (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Ko => "ko",
        }
    }

    /// The best of an `Accept-Language` field (RFC 9110, 12.5.4): the highest weight wins, the first of equals.
    pub fn of_accept_language(field: &str) -> Language {
        let mut best = (0.0, Language::En);
        for range in field.split(',') {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or("").trim();
            let weight =
                parts.find_map(|p| p.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok())).unwrap_or(1.0);
            let primary = tag.split('-').next().unwrap_or("");
            let language = if primary.eq_ignore_ascii_case("ko") {
                Language::Ko
            } else if primary.eq_ignore_ascii_case("en") || tag == "*" {
                Language::En
            } else {
                continue;
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// A short text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Localized {
    /// In English.
    pub en: String,
    /// In Korean.
    pub ko: String,
}

impl Localized {
    /// The text in both languages.
    pub fn new(en: impl Into<String>, ko: impl Into<String>) -> Localized {
        Localized { en: en.into(), ko: ko.into() }
    }

    /// The text in one of them.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Ko => &self.ko,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_with_the_highest_weight_is_chosen() {
        for (field, language) in [
            ("", Language::En),
            ("ko", Language::Ko),
            ("ko-KR,ko;q=0.9,en;q=0.8", Language::Ko),
            ("en;q=0.5, ko;q=0.9", Language::Ko),
            ("de, fr;q=0.9", Language::En),
            ("fr, ko;q=0.1", Language::Ko),
            ("en, ko", Language::En),
            ("ko;q=0", Language::En),
        ] {
            assert_eq!(Language::of_accept_language(field), language, "{field}");
        }
    }
}
