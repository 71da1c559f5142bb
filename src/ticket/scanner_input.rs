//! What a scanner or a hand typed at the door, read back into the keys that were meant.
//!
//! A hand scanner types like a keyboard, with the US layout in mind; the computer turns its keys into the letters of
//! its own layout. So one raw text has several readings. None is preferred by its look: the signature of a code, or the
//! number in the database, tells which one is right.

use unicode_normalization::UnicodeNormalization;

/// A raw text longer than this is not read at all.
const RAW_MAX_CHARS: usize = 1_000;

/// What each key types with one layout, in the order of [`US`], without Shift and with it.
struct Layout {
    plain: &'static str,
    shifted: &'static str,
}

/// The keys of four rows, as a US keyboard types them.
const US: Layout = Layout {
    plain: "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./",
    shifted: "~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>?",
};

/// Layouts that move letters, or digits to other keys. The US layout itself is here for its shifted digits.
const LAYOUTS: [Layout; 16] = [
    US,
    // QWERTZ: German, Swiss, Czech, Hungarian.
    Layout {
        plain: "^1234567890ß´qwertzuiopü+#asdfghjklöäyxcvbnm,.-",
        shifted: "°!\"§$%&/()=?`QWERTZUIOPÜ*'ASDFGHJKLÖÄYXCVBNM;:_",
    },
    Layout {
        plain: "§1234567890'^qwertzuiopè¨$asdfghjkléàyxcvbnm,.-",
        shifted: "°+\"*ç%&/()=?`QWERTZUIOPü!£ASDFGHJKLöäYXCVBNM;:_",
    },
    Layout {
        plain: ";+ěščřžýáíé=´qwertzuiopú)¨asdfghjklů§yxcvbnm,.-",
        shifted: "°1234567890%ˇQWERTZUIOP/('ASDFGHJKL\"!YXCVBNM?:_",
    },
    Layout {
        plain: "0123456789öüóqwertzuiopőúűasdfghjkléáyxcvbnm,.-",
        shifted: "§'\"+!%/=()ÖÜÓQWERTZUIOPŐÚŰASDFGHJKLÉÁYXCVBNM?:_",
    },
    // AZERTY: French, Belgian. Digits need Shift.
    Layout {
        plain: "²&é\"'(-è_çà)=azertyuiop^$*qsdfghjklmùwxcvbn,;:!",
        shifted: "~1234567890°+AZERTYUIOP¨£µQSDFGHJKLM%WXCVBN?./§",
    },
    Layout {
        plain: "²&é\"'(§è!çà)-azertyuiop^$µqsdfghjklmùwxcvbn,;:=",
        shifted: "³1234567890°_AZERTYUIOP¨*£QSDFGHJKLM%WXCVBN?./+",
    },
    // QWERTY with other digits under Shift: British, Italian, Spanish, Turkish.
    Layout {
        plain: "`1234567890-=qwertyuiop[]#asdfghjkl;'zxcvbnm,./",
        shifted: "¬!\"£$%^&*()_+QWERTYUIOP{}~ASDFGHJKL:@ZXCVBNM<>?",
    },
    Layout {
        plain: "\\1234567890'ìqwertyuiopè+ùasdfghjklòàzxcvbnm,.-",
        shifted: "|!\"£$%&/()=?^QWERTYUIOPé*§ASDFGHJKLç°ZXCVBNM;:_",
    },
    Layout {
        plain: "º1234567890'¡qwertyuiop`+çasdfghjklñ´zxcvbnm,.-",
        shifted: "ª!\"·$%&/()=?¿QWERTYUIOP^*ÇASDFGHJKLÑ¨ZXCVBNM;:_",
    },
    Layout {
        plain: "\"1234567890*-qwertyuıopğü,asdfghjklşizxcvbnmöç.",
        shifted: "é!'^+%&/()=?_QWERTYUIOPĞÜ;ASDFGHJKLŞİZXCVBNMÖÇ:",
    },
    // Dvorak, Colemak.
    Layout {
        plain: "`1234567890[]',.pyfgcrl/=\\aoeuidhtns-;qjkxbmwvz",
        shifted: "~!@#$%^&*(){}\"<>PYFGCRL?+|AOEUIDHTNS_:QJKXBMWVZ",
    },
    Layout {
        plain: "`1234567890-=qwfpgjluy;[]\\arstdhneio'zxcvbkm,./",
        shifted: "~!@#$%^&*()_+QWFPGJLUY:{}|ARSTDHNEIO\"ZXCVBKM<>?",
    },
    // Other scripts: Russian, Greek, Hebrew.
    Layout {
        plain: "ё1234567890-=йцукенгшщзхъ\\фывапролджэячсмитьбю.",
        shifted: "Ё!\"№;%:?*()_+ЙЦУКЕНГШЩЗХЪ/ФЫВАПРОЛДЖЭЯЧСМИТЬБЮ,",
    },
    Layout {
        plain: "`1234567890-=;ςερτυθιοπ[]\\ασδφγηξκλ΄'ζχψωβνμ,./",
        shifted: "~!@#$%^&*()_+:΅ΕΡΤΥΘΙΟΠ{}|ΑΣΔΦΓΗΞΚΛ¨\"ΖΧΨΩΒΝΜ<>?",
    },
    Layout {
        plain: ";1234567890-=/'קראטוןםפ][\\שדגכעיחלךף,זסבהנמצתץ.",
        shifted: "~!@#$%^&*()_+QWERTYUIOP}{|ASDFGHJKL:\"ZXCVBNM><?",
    },
];

/// The keys of the two-set Hangul layout, by conjoining jamo in the order of Unicode: initials from U+1100, vowels from
/// U+1161, finals from U+11A8. A double consonant is one key with Shift.
const INITIALS: [&str; 19] =
    ["R", "RR", "S", "E", "EE", "F", "A", "Q", "QQ", "T", "TT", "D", "W", "WW", "C", "Z", "X", "V", "G"];
const VOWELS: [&str; 21] =
    ["K", "O", "I", "O", "J", "P", "U", "P", "H", "HK", "HO", "HL", "Y", "N", "NJ", "NP", "NL", "B", "M", "ML", "L"];
const FINALS: [&str; 27] = [
    "R", "RR", "RT", "S", "SW", "SG", "E", "F", "FR", "FA", "FQ", "FT", "FX", "FV", "FG", "A", "Q", "QT", "T", "TT",
    "D", "W", "C", "Z", "X", "V", "G",
];

/// Every reading of a raw text, each in capitals and without what a
/// scanner or a hand adds; the text as it stands first.
pub fn readings(raw: &str) -> Vec<String> {
    if raw.chars().nth(RAW_MAX_CHARS).is_some() {
        return Vec::new();
    }
    let composed: String = raw.nfc().filter(|c| !is_filler(*c)).collect();
    let plain: String = composed.nfkc().filter(|c| !is_filler(*c)).collect();
    let mut texts = vec![plain.clone()];
    if plain.chars().any(is_hangul) {
        texts.extend([true, false].map(|doubles_take_shift| keys_of_hangul(&plain, doubles_take_shift)));
    }
    texts.extend(LAYOUTS.iter().map(|layout| layout.keys(&composed)));
    let mut readings = Vec::new();
    for text in texts {
        let reading = without_prefix(&text.chars().filter(|c| !is_dash(*c)).collect::<String>().to_ascii_uppercase());
        if !reading.is_empty() && !readings.contains(&reading) {
            readings.push(reading);
        }
    }
    readings
}

impl Layout {
    /// What a US keyboard types with the same keys, without Shift.
    fn keys(&self, text: &str) -> String {
        let key = |c: char| {
            let at = self.plain.chars().position(|one| one == c);
            let at = at.or_else(|| self.shifted.chars().position(|one| one == c));
            at.and_then(|at| US.plain.chars().nth(at)).unwrap_or(c)
        };
        text.chars().map(key).collect()
    }
}

/// The keys of a text that the two-set Hangul layout made. A scanner that sends Shift with each capital makes ㄲ of one
/// R; an input method may make it of two as well.
fn keys_of_hangul(text: &str, doubles_take_shift: bool) -> String {
    let mut keys = String::with_capacity(text.len());
    for c in text.nfkd() {
        let jamo = |first: u32, of: &[&'static str]| of.get((c as usize).checked_sub(first as usize)?).copied();
        let of_jamo = match c {
            '\u{111a}' => Some("FG"), // ㅀ and ㅄ alone: Unicode takes them for initials of old
            '\u{1121}' => Some("QT"),
            _ => jamo(0x1100, &INITIALS).or_else(|| jamo(0x1161, &VOWELS)).or_else(|| jamo(0x11a8, &FINALS)),
        };
        match of_jamo {
            Some(double @ ("RR" | "EE" | "QQ" | "TT" | "WW")) if doubles_take_shift => keys.push_str(&double[1..]),
            Some(some) => keys.push_str(some),
            None => keys.push(c),
        }
    }
    keys
}

/// Syllables and jamo.
const fn is_hangul(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{ac00}'..='\u{d7a3}')
}

/// White space, control characters (STX, ETX, GS, Tab, Enter) and
/// characters that nobody sees, such as a byte order mark.
fn is_filler(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fffd}')
}

/// Dashes as people and word processors write them between groups of a number.
const fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{58a}' | '\u{1806}' | '\u{2010}'
            ..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{301c}' | '\u{30fc}' | '\u{fe58}' | '\u{b7}' | '\u{30fb}'
    )
}

/// Without the symbology identifier of a scanner (ISO/IEC 15424: `]Q1` of a QR code) and the ECI that may follow it.
fn without_prefix(text: &str) -> String {
    let mut rest = text;
    if let [b']', letter, modifier, ..] = rest.as_bytes()
        && letter.is_ascii_alphabetic()
        && modifier.is_ascii_alphanumeric()
    {
        rest = &rest[3..];
    }
    if let Some(digits) = rest.strip_prefix('\\').and_then(|eci| eci.get(..6))
        && digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        rest = &rest[7..];
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every letter and digit of tickets.
    const ALL: &str = "TABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    /// What a layout makes of the keys of a US text; `shift` says with which characters Shift is sent.
    fn typed(layout: &Layout, text: &str, shift: impl Fn(char) -> bool) -> String {
        let key = |c: char| {
            let at = US.plain.chars().position(|one| one == c.to_ascii_lowercase()).unwrap();
            if shift(c) { layout.shifted } else { layout.plain }.chars().nth(at).unwrap()
        };
        text.chars().map(key).collect()
    }

    #[test]
    fn scanner_every_layout_types_one_character_a_key() {
        for layout in &LAYOUTS {
            for row in [layout.plain, layout.shifted] {
                assert_eq!(row.chars().count(), US.plain.len(), "{row}");
            }
        }
    }

    #[test]
    fn scanner_every_layout_is_read_back_whatever_happens_to_shift() {
        for layout in &LAYOUTS {
            for shift in [|c: char| c.is_ascii_uppercase(), |_| false, |c: char| c.is_ascii_digit(), |_| true] {
                let text = typed(layout, ALL, shift);
                assert!(readings(&text).iter().any(|one| one == ALL), "{text}");
                let framed = format!("\u{2}{}\r\n", typed(layout, &format!("]Q1{ALL}"), shift));
                let is_hebrew = layout.plain.starts_with(";1234567890-=/"); // its brackets are mirrored with Shift
                assert!(is_hebrew || readings(&framed).iter().any(|one| one == ALL), "{framed}");
            }
        }
    }

    #[test]
    fn frame_spaces_dashes_case_and_width_are_taken_off() {
        for raw in [
            "5FANY5CURE",
            "5fany5cure",
            " 5fan y5cure\t",
            "5FAN-Y5C-URE",
            "５ＦＡＮＹ５ＣＵＲＥ",
            "５ｆａｎ　ｙ５ｃｕｒｅ",
            "\u{feff}5FANY5CURE",
            "]Q15FANY5CURE",
            "]q35fany5cure",
            "\u{2}]Q15FANY5CURE\u{3}\r\n",
            "]Q2\\0000265FANY5CURE",
            "\u{1d}5FANY5CURE\u{1d}",
            "5FAN–Y5—CURE",
            "5FAN\u{2011}Y5CURE",
            "5FAN\u{ad}Y5\u{200b}CURE",
            "5FANーY5CURE",
            "]d25FANY5CURE",
            "5FAN−Y5CURE",
            "５ＦＡＮ－Ｙ５ＣＵＲＥ",
            "\u{2067}5FANY5CURE\u{2069}",
        ] {
            assert_eq!(readings(raw).first().map(String::as_str), Some("5FANY5CURE"), "{raw:?}");
        }
        assert_eq!(readings(" \r\n").len() + readings("").len() + readings(&"A".repeat(1_001)).len(), 0);
    }

    #[test]
    fn hangul_is_read_back_composed_or_not_and_with_doubles() {
        for (raw, keys) in [
            ("5ㄹㅁㅜㅛ5ㅊㅕㄱㄷ", "5FANY5CURE"),
            ("5럼ㄴㅛ5처ㄱㄷ", "5FJASY5CJRE"),
            ("５ㄹㅁㅜㅛ５ㅊㅕㄱㄷ", "5FANY5CURE"),
            ("ㅆㄲㅃㅉㄸㅒㅖ", "TRQWEOP"),
            ("ㄲㄲ", "RRRR"),
            ("밯ㅀㄳㅄㅘㅢ", "QKGFGRTQTHKML"),
            ("ﾡﾢ", "RR"),
        ] {
            assert!(readings(raw).iter().any(|one| one == keys), "{raw}: {:?}", readings(raw));
            let apart: String = raw.nfd().collect();
            assert!(readings(&apart).iter().any(|one| one == keys), "{raw} decomposed: {:?}", readings(&apart));
        }
        assert!(readings("]Q1ㅆㅁ").contains(&"TA".to_owned()));
        assert!(readings("]ㅃ1ㅆㅁ").contains(&"TA".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn scanner_no_text_at_all_makes_the_reader_stumble(raw in "\\PC{0,300}|[\\x00-\\x7f]{0,80}") {
            for reading in readings(&raw) {
                proptest::prop_assert!(!reading.contains([' ', '-']));
            }
        }
    }
}
