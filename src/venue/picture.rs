//! Pictures that staff give: what they are is read from their bytes, and what is no picture that every browser shows
//! is refused. An SVG is none: it can hold scripts.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::http::Fields;
use crate::ids;
use crate::refusal::Refusal;
use crate::store::column_words;

/// The content of a picture, in bytes.
pub const MAX_BYTES: usize = 512 << 10;
/// Its width and its height, in pixels: a larger one costs a phone more memory than it has for a page.
const SIDE_PX: RangeInclusive<u32> = 1..=3_000;

column_words! {
    /// What a picture is, by its bytes.
    Format { Png "png", Jpeg "jpeg", Webp "webp", }
}

impl Format {
    pub const fn media_type(self) -> &'static str {
        match self {
            Format::Png => "image/png",
            Format::Jpeg => "image/jpeg",
            Format::Webp => "image/webp",
        }
    }
}

/// A picture as pages show it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    /// Its address on this server.
    pub url: String,
    pub width_px: u32,
    pub height_px: u32,
}

impl Picture {
    /// The picture of a hash; other content has another address.
    pub fn of(hash: &str, format: Format, width_px: u32, height_px: u32) -> Picture {
        Picture { url: format!("/pictures/{hash}.{}", format.word()), width_px, height_px }
    }
}

/// A picture that is to be kept.
#[derive(Debug, Clone)]
pub struct NewPicture {
    pub hash: String,
    pub format: Format,
    pub width_px: u32,
    pub height_px: u32,
    pub content: Vec<u8>,
}

/// Reads a member that holds a picture in Base64.
///
/// # Errors
/// `INVALID_REQUEST` for what is no PNG, JPEG or WebP, or too large.
pub fn read(fields: &mut Fields, name: &str) -> Result<NewPicture, Refusal> {
    let text = fields.text(name)?;
    let refused = || {
        Refusal::invalid(
            fields.pointer(name),
            format!(
                "must be a PNG, JPEG or WebP picture in Base64, of at most {MAX_BYTES} bytes and {} × {} pixels",
                SIDE_PX.end(),
                SIDE_PX.end()
            ),
            format!(
                "Base64로 쓴 PNG, JPEG, WebP 그림이어야 하며, 최대 {MAX_BYTES}바이트, {} × {} 픽셀입니다",
                SIDE_PX.end(),
                SIDE_PX.end()
            ),
        )
    };
    let content = BASE64.decode(text).ok().filter(|content| content.len() <= MAX_BYTES).ok_or_else(refused)?;
    let (format, width_px, height_px) = look_at(&content).ok_or_else(refused)?;
    if !SIDE_PX.contains(&width_px) || !SIDE_PX.contains(&height_px) {
        return Err(refused());
    }
    let hash = ids::hex(&ids::sha256_of(&content)[..16]);
    Ok(NewPicture { hash, format, width_px, height_px, content })
}

/// What it is, and its width and height in pixels; `None` for what is none of the three. Some phones write data of
/// their own behind a JPEG.
fn look_at(bytes: &[u8]) -> Option<(Format, u32, u32)> {
    let (format, (width, height)) = match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', chunks @ ..] => (Format::Png, png(chunks)?),
        [0xff, 0xd8, segments @ ..] => (Format::Jpeg, jpeg(segments)?),
        [b'R', b'I', b'F', b'F', a, b, c, d, b'W', b'E', b'B', b'P', chunks @ ..] => {
            let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize; // fits
            (length == chunks.len() + 4).then_some((Format::Webp, webp(chunks)?))?
        }
        _ => return None,
    };
    Some((format, width, height))
}

/// The first chunk of a PNG tells its size; chunk follows chunk up to the last, after which there is nothing.
fn png(chunks: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(chunks.get(at..at + 4)?.try_into().ok()?));
    let size = (chunks.get(4..8)? == b"IHDR").then_some((number(8)?, number(12)?))?;
    let mut at = 0;
    loop {
        let (length, kind) = (number(at)? as usize, chunks.get(at + 4..at + 8)?);
        at = at.checked_add(length)?.checked_add(12)?;
        if kind == b"IEND" {
            return (at == chunks.len()).then_some(size);
        }
    }
}

/// Segments up to the frame header, which tells the size.
fn jpeg(segments: &[u8]) -> Option<(u32, u32)> {
    let mut at = 0;
    loop {
        let [0xff, kind, high, low] = *segments.get(at..at + 4)? else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        match kind {
            0xc4 | 0xc8 | 0xcc => {}
            0xc0..=0xcf => {
                let side = |at: usize| Some(u32::from(u16::from_be_bytes(segments.get(at..at + 2)?.try_into().ok()?)));
                return Some((side(at + 7)?, side(at + 5)?));
            }
            0x01 | 0xd0..=0xda => return None,
            0xff => {
                at += 1; // filling
                continue;
            }
            _ => {}
        }
        at += 2 + length.max(2);
    }
}

/// The first chunk of a WebP: extended, lossless or lossy.
fn webp(chunks: &[u8]) -> Option<(u32, u32)> {
    let short = |at: usize| Some(u32::from(u16::from_le_bytes(chunks.get(at..at + 2)?.try_into().ok()?)));
    let three = |at: usize| Some(short(at)? | u32::from(*chunks.get(at + 2)?) << 16);
    match chunks.get(..4)? {
        b"VP8X" => Some((three(12)? + 1, three(15)? + 1)),
        b"VP8L" => {
            let bits = (*chunks.get(8)? == 0x2f).then_some(short(9)? | short(11)? << 16)?;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8 " => (chunks.get(11..14)? == [0x9d, 0x01, 0x2a]).then_some((short(14)? & 0x3fff, short(16)? & 0x3fff)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picture_kind_and_size_are_read_from_the_bytes_of_each_format() {
        let size = |bytes: &[u8]| look_at(bytes);
        let png = [
            &b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0crcc"[..],
            b"\0\0\0\x01IDATxcrcc\0\0\0\0IENDcrcc",
        ]
        .concat();
        assert_eq!(size(&png), Some((Format::Png, 640, 480)));
        assert_eq!(size(&[&png[..], b"<script>"].concat()), None, "something follows");
        assert_eq!(size(&png[..png.len() - 1]), None, "cut off");
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc4\0\x03c\xff\xc2\0\x0b\x08\x01\xe0\x02\x80\x03abc\xff\xd9";
        assert_eq!(size(jpeg), Some((Format::Jpeg, 640, 480)));
        assert_eq!(size(b"\xff\xd8\xff\xda\0\x04ab\xff\xd9"), None, "data before any frame header");
        let riff = |chunk: &[u8]| [b"RIFF", &(chunk.len() as u32 + 4).to_le_bytes()[..], b"WEBP", chunk].concat();
        assert_eq!(size(&riff(b"VP8X\x0a\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0")), Some((Format::Webp, 640, 480)));
        assert_eq!(size(&riff(b"VP8L\x05\0\0\0\x2f\x7f\xc2\x77\0")), Some((Format::Webp, 640, 480)));
        assert_eq!(size(&riff(b"VP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\x80\x02\xe0\x01")), Some((Format::Webp, 640, 480)));
        for other in
            [&b""[..], b"GIF89a\x01\0\x01\0", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", b"RIFF\0\0\0\0WAVE"]
        {
            assert_eq!(size(other), None);
        }
    }
}
