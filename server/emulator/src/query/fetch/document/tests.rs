//! What is read, what is refused and where, and that nothing makes the reader panic or run away.

use proptest::prelude::*;

use super::*;

const WHOLE: &str =
    "<fetch version='1.0' mapping='logical' count='3' page='2' paging-cookie='&lt;a&gt;' distinct='true'>
  <entity name='thing'>
    <attribute name='name' alias='n'/>
    <order attribute='name' descending='true'/>
    <filter type='or'>
      <condition attribute='a' operator='in'><value>1</value><value>2</value></condition>
      <filter><condition attribute='b' operator='null'/></filter>
      <link-entity name='part' from='thingid' to='thingid' link-type='not any'/>
    </filter>
    <link-entity name='place' from='placeid' to='placeid' link-type='outer' alias='p'>
      <all-attributes/>
    </link-entity>
  </entity>
</fetch>";

#[test]
fn all_that_is_said_is_read() {
    let fetch = parse(WHOLE).unwrap();
    assert_eq!((fetch.count, fetch.page, fetch.distinct), (Some(3), 2, true));
    assert_eq!(fetch.cookie.as_deref(), Some("<a>"));
    let [filter] = &fetch.entity.filters[..] else { panic!() };
    assert!(filter.any);
    let FetchPart::Condition(condition) = &filter.parts[0] else { panic!() };
    assert_eq!(condition.values, ["1", "2"]);
    let FetchPart::Link(link) = &filter.parts[2] else { panic!() };
    assert_eq!(link.kind, LinkKind::NotAny);
    assert_eq!(fetch.entity.links[0].alias.as_deref(), Some("p"));
    assert!(fetch.entity.links[0].entity.all);
}

#[test]
fn errors_say_where() {
    let check = |text: &str, code: &str, part: &str| {
        let fault = parse(text).unwrap_err();
        assert_eq!(fault.code, code, "{text}: {}", fault.message);
        assert!(fault.message.contains(part), "{text}: {}", fault.message);
    };
    check("", "0x80040201", "Invalid XML");
    check("<fetch>\n<entity></b></fetch>", "0x80040201", "at 2:9");
    check("<fetch>", "0x80040201", "never closed");
    check("<fetch>\n <entity/></fetch>", "0x8004111E", "'name' is missing on <entity>, at 2:2");
    check("<fetch/>", "0x80041123", "holds one <entity>, at 1:1");
    check(
        "<fetch><entity name='a'><atribute/></entity></fetch>",
        "0x8004111C",
        "NodeName = atribute, at 1:25",
    );
    check("<fetch count='x'><entity name='a'/></fetch>", "0x80041127", "'x'");
    check("<fetch top='5' page='1'><entity name='a'/></fetch>", "0x80040203", "top");
    check("<fetch nolock='1'><entity name='a'/></fetch>", "0x80060888", "'nolock'");
    let alias = "<fetch><entity name='a'><attribute name='b' alias='c\"d'/></entity></fetch>";
    check(alias, "0x8004111B", "Invalid character specified for alias: c\"d.");
    let typed = "<!DOCTYPE a [<!ENTITY b 'c'>]><fetch><entity name='a'/></fetch>";
    check(typed, "0x80040201", "Invalid XML");
}

fn around(inner: &str) -> String {
    format!("<fetch><entity name='a'>{inner}</entity></fetch>")
}

#[test]
fn what_is_limited_is_counted() {
    let condition = "<condition attribute='a' operator='null'/>";
    let filter = |count: usize| around(&format!("<filter>{}</filter>", condition.repeat(count)));
    assert!(parse(&filter(500)).is_ok());
    assert_eq!(parse(&filter(501)).unwrap_err().code, "0x8004430C");
    let links = |count: usize| around(&"<link-entity name='b' from='c' to='d'/>".repeat(count));
    assert!(parse(&links(15)).is_ok());
    assert_eq!(parse(&links(16)).unwrap_err().code, "0x8004430D");
    let deep = |count: usize| around(&format!("{}{}", "<filter>".repeat(count), "</filter>".repeat(count)));
    assert!(parse(&deep(30)).is_ok());
    assert!(parse(&deep(40)).is_err());
    assert!(parse(&"<a>".repeat(20_000)).is_err());
    assert!(parse(&around(&"<b/>".repeat(60_000))).is_err());
}

/// Elements that fit together, or nearly.
fn tree() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "<attribute name='a'/>",
        "<all-attributes/>",
        "<order attribute='a'/>",
        "<condition attribute='a' operator='eq' value='1'/>",
        "<condition attribute='a' operator='in'><value>1</value></condition>",
        "<value>é</value>",
        "text &amp; more",
        "<!-- note -->",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(6, 60, 6, |inner| {
        let around = prop::sample::select(vec![
            ("<filter type='or'>", "</filter>"),
            ("<filter>", "</filter>"),
            ("<link-entity name='b' from='c' to='d'>", "</link-entity>"),
            ("<link-entity name='b' from='c' to='d' link-type='any'>", "</link-entity>"),
            ("<entity name='e'>", "</entity>"),
        ]);
        (around, prop::collection::vec(inner, 0..6))
            .prop_map(|((open, close), parts)| format!("{open}{}{close}", parts.concat()))
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = parse(&text);
        let _ = parse(&around(&text));
    }

    #[test]
    fn no_tree_makes_it_panic(inner in tree()) {
        let _ = parse(&around(&inner));
    }

    #[test]
    fn mutated_queries_never_panic(at in 0..900_usize, cut in 0..40_usize, put in ".{0,8}") {
        let at = WHOLE.floor_char_boundary(at);
        let end = WHOLE.floor_char_boundary((at + cut).min(WHOLE.len()));
        let _ = parse(&format!("{}{put}{}", &WHOLE[..at], &WHOLE[end..]));
    }
}
