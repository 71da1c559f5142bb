//! Bodies in chunks, sound and not, wherever they are cut.

use proptest::prelude::*;

use super::*;

/// Decodes pieces one after another: the body, and what was left over of the pieces.
fn decode(pieces: &[&[u8]], max_bytes: usize) -> Result<(Vec<u8>, Vec<u8>, bool), Fault> {
    let (mut decoder, mut body, mut rest) = (Decoder::new(max_bytes), Vec::new(), Vec::new());
    for piece in pieces {
        let used = decoder.decode(piece, &mut body)?;
        assert!(used == piece.len() || decoder.is_done());
        rest.extend_from_slice(&piece[used..]);
    }
    assert_eq!(decoder.decoded(), body.len());
    Ok((body, rest, decoder.is_done()))
}

/// A reader that has the whole text and knows lines: the body and what
/// follows, or `None` for what is refused or unfinished.
fn model(text: &[u8], max_bytes: usize) -> Option<(Vec<u8>, Vec<u8>)> {
    let line = |from: usize| {
        let end = from + text.get(from..)?.windows(2).position(|two| two == b"\r\n")?;
        let line = &text[from..end];
        (!line.iter().any(|&byte| byte == 127 || byte < 32 && byte != b'\t')).then_some((line, end + 2))
    };
    let (mut at, mut body) = (0, Vec::new());
    loop {
        let (size_line, next) = line(at)?;
        let digits = size_line.split(|&byte| byte == b';').next()?;
        let is_size = (1..=16).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
        let size = is_size.then(|| u64::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap())?;
        at = next;
        if size == 0 {
            break;
        }
        let end = at + usize::try_from(size).ok().filter(|&size| size <= max_bytes - body.len())?;
        body.extend_from_slice(text.get(at..end)?);
        at = (text.get(end..end + 2)? == b"\r\n").then_some(end + 2)?;
    }
    loop {
        let (trailer, next) = line(at)?;
        at = next;
        if trailer.is_empty() {
            return Some((body, text[at..].to_vec()));
        }
        let colon = trailer.iter().position(|&byte| byte == b':').filter(|&colon| colon > 0)?;
        let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        trailer[..colon].iter().all(is_token).then_some(())?;
    }
}

const SOUND: &[u8] = b"5;a=\"b c\"\r\nhello\r\n001\r\n \r\nA\r\n0123456789\r\n0;last\r\nX-Sum: 1\r\nY:\r\n\r\nGET /";

#[test]
fn chunked_body_is_the_same_at_every_split_point() {
    for first in 0..=SOUND.len() {
        for second in first..=SOUND.len() {
            let pieces = [&SOUND[..first], &SOUND[first..second], &SOUND[second..]];
            let wanted = (b"hello 0123456789".to_vec(), b"GET /".to_vec(), true);
            assert_eq!(decode(&pieces, 16), Ok(wanted), "{first} {second}");
        }
    }
    let single: Vec<&[u8]> = SOUND.chunks(1).collect();
    assert_eq!(decode(&single, 16).unwrap().0, b"hello 0123456789");
}

#[test]
fn chunked_body_that_ends_early_is_not_done() {
    for end in 0..SOUND.len() - b"GET /".len() {
        assert!(!decode(&[&SOUND[..end]], 16).unwrap().2, "{end}");
    }
}

#[test]
fn chunked_framing_that_others_could_read_differently_is_refused() {
    for wrong in [
        "\r\n0\r\n\r\n",
        ";a\r\n",
        "+1\r\na\r\n",
        "-1\r\na\r\n",
        " 1\r\na\r\n",
        "1 \r\na\r\n",
        "1\t\r\na\r\n",
        "1 ;a\r\na\r\n",
        "0x1\r\na\r\n",
        "0X1\r\na\r\n",
        "1h\r\na\r\n",
        "1_0\r\n",
        "1.0\r\n",
        "1,1\r\n",
        "٥\r\n",
        "g\r\n",
        "00000000000000001\r\na\r\n",
        "10000000000000001\r\na\r\n",
        "1\na\r\n0\r\n\r\n",
        "1\r\na\n0\r\n\r\n",
        "1\ra\r\n",
        "1\r\r\na",
        "1;a\na\r\n",
        "1;a\ra\r\n",
        "1;a\0\r\na\r\n",
        "1;\u{7f}\r\na\r\n",
        "1\r\nab\r\n0\r\n\r\n",
        "1\r\na0\r\n\r\n",
        "1\r\na\r0\r\n\r\n",
        "0\r\n\n",
        "0\n\n",
        "0\r\n\r\r",
        "0\r\nno colon\r\n\r\n",
        "0\r\n: no name\r\n\r\n",
        "0\r\n folded: a\r\n\r\n",
        "0\r\nA : b\r\n\r\n",
        "0\r\nA: b\n\r\n",
        "0\r\nA: b\rc\r\n\r\n",
        "0\r\nA: \0\r\n\r\n",
        "0\r\nGET / HTTP/1.1\r\n\r\n",
    ] {
        assert!(matches!(decode(&[wrong.as_bytes()], 100), Err(Fault::Malformed(..))), "{wrong:?}");
        assert_eq!(model(wrong.as_bytes(), 100), None, "{wrong:?}");
    }
}

#[test]
fn chunked_size_beyond_the_limit_is_told_before_a_byte_of_it() {
    assert_eq!(decode(&[b"5\r\n"], 5).unwrap().0, b"");
    for large in ["6\r", "6;", "ffffffffffffffff\r", "8000000000000000;", "1\r\na\r\n5\r"] {
        assert_eq!(decode(&[large.as_bytes()], 5), Err(Fault::TooLarge), "{large}");
    }
}

#[test]
fn chunked_extensions_and_trailers_are_bounded_in_all() {
    let is_refused = |text: &str| matches!(decode(&[text.as_bytes()], 100_000), Err(Fault::Malformed(..)));
    let extension = |bytes: usize, chunks: usize| format!("1;{}\r\na\r\n", "x".repeat(bytes)).repeat(chunks);
    assert!(!is_refused(&extension(IGNORED_MAX_BYTES, 1)) && is_refused(&extension(IGNORED_MAX_BYTES + 1, 1)));
    assert!(is_refused(&extension(IGNORED_MAX_BYTES / 8, 9)), "the sum counts");
    assert!(is_refused(&format!("0\r\n{}", "A: b\r\n".repeat(IGNORED_MAX_BYTES))));
    assert!(is_refused(&format!("0\r\n{}", "a".repeat(IGNORED_MAX_BYTES + 1))));
}

proptest! {
    #[test]
    fn chunked_text_is_read_as_the_model_reads_it(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "0", "1", "2", "5", "a", "F", "\r\n", "\r\n", "\r\n", "\r", "\n", ";", ":", " ", "x", "ab", "hello", "\t", "\0", "+",
            ]),
            0..24,
        ),
        cut in any::<prop::sample::Index>(),
    ) {
        let text = pieces.concat().into_bytes();
        let cut = cut.index(text.len() + 1);
        let read = decode(&[&text[..cut], &text[cut..]], 20).ok().filter(|(.., is_done)| *is_done);
        prop_assert_eq!(read.map(|(body, rest, _)| (body, rest)), model(&text, 20));
    }

    #[test]
    fn chunked_bodies_come_out_as_they_went_in(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        next in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut text = Vec::new();
        for chunk in &chunks {
            text.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            text.extend_from_slice(chunk);
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"0\r\n\r\n");
        text.extend_from_slice(&next);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.push(text.len());
        let mut from = 0;
        let pieces: Vec<&[u8]> = cuts.iter().map(|&cut| &text[std::mem::replace(&mut from, cut)..cut]).collect();
        prop_assert_eq!(decode(&pieces, 1_000), Ok((chunks.concat(), next, true)));
    }
}
