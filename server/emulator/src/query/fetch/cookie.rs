//! Paging cookies. Clients take one out of an annotation, decode it twice, and send it back inside the next query; what
//! is in it is none of their business \[D:fetchxml/page-results.md\].

use crate::fault::Result;
use crate::query::page::PageEnd;

/// After which row the next page begins.
pub(super) struct Cookie {
    /// The page that ended there.
    pub(super) page: u64,
    pub(super) place: PageEnd,
}

/// `<cookie pagenumber="2" pagingcookie="…" />`, the inner one encoded twice; without one, pages go by number alone.
pub(super) fn annotation(next: u64, cookie: Option<&Cookie>) -> String {
    let Some(Cookie { page, place }) = cookie else {
        return format!("<cookie pagenumber=\"{next}\" istracking=\"False\" />");
    };
    // One of the clients looks for `page` first, and for something between it and the end.
    let inner = format!("<cookie page=\"{page}\"><place last=\"{}\" /></cookie>", place.encoded());
    let inner = percent(&percent(&inner));
    format!("<cookie pagenumber=\"{next}\" pagingcookie=\"{inner}\" istracking=\"False\" />")
}

/// What came back in `paging-cookie`.
pub(super) fn read(text: &str) -> Result<Cookie> {
    let part = |name: &str| text.split(name).nth(1).and_then(|rest| rest.split('"').next());
    let page = part("page=\"").and_then(|digits| digits.parse().ok()).unwrap_or(0);
    Ok(Cookie { page, place: PageEnd::decoded(part("last=\"").unwrap_or_default())? })
}

/// Everything but letters and digits, in lower case as the cloud writes it.
fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02x}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::address::decode;

    #[test]
    fn cookies_survive_clients_encoding() {
        let place = PageEnd::decoded(&PageEnd::first_after(7).encoded()).unwrap();
        let text = annotation(3, Some(&Cookie { page: 2, place }));
        assert!(text.starts_with(
            "<cookie pagenumber=\"3\" pagingcookie=\"%253ccookie%2520page%253d%25222%2522%253e"
        ));
        let inner = text.split("pagingcookie=\"").nth(1).unwrap().split('"').next().unwrap();
        let cookie = read(&decode(&decode(inner))).unwrap();
        assert_eq!((cookie.page, cookie.place), (2, PageEnd::first_after(7)));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            prop_assert!(read(&text).is_err());
            let _ = read(&format!("<cookie page=\"{text}\"><place last=\"{text}\"/></cookie>"));
        }
    }
}
