//! JSON documents as text, written in every way that JSON allows.

use proptest::prelude::*;
use proptest::sample::select;

/// Arrays and objects inside one another.
const DEPTH: u32 = 5;

/// Values in a document, about.
const SIZE: u32 = 40;

/// A document that both databases can store.
pub(super) fn document() -> BoxedStrategy<String> {
    let leaf = prop_oneof![word(), number(), text()];
    nested(leaf.boxed())
}

/// A document that one of the databases may be unable to store.
pub(super) fn doubtful_document() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        20 => word(),
        20 => number(),
        20 => text(),
        1 => "-?[1-9](\\.[0-9]{1,3})?[eE][+-]?[0-9]{3}",
        1 => "-?0\\.[0-9]{390,410}",
        1 => "[1-9][0-9]{300,320}",
        1 => "[1-9]e[0-9]{18,22}",
        1 => select(&[r#""\u0000""#, r#""\ud800""#, r#""\udc00x""#, r#""\ud800\ud800""#, "1e400",
            r#"{"\u0000":1}"#, r#"{"\ud83d":1}"#][..]).prop_map(str::to_owned),
    ];
    let deep = (50_usize..70).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth));
    prop_oneof![8 => nested(leaf.boxed()), 1 => deep].boxed()
}

/// A state whose fields are the documents.
pub(super) fn state_of(documents: &[String]) -> String {
    let field = |(n, document): (usize, &String)| format!(r#""{n}":{document}"#);
    let fields: Vec<_> = documents.iter().enumerate().map(field).collect();
    format!("{{{}}}", fields.join(","))
}

fn nested(leaf: BoxedStrategy<String>) -> BoxedStrategy<String> {
    leaf.prop_recursive(DEPTH, SIZE, 6, |inner| {
        let array = prop::collection::vec((blank(), inner.clone(), blank()), 0..6);
        let array = array.prop_map(|items| {
            let items: Vec<_> = items.into_iter().map(|(a, item, b)| a + &item + &b).collect();
            format!("[{}]", items.join(","))
        });
        let object = prop::collection::vec((blank(), key(), blank(), inner, blank()), 0..8);
        let object = object.prop_map(|members| {
            let member = |(a, key, b, value, c)| format!("{a}{key}{b}:{value}{c}");
            let members: Vec<_> = members.into_iter().map(member).collect();
            format!("{{{}}}", members.join(","))
        });
        prop_oneof![1 => array, 2 => object]
    })
    .boxed()
}

fn blank() -> BoxedStrategy<String> {
    prop_oneof![5 => Just(String::new()), 1 => "[ \\n\\r\\t]{1,3}"].boxed()
}

fn word() -> BoxedStrategy<String> {
    select(&["null", "true", "false"][..]).prop_map(str::to_owned).boxed()
}

/// Numbers that a double can hold in size, but not always to the last digit.
fn number() -> BoxedStrategy<String> {
    let fixed = [
        "0",
        "-0",
        "-0.0",
        "0.00",
        "0e0",
        "-0e-7",
        "0E+99",
        "1.0",
        "1.50e1",
        "-1e-5",
        "9007199254740993",
        "123456789012345678901234567890",
        "1e308",
        "5e-324",
        "1E+2",
        "10e-1",
    ];
    prop_oneof![
        1 => select(fixed.to_vec()).prop_map(str::to_owned),
        2 => "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?",
        2 => "-?(0|[1-9][0-9]{0,9})(\\.[0-9]{1,9})?[eE][+-]?[0-9]{1,2}",
    ]
    .boxed()
}

/// Keys of which many are equal, if not in how they are written, and many others equally long.
fn key() -> BoxedStrategy<String> {
    let alike = [
        r#""a""#,
        r#""\u0061""#,
        r#""b""#,
        r#""aa""#,
        r#""é""#,
        r#""\u00E9""#,
        r#""e\u0301""#,
        r#""zz""#,
        r#""遊""#,
        r#""\u904a""#,
        r#""zzz""#,
        r#""🃏""#,
        r#""\ud83c\udccf""#,
        r#""zzzz""#,
        r#""\"""#,
        r#""\\""#,
        r#""\/""#,
        r#""/""#,
        r#""""#,
        r#"" ""#,
        r#""A""#,
        r#""\n""#,
    ];
    prop_oneof![3 => select(alike.to_vec()).prop_map(str::to_owned), 1 => text()].boxed()
}

/// Strings of characters of one to four bytes, some of them escaped.
fn text() -> BoxedStrategy<String> {
    let escape = prop_oneof![
        select(
            &[
                "\\n",
                "\\t",
                "\\r",
                "\\b",
                "\\f",
                "\\\"",
                "\\\\",
                "\\/",
                "\\ud83d\\ude00",
                "\\uD83C\\uDCCF"
            ][..]
        )
        .prop_map(str::to_owned),
        (1_u16..0xd800).prop_map(|code| format!("\\u{code:04x}")),
        (0xe000_u16..=0xffff).prop_map(|code| format!("\\u{code:04X}")),
    ];
    let plain = any::<char>().prop_filter("written as an escape", |it| {
        !it.is_ascii_control() && *it != '"' && *it != '\\'
    });
    let ascii = "[ !#-\\[\\]-~]{1,4}";
    let piece = prop_oneof![3 => ascii, 2 => plain.prop_map(String::from), 2 => escape];
    let marks = select(&["\u{7f}", "\u{2028}", "\u{feff}", "{\\\"a\\\": [1, 2]}", " , : "][..]);
    let piece = prop_oneof![9 => piece, 1 => marks.prop_map(str::to_owned)];
    prop::collection::vec(piece, 0..6).prop_map(|it| format!("\"{}\"", it.concat())).boxed()
}
