//! Bodies as two client libraries write them, broken ones, and random ones.

use proptest::prelude::*;

use super::*;

fn body(text: &str) -> Bytes {
    Bytes::from(text.replace('\n', "\r\n"))
}

const JS: &str = "
--dwa_batch_1
Content-Type: multipart/mixed;boundary=changeset_1

--changeset_1
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 100001

POST http://h/api/data/v9.2/sets HTTP/1.1
Content-Type: application/json

{\"a\":\"b\"}
--changeset_1--
--dwa_batch_1
Content-Type: application/http

GET http://h/api/data/v9.2/sets?$filter=a eq 'x y'&$orderby=a desc HTTP/1.1
Accept: application/json


--dwa_batch_1--
";

#[test]
fn change_sets_and_raw_spaces_are_read() {
    check_js(&body(JS));
}

#[test]
fn bare_line_feeds_are_read() {
    check_js(&Bytes::from_static(JS.as_bytes()));
    // A body's own line ends are not touched.
    let text = "--b\nContent-Type: application/http\n\nPOST x HTTP/1.1\n\n{\n}\r\n\n--b--\n\n";
    let items = read("multipart/mixed;boundary=b", &Bytes::from_static(text.as_bytes())).unwrap();
    assert_eq!(parts(&items[0])[0].body, "{\n}\r\n");
}

fn check_js(text: &Bytes) {
    let items = read("multipart/mixed;boundary=dwa_batch_1", text).unwrap();
    let [RequestItem::ChangeSet(set), RequestItem::One(get)] = &items[..] else { panic!("{items:?}") };
    assert_eq!(set[0].content_id.as_deref(), Some("100001"));
    assert_eq!(set[0].body, "{\"a\":\"b\"}");
    assert_eq!(get.url, "http://h/api/data/v9.2/sets?$filter=a eq 'x y'&$orderby=a desc");
    assert_eq!(get.method, Method::GET);
}

#[test]
fn what_the_cloud_cannot_read_is_refused() {
    let refused = |text: Bytes| read("multipart/mixed;boundary=dwa_batch_1", &text).unwrap_err().code;
    let whole = body(JS);
    assert_eq!(refused(whole.slice(..whole.len() - 2)), "0x80048d19", "no last line end");
    assert_eq!(refused(whole.slice(..whole.len() / 2)), "0x80048d19", "cut short");
    assert!(read("application/json", &whole).is_err());
}

#[test]
fn no_more_than_a_thousand() {
    let part = "--b\r\nContent-Type: application/http\r\n\r\nGET x HTTP/1.1\r\n\r\n";
    let many = |n: usize| Bytes::from(format!("{}--b--\r\n", part.repeat(n)));
    assert_eq!(read("multipart/mixed;boundary=b", &many(1000)).unwrap().len(), 1000);
    assert!(read("multipart/mixed;boundary=b", &many(1001)).is_err());
}

fn parts(item: &RequestItem) -> &[RequestPart] {
    match item {
        RequestItem::One(part) => std::slice::from_ref(part),
        RequestItem::ChangeSet(parts) => parts,
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0..700_usize) {
        let mut text = body(JS).to_vec();
        text.truncate(cut);
        text.extend(bytes);
        let _ = read("multipart/mixed;boundary=dwa_batch_1", &Bytes::from(text));
    }

    /// Cut, doubled and overwritten in places: the edges of delimiters, headers and line ends among them.
    #[test]
    fn mutated_bodies_never_panic(
        changes in prop::collection::vec(
            (0..700_usize, 0..60_usize, any::<bool>(), prop::collection::vec(any::<u8>(), 0..6)),
            1..6,
        ),
    ) {
        let mut text = body(JS).to_vec();
        for (at, length, doubled, put) in changes {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            let again = if doubled { text[at..end].to_vec() } else { Vec::new() };
            let put: Vec<u8> = again.iter().copied().chain(again.iter().copied()).chain(put).collect();
            text.splice(at..end, put);
        }
        let most = text.len();
        if let Ok(items) = read("multipart/mixed;boundary=dwa_batch_1", &Bytes::from(text)) {
            let kept: usize = items.iter().flat_map(parts).map(|part| part.body.len() + part.url.len()).sum();
            prop_assert!(kept <= most, "nothing is kept that was not sent");
        }
    }

    #[test]
    fn what_is_written_is_read(
        written in prop::collection::vec(
            ("GET|POST|PATCH|DELETE", "[a-z$?&=(),' /%]{1,30}", prop::collection::vec(any::<u8>(), 0..40), 0..3_usize),
            1..8,
        ),
    ) {
        let expect: Vec<_> = written
            .into_iter()
            .map(|(method, url, body, set)| (method, format!("x{url}x"), body, set))
            .filter(|(_, _, body, _)| !body.windows(2).any(|pair| pair == b"--"))
            .collect();
        let mut text = Vec::new();
        for (at, (method, url, body, set)) in expect.iter().enumerate() {
            let part = [
                format!("Content-Type: application/http\r\nContent-ID: {at}\r\n\r\n{method} {url} HTTP/1.1\r\n\r\n")
                    .into_bytes(),
                body.clone(),
            ]
            .concat();
            text.extend(b"--b\r\n");
            if *set == 0 {
                text.extend(b"Content-Type: multipart/mixed; boundary=\"c\"\r\n\r\n--c\r\n");
                text.extend(part);
                text.extend(b"\r\n--c--");
            } else {
                text.extend(part);
            }
            text.extend(b"\r\n");
        }
        text.extend(b"--b--\r\n");
        let items = read("multipart/mixed; boundary=b", &Bytes::from(text)).unwrap();
        let found: Vec<&RequestPart> = items.iter().flat_map(parts).collect();
        prop_assert_eq!(found.len(), expect.len());
        for (at, (part, (method, url, body, _))) in found.iter().zip(&expect).enumerate() {
            prop_assert_eq!(part.method.as_str(), method);
            prop_assert_eq!(&part.url, url);
            prop_assert_eq!(&part.body[..], &body[..]);
            prop_assert_eq!(part.content_id.clone(), Some(at.to_string()));
        }
    }

    #[test]
    fn no_content_type_makes_it_panic(kind in any::<String>()) {
        let _ = read(&kind, &body(JS));
    }
}
