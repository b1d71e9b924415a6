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
    let items = read("multipart/mixed;boundary=dwa_batch_1", &body(JS)).unwrap();
    let [Item::ChangeSet(set), Item::One(get)] = &items[..] else { panic!("{items:?}") };
    assert_eq!(set[0].content_id.as_deref(), Some("100001"));
    assert_eq!(set[0].body, "{\"a\":\"b\"}");
    assert_eq!(get.url, "http://h/api/data/v9.2/sets?$filter=a eq 'x y'&$orderby=a desc");
    assert_eq!(get.method, Method::GET);
}

#[test]
fn what_the_cloud_cannot_read_is_refused() {
    let refused = |text: Bytes| read("multipart/mixed;boundary=dwa_batch_1", &text).unwrap_err().code;
    assert_eq!(refused(Bytes::from_static(JS.as_bytes())), "0x80048d19", "bare line feeds");
    let whole = body(JS);
    assert_eq!(refused(whole.slice(..whole.len() - 2)), "0x80048d19", "no last CRLF");
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

proptest! {
    #[test]
    fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0..700_usize) {
        let mut text = body(JS).to_vec();
        text.truncate(cut);
        text.extend(bytes);
        let _ = read("multipart/mixed;boundary=dwa_batch_1", &Bytes::from(text));
    }

    #[test]
    fn no_content_type_makes_it_panic(kind in any::<String>()) {
        let _ = read(&kind, &body(JS));
    }
}
