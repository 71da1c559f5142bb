//! The venue's colour, as a style sheet in which every text can be read (WCAG 2.2, 1.4.3), whatever colour it is.

/// The least contrast of a text to what is behind it, a little above what is asked.
const CONTRAST_MIN: f64 = 4.6;
/// By how much of the way to black or white a colour is moved at a time.
const STEP: f64 = 0.04;
const WHITE: Colour = Colour([255.0; 3]);
const BLACK: Colour = Colour([0.0; 3]);
/// What the pages have behind their texts in the light (`--paper`), and in the dark (`--sheet`).
const PAPER: Colour = Colour([246.0, 245.0, 242.0]);
const DARK_SHEET: Colour = Colour([29.0, 28.0, 35.0]);
/// How much of the colour is in its wash, behind a note.
const WASH: f64 = 0.1;
const DARK_WASH: f64 = 0.16;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Colour([f64; 3]);

/// The style sheet for a colour such as `4a3fb0`; `None` for anything else.
pub fn style_sheet(hex: &str) -> Option<String> {
    let colour = parse(hex)?;
    let (light, dark) = (in_the_light(colour), in_the_dark(colour));
    let wash = |accent: Colour, sheet: Colour, part: f64| sheet.toward(accent, part).hex();
    Some(format!(
        ":root{{--accent:{};--accent-ink:#ffffff;--accent-wash:{}}}\n\
         @media (prefers-color-scheme:dark){{:root{{--accent:{};--accent-ink:#000000;--accent-wash:{}}}}}\n",
        light.hex(),
        wash(light, WHITE, WASH),
        dark.hex(),
        wash(dark, DARK_SHEET, DARK_WASH),
    ))
}

fn parse(hex: &str) -> Option<Colour> {
    let is_plain = hex.len() == 6 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok().map(f64::from);
    is_plain.then_some(Colour([part(0)?, part(2)?, part(4)?]))
}

/// Darkened until white can be read on it, and it on paper and on its own wash.
fn in_the_light(mut colour: Colour) -> Colour {
    while colour.contrast(PAPER).min(colour.contrast(WHITE.toward(colour, WASH))) < CONTRAST_MIN {
        colour = colour.toward(BLACK, STEP);
    }
    colour
}

/// Lightened until it can be read in the dark, and black on it.
fn in_the_dark(mut colour: Colour) -> Colour {
    while colour.contrast(DARK_SHEET.toward(colour, DARK_WASH)) < CONTRAST_MIN {
        colour = colour.toward(WHITE, STEP);
    }
    colour
}

impl Colour {
    fn hex(self) -> String {
        let [red, green, blue] = self.0.map(|part| part.round() as u8); // 0 to 255
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    fn toward(self, other: Colour, part: f64) -> Colour {
        let mut mixed = self;
        mixed.0.iter_mut().zip(other.0).for_each(|(own, other)| *own += (other - *own) * part);
        mixed
    }

    /// The relative luminance, 0 to 1.
    fn luminance(self) -> f64 {
        let linear = |part: f64| {
            let part = part / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(self, other: Colour) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_of_a_venue_can_be_read_in_the_light_and_in_the_dark_whatever_it_is() {
        for hex in ["000000", "ffffff", "ffe900", "4a3fb0", "ff0000", "00ff00", "0000ff", "777777", "d3af37"] {
            let colour = parse(hex).unwrap();
            let (light, dark) = (in_the_light(colour), in_the_dark(colour));
            for (text, behind) in [
                (light, PAPER),
                (WHITE, light),
                (light, WHITE.toward(light, WASH)),
                (dark, DARK_SHEET.toward(dark, DARK_WASH)),
                (BLACK, dark),
            ] {
                assert!(text.contrast(behind) >= 4.5, "{hex}: {text:?} on {behind:?}");
            }
        }
        assert!(style_sheet("4a3fb0").unwrap().contains("--accent:#4a3fb0;"), "what can be read is left as it is");
        for wrong in ["", "4a3fb", "4A3FB0", "red", "4a3fb0;", "é3fb0", "+a3fb0"] {
            assert_eq!(style_sheet(wrong), None, "{wrong}");
        }
    }
}
