//! The QR code of a ticket as a picture.

use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use crate::http::Reply;
use crate::refusal::Refusal;

/// The least width of the picture in pixels; it is made of lines and keeps sharp at any other.
const WIDTH_MIN_PX: u32 = 300;

/// An SVG picture of a code, with the quiet zone around it that readers need.
///
/// # Errors
/// `INTERNAL` when the code has no room in any QR code: it is far from that.
pub fn picture(code: &str) -> Result<Reply, Refusal> {
    let drawn = QrCode::with_error_correction_level(code, EcLevel::Q).map_err(|_| Refusal::Internal)?;
    let picture = drawn.render::<svg::Color>().min_dimensions(WIDTH_MIN_PX, WIDTH_MIN_PX).build();
    let mut reply = Reply::empty(200);
    reply.content_type = "image/svg+xml".into();
    reply.body = picture.into_bytes();
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::random_bytes;
    use crate::seal::{Seal, SealSecret};
    use crate::ticket::code::{Says, make, new_number};

    #[test]
    fn a_code_fits_into_45_by_45_modules_of_which_a_quarter_may_be_lost() {
        for _ in 0..50 {
            let seat_no = i64::from(u16::from_be_bytes(random_bytes()));
            let says = Says { number: new_number(), schedule_id: 1_000_000, seat_no };
            let code = make(&Seal::of(&SealSecret::random()), &says).unwrap();
            let drawn = QrCode::with_error_correction_level(&code, EcLevel::Q).unwrap();
            // Where digits happen to stand together, it needs less room.
            assert!(drawn.width() <= 45, "{:?}", drawn.version());
        }
    }
}
