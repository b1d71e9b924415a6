//! Turning the pages of a FetchXML query: number and cookie go into the query itself \[D:fetchxml/page-results.md\].

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::error::Error;

const MORE: &str = "@Microsoft.Dynamics.CRM.morerecords";
const COOKIE: &str = "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie";

/// The query of the page after the one whose answer held these annotations; `None` after the last page.
pub(crate) fn next(xml: &str, annotations: &Map<String, Value>) -> Result<Option<String>, Error> {
    let more = annotations.get(MORE);
    if !more.is_some_and(|more| more.as_bool() == Some(true) || more.as_str() == Some("true")) {
        return Ok(None);
    }
    let root = Root::find(xml).ok_or_else(|| Error::Misuse("FetchXML without a fetch element".to_owned()))?;
    let page: u32 = root.attribute("page").and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut tag = String::from("<fetch");
    for (name, value) in root.attributes.iter().filter(|(name, _)| !matches!(*name, "page" | "paging-cookie"))
    {
        tag.push_str(&format!(" {name}=\"{}\"", value.replace('"', "&quot;")));
    }
    tag.push_str(&format!(" page=\"{}\"", page.saturating_add(1)));
    // Without a cookie the server counts rows off; it stops at 50,000.
    if let Some(cookie) = annotations.get(COOKIE).and_then(Value::as_str).and_then(cookie) {
        tag.push_str(&format!(" paging-cookie=\"{}\"", escape(&cookie)));
    }
    Ok(Some(format!("{}{tag}{}", &xml[..root.start], &xml[root.end..])))
}

/// What stands twice encoded in the annotation's `pagingcookie`.
fn cookie(annotation: &str) -> Option<String> {
    let start = annotation.find("<cookie")?;
    let tag = Root::read(annotation, start, "<cookie".len())?;
    let once = unescape(tag.attribute("pagingcookie")?);
    let twice = percent_decode_str(&once).decode_utf8().ok()?.into_owned();
    Some(percent_decode_str(&twice).decode_utf8().ok()?.into_owned())
}

/// The start tag of the outermost element, and where it stands.
struct Root<'a> {
    start: usize,
    /// Where the attributes end, before `>` or `/>`.
    end: usize,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Root<'a> {
    fn find(xml: &'a str) -> Option<Self> {
        Self::read(xml, xml.find("<fetch")?, "<fetch".len())
    }

    fn read(xml: &'a str, start: usize, name: usize) -> Option<Self> {
        let mut attributes = Vec::new();
        let mut at = start + name;
        loop {
            at += xml[at..].len() - xml[at..].trim_start().len();
            if xml[at..].starts_with('>') || xml[at..].starts_with("/>") {
                return Some(Self { start, end: at, attributes });
            }
            let equals = at + xml[at..].find('=')?;
            let quoted = equals + 1 + (xml[equals + 1..].len() - xml[equals + 1..].trim_start().len());
            let quote = xml[quoted..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let close = quoted + 1 + xml[quoted + 1..].find(quote)?;
            attributes.push((xml[at..equals].trim_end(), &xml[quoted + 1..close]));
            at = close + 1;
        }
    }

    fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn annotations(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_cookie_is_decoded_twice() {
        let cookie = "<cookie pagenumber=\"2\" pagingcookie=\"%253ccookie%2520page%253d%25221%2522%253e%253c%252fcookie%253e\" istracking=\"False\" />";
        let answer = annotations(&json!({ MORE: true, COOKIE: cookie }));
        let first = "<fetch count='2' distinct=\"true\"><entity name='a'/></fetch>";
        let second = next(first, &answer).unwrap().unwrap();
        assert_eq!(
            second,
            "<fetch count=\"2\" distinct=\"true\" page=\"2\" \
             paging-cookie=\"&lt;cookie page=&quot;1&quot;&gt;&lt;/cookie&gt;\"><entity name='a'/></fetch>"
        );
        let third = next(&second, &annotations(&json!({ MORE: "true" }))).unwrap().unwrap();
        assert!(third.starts_with("<fetch count=\"2\" distinct=\"true\" page=\"3\"><entity"), "{third}");
        assert_eq!(next(&third, &annotations(&json!({ MORE: false }))).unwrap(), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(xml in ".{0,80}", cookie in ".{0,80}") {
            let answer = annotations(&json!({ MORE: true, COOKIE: format!("<cookie {cookie}") }));
            let _ = next(&format!("<fetch {xml}"), &answer);
        }
    }
}
