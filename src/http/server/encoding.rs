//! `Accept-Encoding` (RFC 9110, 12.5.3): whether a client takes gzip.

/// Whether gzip may be sent, and is not less welcome than content as it is. What cannot be read counts as not accepted.
pub fn accepts_gzip(field: &str) -> bool {
    let (mut gzip, mut identity, mut any) = (None, None, None);
    for element in field.split(',') {
        let mut parts = element.split(';').map(|part| part.trim_matches([' ', '\t']));
        let coding = parts.next().unwrap_or("");
        let weight = parts.next().map_or(Some(1_000), weight_of).filter(|_| parts.next().is_none()).unwrap_or(0);
        let slot = match coding {
            "*" => &mut any,
            _ if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") => &mut gzip,
            _ if coding.eq_ignore_ascii_case("identity") => &mut identity,
            _ => continue,
        };
        *slot = Some(slot.map_or(weight, |before: u16| before.max(weight)));
    }
    let gzip = gzip.or(any).unwrap_or(0);
    // Identity that is not named is acceptable, but nobody's wish.
    gzip > 0 && gzip >= identity.unwrap_or(0)
}

/// A weight in thousandths: `q=` and 0 to 1 with at most three decimals.
fn weight_of(parameter: &str) -> Option<u16> {
    let value = parameter.strip_prefix(['q', 'Q'])?.strip_prefix('=')?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let is_sound = decimals.len() <= 3 && decimals.bytes().all(|b| b.is_ascii_digit());
    let thousandths = is_sound.then(|| format!("{decimals:0<3}").parse::<u16>().ok()).flatten()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_encoding_is_weighed() {
        for field in [
            "gzip",
            "GZip",
            "x-gzip",
            "deflate, gzip",
            "br;q=1.0, gzip;q=0.8",
            "*",
            "gzip;q=0.001",
            "gzip; q=1",
            "gzip ;Q=1.000",
            "identity;q=0.5, gzip",
            "identity;q=0, *",
            "identity, gzip",
            "gzip,",
            "br;q=0, *;q=0.1",
            "identity;q=0,gzip;q=0.3",
            "*;q=0, gzip;q=1",
            "gzip;q=0.5, identity;q=0.5",
            "gzip;q=1.",
        ] {
            assert!(accepts_gzip(field), "{field:?}");
        }
        for field in [
            "",
            "identity",
            "br",
            "deflate",
            "gzip;q=0",
            "gzip;q=0.0",
            "gzip;q=0.000",
            "*;q=0",
            "gzip;q=0, *",
            "*, gzip;q=0",
            "gzip;q=0.4, identity;q=0.5",
            "identity, gzip;q=0.5",
            "gzip;q=abc",
            "gzip;q=1.5",
            "gzip;q=-1",
            "gzip;q=",
            "gzip;x=1",
            "gzip;q=0.0001",
            "gzip;q=0.5;x=1",
            "gzipped",
            "gzip2",
            "gz ip",
            "gzip;q=1.001",
            "gzip;",
            "q=1",
        ] {
            assert!(!accepts_gzip(field), "{field:?}");
        }
    }
}
