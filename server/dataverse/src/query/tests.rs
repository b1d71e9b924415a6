//! Queries as text: quoting, joining, and that nothing breaks out.

use proptest::prelude::*;

use super::*;
use crate::odata::Literal;

fn check(filter: &Filter, expect: &str) {
    assert_eq!(filter.to_odata().unwrap(), expect);
}

#[test]
fn conditions_are_written_by_type() {
    check(&Filter::eq("a", "x'y"), "a eq 'x''y'");
    check(&Filter::ge("a", Literal::decimal("-0.30000")), "a ge -0.30000");
    check(&Filter::is_null("a"), "a eq null");
    check(&Filter::eq("_a_value", uuid::Uuid::nil()), "_a_value eq 00000000-0000-0000-0000-000000000000");
    let time: jiff::Timestamp = "2026-02-28T23:59:59Z".parse().unwrap();
    check(&Filter::lt("t", time), "t lt 2026-02-28T23:59:59Z");
    check(&Filter::contains("a", "50%_[x]"), "contains(a,'50[%][_][[]x]')");
    check(
        &Filter::any_of("a", ["x\"", "y"]),
        r#"Microsoft.Dynamics.CRM.In(PropertyName='a',PropertyValues=["x\"","y"])"#,
    );
}

#[test]
fn conditions_keep_their_grouping() {
    let (a, b, c) = (Filter::eq("a", 1), Filter::eq("b", 2), Filter::eq("c", 3));
    check(&a.clone().and(b.clone()).and(c.clone()), "a eq 1 and b eq 2 and c eq 3");
    check(&a.clone().or(b.clone()).and(c.clone()), "(a eq 1 or b eq 2) and c eq 3");
    check(&a.clone().and(b.clone().or(c.clone())), "a eq 1 and (b eq 2 or c eq 3)");
    check(&a.and(b).not().or(c), "not (a eq 1 and b eq 2) or c eq 3");
}

#[test]
fn names_that_could_break_out_are_refused() {
    assert!(Query::of("a?b").to_url().is_err());
    assert!(Query::of("a").select(["b&$top=1"]).to_url().is_err());
    assert!(Query::of("a").order_by("b desc").to_url().is_err());
    assert!(Query::of("a").filter(Filter::eq("b eq 1 or b", 1)).to_url().is_err());
    assert!(Query::of("a").filter(Filter::eq("b", Literal::decimal("1 or 1 eq 1"))).to_url().is_err());
}

proptest! {
    #[test]
    fn no_text_breaks_out_of_quotes(value in any::<String>()) {
        let url = Query::of("sets").filter(Filter::eq("a", value.as_str())).top(1).to_url().unwrap();
        let (_, rest) = url.split_once("$filter=").unwrap();
        let (filter, top) = rest.split_once('&').unwrap();
        prop_assert_eq!(top, "$top=1");
        prop_assert!(filter.bytes().all(|b| b.is_ascii_graphic() && !b"'\"#+?&=/".contains(&b)));
        let inner = filter.strip_prefix("a%20eq%20%27").unwrap().strip_suffix("%27").unwrap();
        let quotes = inner.matches("%27").count();
        prop_assert_eq!(quotes, inner.matches("%27%27").count() * 2);
    }
}
