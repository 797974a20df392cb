//! Rhai's own functions as editors offer them behind a dot: what each takes and means. Those that change what stands before
//! the dot are left out where one of ours gives the changed value, as `trimmed` and `sorted` do.

use super::Declared;

pub(super) const OF_TEXTS: &[Declared] = &[
    ("len(text: string) -> int", "How many characters it has.", "\"four\".len()", "4"),
    ("is_empty(text: string) -> bool", "Whether nothing is in it.", "\"\".is_empty()", "true"),
    ("contains(text: string, part: string) -> bool", "Whether it has this part.", "\"Ada L\".contains(\"da\")", "true"),
    (
        "starts_with(text: string, part: string) -> bool",
        "Whether it begins with this part.",
        "\"Ada\".starts_with(\"A\")",
        "true",
    ),
    (
        "ends_with(text: string, part: string) -> bool",
        "Whether it ends with this part.",
        "\"Ada\".ends_with(\"da\")",
        "true",
    ),
    (
        "index_of(text: string, part: string) -> int",
        "Where the part stands first, from 0; -1 where it does not.",
        "\"Ada\".index_of(\"da\")",
        "1",
    ),
    ("to_upper(text: string) -> string", "The text in capitals.", "\"Ada\".to_upper()", "\"ADA\""),
    ("to_lower(text: string) -> string", "The text in small letters.", "\"Ada\".to_lower()", "\"ada\""),
    (
        "split(text: string, separator: string) -> list<string>",
        "The parts between the separators.",
        "\"a,b\".split(\",\")",
        "[\"a\", \"b\"]",
    ),
    (
        "sub_string(text: string, start: int, length: int?) -> string",
        "The part from a place on, counted from 0, or from the end where negative.",
        "\"Grace\".sub_string(1, 3)",
        "\"rac\"",
    ),
    ("parse_int(text: string) -> int", "The whole number that it says.", "\"42\".parse_int()", "42"),
    ("parse_float(text: string) -> float", "The number that it says.", "\"1.5\".parse_float()", "1.5"),
];

pub(super) const OF_LISTS: &[Declared] = &[
    ("len(list: list<any>) -> int", "How many items it has.", "[1, 2].len()", "2"),
    ("is_empty(list: list<any>) -> bool", "Whether it has no items.", "[].is_empty()", "true"),
    ("contains(list: list<any>, item: any) -> bool", "Whether it has such an item.", "[1, 2].contains(2)", "true"),
    (
        "map(list: list<any>, change: any) -> list<any>",
        "What becomes of each item.",
        "[1, 2].map(|x| x * 10)",
        "[10, 20]",
    ),
    (
        "filter(list: list<any>, holds: any) -> list<any>",
        "The items of which it holds.",
        "[1, 2, 3].filter(|x| x > 1)",
        "[2, 3]",
    ),
    (
        "find(list: list<any>, holds: any) -> any",
        "The first item of which it holds; `()` where there is none.",
        "[1, 2, 3].find(|x| x > 1)",
        "2",
    ),
    ("some(list: list<any>, holds: any) -> bool", "Whether it holds of an item.", "[1, 2].some(|x| x > 1)", "true"),
    ("all(list: list<any>, holds: any) -> bool", "Whether it holds of every item.", "[1, 2].all(|x| x > 1)", "false"),
    (
        "reduce(list: list<any>, join: any, start: any) -> any",
        "One value out of all: the last one and an item give the next.",
        "[1, 2, 3].reduce(|sum, x| sum + x, 0)",
        "6",
    ),
    (
        "index_of(list: list<any>, item: any) -> int",
        "Where the item stands first, from 0; -1 where it does not.",
        "[\"a\", \"b\"].index_of(\"b\")",
        "1",
    ),
    (
        "extract(list: list<any>, start: int, length: int?) -> list<any>",
        "A part of it.",
        "[1, 2, 3].extract(1)",
        "[2, 3]",
    ),
];

pub(super) const OF_MAPS: &[Declared] = &[
    ("keys(map: map<any>) -> list<string>", "The names of its fields.", "#{ a: 1, b: 2 }.keys()", "[\"a\", \"b\"]"),
    ("values(map: map<any>) -> list<any>", "The values of its fields.", "#{ a: 1, b: 2 }.values()", "[1, 2]"),
    ("len(map: map<any>) -> int", "How many fields it has.", "#{ a: 1 }.len()", "1"),
    (
        "contains(map: map<any>, key: string) -> bool",
        "Whether it has such a field.",
        "#{ a: 1 }.contains(\"a\")",
        "true",
    ),
];

pub(super) const OF_NUMBERS: &[Declared] = &[
    ("abs(number: number) -> any", "The number without its sign.", "(-2).abs()", "2"),
    ("round(number: float) -> float", "The nearest whole number.", "1.6.round()", "2.0"),
    ("floor(number: float) -> float", "The whole number below.", "1.6.floor()", "1.0"),
    ("ceiling(number: float) -> float", "The whole number above.", "1.2.ceiling()", "2.0"),
    ("to_int(number: float) -> int", "The number without what stands behind the point.", "1.6.to_int()", "1"),
    ("to_float(number: int) -> float", "The same number as a float.", "2.to_float()", "2.0"),
];
