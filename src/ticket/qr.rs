//! The QR code of a ticket as a picture.

use qrcode::bits::Bits;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode, Version};

use crate::http::Reply;
use crate::refusal::Refusal;

/// The least width of the picture in pixels; it is made of lines and keeps sharp at any other.
const WIDTH_MIN_PX: u32 = 300;

/// An SVG picture of a code, with the quiet zone around it that readers need.
///
/// # Errors
/// `INTERNAL` when the code has no room in any QR code: it is far from that.
pub fn picture(code: &str) -> Result<Reply, Refusal> {
    let drawn = drawn(code).ok_or(Refusal::Internal)?;
    let picture = drawn.render::<svg::Color>().min_dimensions(WIDTH_MIN_PX, WIDTH_MIN_PX).build();
    let mut reply = Reply::empty(200);
    reply.content_type = "image/svg+xml".into();
    reply.body = picture.into();
    Ok(reply)
}

/// The smallest QR code of level Q that has room for a code as one segment. Where digits happen to stand together, the
/// crate itself makes more segments of it, which together are too long for one code in a thousand.
fn drawn(code: &str) -> Option<QrCode> {
    let bits = (1..=40).find_map(|version| {
        let mut bits = Bits::new(Version::Normal(version));
        bits.push_alphanumeric_data(code.as_bytes()).ok()?;
        bits.push_terminator(EcLevel::Q).ok()?;
        Some(bits)
    });
    QrCode::with_bits(bits?, EcLevel::Q).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::random_bytes;
    use crate::signing::{SigningKey, SigningSecret};
    use crate::ticket::code::{CodePayload, make, new_number};

    #[test]
    fn code_fits_into_45_by_45_modules_of_which_a_quarter_may_be_lost() {
        for _ in 0..50 {
            let seat_no = i64::from(u16::from_be_bytes(random_bytes()));
            let payload = CodePayload { number: new_number(), schedule_id: 1_000_000, seat_no };
            let code = make(&SigningKey::of(&SigningSecret::random()), &payload).unwrap();
            assert_eq!(drawn(&code).unwrap().width(), 45, "{code}");
        }
    }

    /// The crate's own segments of this code need the next size.
    #[test]
    fn digits_that_stand_together_do_not_make_it_larger() {
        let code = "TNY6PGZCEHZYUS8WAX6TGPKHM75KT9J6ZS8DCXPRVH4823428AGD7HU9L8MY2Q3CGS3PDBWPDG9JEP8Y5ZF2PQHCQ8N5PPU944MNFTY8ATQQA6SNEYYGYGFYWZK4";
        assert_eq!(drawn(code).unwrap().width(), 45);
        assert_eq!(drawn(&code[..26]).unwrap().width(), 25, "an older code stays small");
    }
}
