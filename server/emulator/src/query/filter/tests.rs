//! What filters mean, what is refused and where, and that nothing makes the parser panic.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Expression> {
    parse(text, &|name| match name {
        "@p1" => Some("'x'".to_owned()),
        "@p3" => Some("b/c".to_owned()),
        "@p4" => Some("(".repeat(50)),
        _ => None,
    })
}

fn path(name: &str) -> Operand {
    Operand::Path(name.split('/').map(str::to_owned).collect())
}

fn number(text: &str) -> Operand {
    Operand::Value(AddressLiteral::Number(text.to_owned()))
}

#[test]
fn not_binds_before_and_before_or() {
    let compare = |name: &str| Expression::Compare(Operator::Eq, path(name), number("1"));
    let (a, b, c) = (compare("a"), compare("b"), compare("c"));
    assert_eq!(
        read("a eq 1 or b eq 1 and not (c eq 1)").unwrap(),
        Expression::Or(vec![a.clone(), Expression::And(vec![b, Expression::Not(Box::new(c))])])
    );
    assert_eq!(read("((a eq 1))").unwrap(), a);
}

#[test]
fn every_kind_of_operand_is_read() {
    let check = |text: &str, expect: Operand| {
        let Expression::Compare(_, _, right) = read(&format!("a ne {text}")).unwrap() else {
            panic!("{text}")
        };
        assert_eq!(right, expect);
    };
    check("'O''Neil'", Operand::Value(AddressLiteral::Text("O'Neil".to_owned())));
    check("-1.5e-05", number("-1.5e-05"));
    check("null", Operand::Value(AddressLiteral::Null));
    check("true", Operand::Value(AddressLiteral::Boolean(true)));
    check(
        "2026-02-28T23:59:59.5Z",
        Operand::Value(AddressLiteral::Time("2026-02-28T23:59:59.5Z".to_owned())),
    );
    check("2026-02-28", Operand::Value(AddressLiteral::Time("2026-02-28".to_owned())));
    let id = "f0000000-0000-4000-8000-000000000001";
    check(id, Operand::Value(AddressLiteral::Id(id.parse().unwrap())));
    check("b/c", path("b/c"));
    check("@p1", Operand::Value(AddressLiteral::Text("x".to_owned())));
    check("@p2", Operand::Value(AddressLiteral::Null));
    check("@p3", path("b/c"));
}

#[test]
fn functions_and_lambdas_are_read() {
    assert!(matches!(read("contains(a, 'b')").unwrap(), Expression::Text { .. }));
    let list = read(r#"Microsoft.Dynamics.CRM.In(PropertyName='a',PropertyValues=["x","y\"z"])"#).unwrap();
    let Expression::Function { name, arguments } = list else { panic!() };
    assert_eq!(name, "In");
    let many =
        Argument::Many(vec![AddressLiteral::Text("x".to_owned()), AddressLiteral::Text("y\"z".to_owned())]);
    assert_eq!(arguments[1], ("PropertyValues".to_owned(), many));
    let Expression::Lambda { navigation, all, condition } = read("nav/any(o:o/name eq 'x')").unwrap() else {
        panic!()
    };
    assert_eq!((navigation, all), (vec!["nav".to_owned()], false));
    assert_eq!(condition.unwrap().0, "o");
    assert!(matches!(read("nav/any()").unwrap(), Expression::Lambda { condition: None, .. }));
    assert!(matches!(
        read("Microsoft.Dynamics.CRM.Today(PropertyName='a')").unwrap(),
        Expression::Function { .. }
    ));
}

#[test]
fn errors_say_where() {
    let check = |text: &str, part: &str| {
        let fault = read(text).unwrap_err();
        assert!(fault.message.contains(part), "{text}: {}", fault.message);
    };
    check("a eq", "position 4");
    check("a eq 1 b", "position 7");
    check("(a eq 1", "position 7");
    check("a eq 'x", "unterminated string literal");
    check("a eq 1 and", "position 10");
    check("tolower(a) eq 'x'", "unknown function");
    check("a # 1", "position 2");
    check("a eq @p4", "position 0 in '((((");
    check(&"(".repeat(5000), "limit");
    check(&"not ".repeat(5000), "limit");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = read(&text);
    }

    #[test]
    fn shuffled_words_never_panic(
        words in prop::collection::vec(prop::sample::select(vec![
            "a", "eq", "and", "or", "not", "(", ")", "'x'", "1", "/", "any", ":", ",", "contains", "[", "]", "=",
            "Microsoft.Dynamics.CRM.In", "@p1", "null", "2026-01-01", "é", "\"", "-",
        ]), 0..40),
    ) {
        let _ = read(&words.join(" "));
        let _ = read(&words.concat());
    }
}
