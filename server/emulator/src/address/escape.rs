//! Percent signs and plus signs.

use std::fmt::Write as _;

/// Takes percent-encoding away. What is no escape stays as it is; what is no UTF-8 is replaced.
pub(crate) fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            #[expect(clippy::cast_possible_truncation, reason = "two hexadecimal digits are a byte")]
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, _, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

/// `a=b&c=d`, decoded, a `+` meaning a space.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    let plain = |part: &str| decode(&part.replace('+', " "));
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (plain(name), plain(value))
        })
        .collect()
}

/// Percent-encodes for a query, leaving what may stand there as it is.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b'(' | b')' | b',' | b'$' | b'=' | b';' | b':' | b'@' | b'/'
            | b'!' | b'*' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02x}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn three_ways_of_escaping_read_the_same() {
        let expect = [("$filter".to_owned(), "a eq 'b'".to_owned()), ("$top".to_owned(), "1".to_owned())];
        for text in
            ["%24filter=a+eq+%27b%27&%24top=1", "$filter=a%20eq%20'b'&$top=1", "$filter=a eq 'b'&$top=1"]
        {
            assert_eq!(form(text), expect, "{text}");
        }
    }

    proptest! {
        #[test]
        fn encoding_and_decoding_are_inverse(text in any::<String>()) {
            prop_assert_eq!(decode(&encode(&text)), text);
        }

        /// Any text, and any row of escapes, broken ones among them; what comes out is never much more than went in.
        #[test]
        fn nothing_makes_it_panic(text in any::<String>(), escapes in "[%+&=0-9a-fA-Fé]{0,80}") {
            for text in [text, escapes] {
                let read: usize = form(&text).iter().map(|(name, value)| name.len() + value.len()).sum();
                // A byte that is no UTF-8 becomes the three of the replacement character.
                prop_assert!(read <= 3 * text.len());
            }
        }
    }
}
