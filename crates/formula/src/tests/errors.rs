//! Errors show the place and the nearest name.

use super::*;

/// The error of a formula over the bar columns, as the user sees it.
fn error(formula: &str) -> String {
    let lets = [("ret1".to_owned(), "close / delay(close, 1) - 1".to_owned())];
    Program::compile(&lets, &[FactorSpec::new("f", formula)], &COLUMNS, &[]).unwrap_err().to_string()
}

/// Asserts the error's message, the characters under the carets, and the hint.
fn check(formula: &str, message: &str, marked: &str, hint: &str) {
    let text = error(formula);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains(message), "{formula}: {text}");
    let under: String =
        lines[1].chars().zip(lines[2].chars()).filter(|(_, caret)| *caret == '^').map(|(c, _)| c).collect();
    assert_eq!(under, marked, "{formula}: {text}");
    assert_eq!(lines.get(3).map_or("", |line| line.trim_start_matches("hint: ")), hint, "{formula}: {text}");
}

#[test]
fn an_error_in_full() {
    assert_eq!(
        error("1 - ts_meen(close, 5)"),
        "factor `f`: there is no function `ts_meen` (column 5)\n  \
         1 - ts_meen(close, 5)\n      \
         ^^^^^^^\n\
         hint: did you mean `ts_mean`?"
    );
}

#[test]
fn names() {
    check("clsoe + 1", "there is no column or name `clsoe`", "clsoe", "did you mean `close`?");
    check("ret_1 + 1", "there is no column or name `ret_1`", "ret_1", "did you mean `ret1`?");
    check("banana + 1", "there is no column or name `banana`", "banana", "");
    check("close(5)", "`close` is not a function", "close", "");
    check("ts_mean / 5", "`ts_mean` is a function", "ts_mean", "write `ts_mean(x, window)`");
}

#[test]
fn syntax() {
    check("", "the formula is empty", "", "");
    check("close +", "the formula ends; expected a number", "", "");
    check("close +\tand", "`and` cannot stand here; expected a number", "and", "");
    check("close + * 2", "`*` cannot stand here; expected a number", "*", "");
    check("(close + 1", "the formula ends; expected `)` for the `(` at column 1", "", "");
    check("close + 1)", "`)` cannot stand here; expected an operator or the end", ")", "");
    check("close open", "`open` cannot stand here; expected an operator", "open", "");
    check("close = 1", "`=` has no meaning here", "=", "equality is written `==`");
    check("ts_mean(close, {w})", "`{` has no meaning here", "{", "`{w}` needs a list of windows");
    check("$ close + 1", "`$` has no meaning here", "$", "a column is written `close` or `$close`");
    check("1 + $clsoe", "there is no column `$clsoe`", "$clsoe", "did you mean `close`?");
    check("close > 1 ? open", "the formula ends; expected `:` for the `?` at column 11", "", "");
    check("close : open", "`:` cannot stand here; expected an operator", ":", "");
    check("close > 1 > 0", "comparisons do not chain", ">", "write `a < b and b < c`");
    check("close + 5x", "`5x` is not a number", "5x", "");
    check("close + 1.2.3", "`1.2.3` is not a number", "1.2.3", "");
    check("close + 1e", "`1e` is not a number", "1e", "");
    check("close + 1e999", "`1e999` is not a number", "1e999", "");
    check("close \u{2212} 1", "`\u{2212}` has no meaning here", "\u{2212}", "minus is written `-`");
    check("close +\n  opne", "no column or name `opne`", "opne", "did you mean `open`?");
}

#[test]
fn arguments() {
    check("ts_mean(close)", "`ts_mean` takes 2 arguments, not 1", "ts_mean(close)", "write `ts_mean(x, window)`");
    check("abs(close, 1)", "`abs` takes 1 argument, not 2", "abs(close, 1)", "write `abs(x)`");
    check(
        "ts_mean(close, 2.5)",
        "`window` of `ts_mean` is 2.5; expected a whole number of rows from 1",
        "2.5",
        "the formulaic alphas round down: write 2",
    );
    check("ts_mean(close, open)", "`window` of `ts_mean` is a series; expected a whole number", "open", "");
    check("ts_std(close, 1)", "`window` of `ts_std` is 1; expected a whole number of rows from 2", "1", "");
    check("ts_mean(close, 1e6)", "is 1000000; expected a whole number of rows from 1 to 100000", "1e6", "");
    check("delay(close, -1)", "is -1; expected a number of past rows: a negative one would look ahead", "-1", "");
    check("ts_mean(5, 3)", "`x` of `ts_mean` is 5; expected a series", "5", "");
    check("cs_rank(1 + 1)", "`x` of `cs_rank` is 2; expected a series", "1 + 1", "");
    check("ts_quantile(close, 5, 2)", "`q` of `ts_quantile` is 2; expected a number from 0 to 1", "2", "");
    check("cs_quantile(close, 2.5)", "`buckets` of `cs_quantile` is 2.5; expected a whole number from 1", "2.5", "");
    check(
        "parabolic_sar(high, low, 0, 1)",
        "`acceleration` of `parabolic_sar` is 0; expected a number above 0",
        "0",
        "",
    );
    check(
        "long_quantile(close, 5, 6)",
        "`quantile` of `long_quantile` is 6; expected a whole number from 1 to `quantiles`",
        "6",
        "",
    );
    check("long_top(close, 0)", "`n` of `long_top` is 0; expected a whole number from 1 to 100000", "0", "");
    check(
        "keep_top_percent(close, 0)",
        "`percent` of `keep_top_percent` is 0; expected a number above 0, at most 100",
        "0",
        "",
    );
    check("short_bottom_percent(close, 101)", "is 101; expected a number above 0, at most 100", "101", "");
    check("scale(close, 1, 2)", "`scale` takes 1 or 2 arguments, not 3", "scale(close, 1, 2)", "write `scale(x)`");
    check("long_tpo(close, 3)", "there is no function `long_tpo`", "long_tpo", "did you mean `long_top`?");
    check("Meen($close, 3)", "there is no function `Meen`", "Meen", "did you mean `Mean`?");
    check(
        "Mask($close, 3)",
        "there is no function `Mask`",
        "Mask",
        "it reads another instrument in qlib: import that as a column beside the bars",
    );
    check(
        "IndNeutralize(close, IndClass.sectr)",
        "no column or name `sectr`",
        "IndClass.sectr",
        "did you mean `sector`?",
    );
    check("Ref(close, -1)", "is -1; expected a number of past rows: a negative one would look ahead", "-1", "");
    check("stdev(close, 5)", "there is no function `stdev`", "stdev", "did you mean `stddev`?");
    check("close + log(-1)", "this has no value", "log(-1)", "");
    check("close + 1 / (2 - 2)", "this has no value", "1 / (2 - 2)", "");
    check("2 + 3", "the formula reads no column: it is always 5", "2 + 3", "");
}

#[test]
fn bounds() {
    assert!(error(&"(".repeat(5000)).contains("nested deeper than 100 levels"));
    assert!(error(&"-".repeat(5000)).contains("nested deeper than 100 levels"));
    assert!(error(&format!("close{}", "^2".repeat(200))).contains("nested deeper"));
    assert!(error(&" ".repeat(20_000)).contains("has 20000 characters; expected at most 10000"));
    let nested = |n: usize| format!("{}close{}", "delay(".repeat(n), ", 100000)".repeat(n));
    assert!(error(&nested(11)).contains("factor `f` looks back 1100000 rows; expected at most 1000000"));
    let many: Vec<FactorSpec> =
        (0..50).map(|i| FactorSpec::new(format!("f_{i}"), format!("ts_std(close + {i}, 99999)"))).collect();
    let text = Program::compile(&[], &many, &COLUMNS, &[]).unwrap_err().to_string();
    assert!(text.contains("numbers per symbol; expected at most"), "{text}");
}

#[test]
fn definitions() {
    let message = |lets: &[(&str, &str)], factors: &[FactorSpec]| {
        let lets: Vec<_> = lets.iter().map(|(name, formula)| ((*name).to_owned(), (*formula).to_owned())).collect();
        Program::compile(&lets, factors, &COLUMNS, &[("year", 365.0)]).unwrap_err().to_string()
    };
    let windows = |name: &str, windows: &[usize]| FactorSpec {
        windows: windows.to_vec(),
        ..FactorSpec::new(name, "delay(close, {w})")
    };
    assert_eq!(message(&[("close", "open")], &[]), "let `close`: the name is a bar column; expected a new name");
    assert_eq!(message(&[("year", "1")], &[]), "let `year`: the name is a constant; expected a new name");
    assert_eq!(message(&[("a", "1"), ("a", "2")], &[]), "let `a`: the name is defined twice; expected a new name");
    assert_eq!(message(&[("ema", "open")], &[]), "let `ema`: the name is an operator; expected a new name");
    assert_eq!(message(&[("and", "open")], &[]), "let `and`: the name is an operator; expected a new name");
    assert!(message(&[("1a", "open")], &[]).starts_with("let name `1a`: expected letters"));
    assert!(message(&[("a", "opne")], &[]).starts_with("let `a`: there is no column or name `opne` (column 1)"));
    assert!(message(&[], &[FactorSpec::new("Ret", "close")]).starts_with("factor name `Ret`: expected lower-case"));
    assert!(message(&[], &[FactorSpec::new("r_{w}", "close")]).ends_with("hint: `{w}` needs a list of windows"));
    assert_eq!(
        message(&[], &[FactorSpec::new("a", "close"), FactorSpec::new("a", "open")]),
        "factor `a` is defined twice"
    );
    assert_eq!(
        message(&[], &[windows("ret", &[5])]),
        "factor `ret` has windows but no `{w}` in its name\nhint: name it `ret_{w}`"
    );
    assert_eq!(message(&[], &[windows("r_{w}", &[5, 5])]), "factor `r_{w}`, window 5: it is listed twice");
    assert_eq!(message(&[], &[windows("r_{w}", &[0])]), "factor `r_{w}`, window 0: expected 1 to 100000 rows");
}

/// The error of formulas over `close` and `volume`.
fn plain_error(lets: &[(&str, &str)], formula: &str) -> String {
    let lets: Vec<_> = lets.iter().map(|(name, body)| ((*name).to_owned(), (*body).to_owned())).collect();
    let factors = [FactorSpec::new("f", formula)];
    Program::compile(&lets, &factors, &["close", "volume"], &[]).unwrap_err().to_string()
}

#[test]
fn functions_of_the_user() {
    let double = ("double(x, n)", "x + ts_mean(x, n)");
    assert_eq!(
        plain_error(&[double], "double(close)"),
        "factor `f`: `double` takes 2 arguments, not 1 (column 1)\n  double(close)\n  ^^^^^^^^^^^^^\nhint: write `double(x, n)`"
    );
    assert_eq!(
        plain_error(&[double], "1 + double(close, volume)"),
        "let `double(x, n)`, called from factor `f`: `window` of `ts_mean` is a series; expected a whole number of rows \
         from 1 to 100000 (column 16)\n  x + ts_mean(x, n)\n                 ^"
    );
    assert!(plain_error(&[double], "dobule(close, 2)").ends_with("hint: did you mean `double`?"));
    assert!(plain_error(&[double], "double + 1").ends_with("hint: write `double(x, n)`"));
    let unknown = plain_error(&[("g(x)", "x + clsoe")], "g(close)");
    assert!(unknown.starts_with("let `g(x)`: there is no column, parameter or name `clsoe` (column 5)"), "{unknown}");
    assert!(unknown.ends_with("hint: did you mean `close`?"), "{unknown}");
    let unknown = plain_error(&[("g(x)", "ts_meen(x, 2)")], "close");
    assert!(unknown.starts_with("let `g(x)`: there is no function `ts_meen` (column 1)"), "{unknown}");
    for (name, problem) in [
        ("g(x", "the parameters cannot be read"),
        ("g()", "the parameters cannot be read"),
        ("g(x, x)", "`x` cannot be a parameter here"),
        ("g(and)", "`and` cannot be a parameter here"),
        ("g(x) y", "something follows the parameters"),
        ("(x)", "this does not begin with a name"),
    ] {
        let text = plain_error(&[(name, "1")], "close");
        assert!(text.contains(problem), "{name}: {text}");
    }
    assert!(plain_error(&[("close(x)", "x")], "close").contains("the name `close` is taken"));
    assert!(plain_error(&[double, double], "close").contains("the name `double` is taken"));
    assert!(plain_error(&[("ema(x)", "x")], "close").contains("the name is an operator"));
    assert!(plain_error(&[double, ("double", "close")], "close").contains("the name is a function"));
    let itself = plain_error(&[("g(x)", "g(x)")], "close");
    assert!(itself.starts_with("let `g(x)`: there is no function `g` (column 1)"), "{itself}");
    assert!(itself.ends_with("hint: a definition cannot use itself"), "{itself}");
}

#[test]
fn the_body_of_a_function_is_checked_also_where_nothing_calls_it() {
    for (body, problem) in [
        ("ts_mean(x, n) +", "the formula ends"),
        ("ts_mean(x, n", "the formula ends; expected `)`"),
        ("ts_mean(x)", "`ts_mean` takes 2 arguments, not 1"),
        ("ts_mean(close, -n) + ts_mean(close, -5)", "a negative one would look ahead"),
        ("x + log(-1)", "this has no value"),
        ("x(n)", "`x` is not a function"),
        ("double(x, n)", "`double` takes 1 argument, not 2"),
        ("x ? n", "expected `:` for the `?`"),
        ("x < n < 2", "comparisons do not chain"),
    ] {
        let text = plain_error(&[("double(x)", "x * 2"), ("g(x, n)", body)], "close");
        assert!(text.starts_with("let `g(x, n)`: ") && text.contains(problem), "{body}: {text}");
    }
    // What a parameter turns out to be is known when the function is called.
    let lets = [("g(x, n)", "ts_corr(x, delay(x, n * 2 - 1), n + 1) + ewma(n < 3 ? x : -x, 1 / n) + cs_rank(x + n)")];
    let lets: Vec<_> = lets.iter().map(|(name, body)| ((*name).to_owned(), (*body).to_owned())).collect();
    let program = Program::compile(&lets, &[FactorSpec::new("f", "g(close, 4)")], &["close"], &[]).unwrap();
    assert_eq!(program.lookback().rows, 11);
}

#[test]
fn what_is_defined_further_on() {
    let hint = |lets: &[(&str, &str)], formula: &str| plain_error(lets, formula).lines().last().unwrap().to_owned();
    let further = |name: &str| format!("hint: `{name}` is defined further on; a formula can use what stands before it");
    assert_eq!(hint(&[("a", "b"), ("b", "a")], "close"), further("b"));
    assert_eq!(hint(&[("a(x)", "b(x)"), ("b(x)", "x")], "close"), further("b"));
    assert_eq!(hint(&[("a", "f + 1")], "close"), further("f"));
    assert_eq!(hint(&[("a", "a + 1")], "close"), "hint: a definition cannot use itself");
    assert_eq!(hint(&[], "f + 1"), "hint: a definition cannot use itself");
}

#[test]
fn signs_and_names_of_other_languages() {
    check(
        "close # now",
        "`#` has no meaning here",
        "#",
        "remarks belong under `notes`, or behind a `#` outside the formula's quotes",
    );
    let texts =
        "a formula holds no texts; what qlib reads of another instrument is imported as a column beside the bars";
    check("Mask($close, \"X\")", "`\"` has no meaning here", "\"", texts);
    check("Mask($close, 'X')", "`'` has no meaning here", "'", texts);
    check("close[1]", "`[` has no meaning here", "[", "the value some rows before is `delay(x, rows)`");
    check("close \u{2013} 1", "`\u{2013}` has no meaning here", "\u{2013}", "minus is written `-`");
    check("close % 2", "`%` has no meaning here", "%", "a remainder is `x - y * floor(x / y)`");
    check("~close", "`~` has no meaning here", "~", "`not` is written `!` or `not`");
    check("and", "`and` cannot stand here; expected a number", "and", "");
    check(
        "close + nan",
        "there is no column or name `nan`",
        "nan",
        "a missing value has no name; `has_value(x)` asks for it",
    );
    check("median(close, 5)", "there is no function `median`", "median", "did you mean `ts_median`?");
    check("TS_MEAN(close, 5)", "there is no function `TS_MEAN`", "TS_MEAN", "did you mean `ts_mean`?");
    check("RSI(close, 14)", "no function `RSI`", "RSI", "it is a factor of the library: `crosscut factors show rsi`");
    check(
        "rsi_14 / 2",
        "no column or name `rsi_14`",
        "rsi_14",
        "it is a factor of the library: `library: [features]` includes it",
    );
    check("Std($close, 1)", "`window` of `Std` is 1; expected a whole number of rows from 2", "1", "");
    check("If(close, 1)", "`If` takes 3 arguments, not 2", "If(close, 1)", "write `If(condition, a, b)`");
}

#[test]
fn windows_of_qlib() {
    check("ts_mean(close, 0)", "`window` of `ts_mean` is 0", "0", "from all rows so far is `cummean(x)`");
    check("Mean($close, 0.1)", "`window` of `Mean` is 0.1", "0.1", "an exponential mean of alpha 0.1 is `EMA(x, 0.1)`");
    check("Std($close, 0.1)", "`window` of `Std` is 0.1", "0.1", "");
    check("Ref($close, 0.1)", "`rows` of `Ref` is 0.1", "0.1", "");
    let all = "qlib's window of all rows so far would have to keep them all for this operator";
    check("Quantile($close, 0, 0.5)", "`window` of `Quantile` is 0", "0", all);
    let expected =
        "`span` of `EMA` is 1.5; expected a whole number of rows from 1 to 100000, or a number between 0 and 1 (alpha)";
    check("EMA($close, 1.5)", expected, "1.5", "");
    check("EMA($close, 0)", "`span` of `EMA` is 0; expected a whole number", "0", "");
    check("ewma(close, 0)", "`alpha` of `ewma` is 0; expected a number above 0, at most 1", "0", "");
}

#[test]
fn of_a_long_formula_the_place_is_shown() {
    let text = error(&format!("close{} + clsoe{}", " + close".repeat(599), " + close".repeat(600)));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("`clsoe` (column 4801)"), "{text}");
    assert!(lines[1].len() < 230 && lines[1].starts_with("  ...") && lines[1].ends_with("..."), "{text}");
    let at = lines[2].find('^').unwrap();
    assert_eq!((&lines[1][at..at + 5], lines[2].len()), ("clsoe", at + 5), "{text}");
    let text = error(&"(close + 1) * ".repeat(900));
    assert!(text.lines().all(|line| line.len() < 330), "{text}");
}

#[test]
fn functions_that_call_one_another_stay_bounded() {
    let chain: Vec<(String, String)> = (0..300)
        .map(|i| {
            (format!("f{i}(x)"), if i == 0 { "x".to_owned() } else { format!("f{}(x) + f{}(x + 1)", i - 1, i - 1) })
        })
        .collect();
    let compile = |n: usize| {
        let lets = &chain[..=n];
        Program::compile(lets, &[FactorSpec::new("f", format!("f{n}(close)"))], &["close"], &[])
    };
    assert!(compile(20).is_ok());
    assert!(compile(299).unwrap_err().to_string().contains("nested deeper than 100 levels"));
}

#[test]
fn what_a_derived_name_needs() {
    let text = Program::compile(&[], &[FactorSpec::new("f", "1 + adv20")], &["close"], &[]).unwrap_err().to_string();
    assert_eq!(
        text,
        "factor `f`: `adv20` stands for `ts_mean(volume, 20)`, and there is no column or name `volume` (column 5)\n  \
         1 + adv20\n      ^^^^^"
    );
    let text = plain_error(&[], "group_rank(close, sector)");
    assert!(
        text.ends_with(
            "hint: it is a category: name its file, `groups: {sector: FILE.csv}`, or give the bars such a column"
        ),
        "{text}"
    );
}

#[test]
fn a_chain_of_lets_cannot_grow_without_bound() {
    let chain = |n: usize, formula: &dyn Fn(&str) -> String| {
        let name = |i: usize| if i == 0 { "close".to_owned() } else { format!("x{i}") };
        let lets: Vec<_> = (0..n).map(|i| (name(i + 1), formula(&name(i)))).collect();
        Program::compile(&lets, &[FactorSpec::new("f", name(n))], &COLUMNS, &[]).unwrap_err().to_string()
    };
    let text = chain(19_000, &|x| format!("delay({x}, 100000)"));
    assert!(text.contains("looks back 1900000000 rows"), "{text}");
    let text = chain(50_000, &|x| format!("delay({x}, 100000)"));
    assert!(text.contains("more than 20000 different expressions"), "{text}");
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        let _ = Program::compile(&[], &[FactorSpec::new("f", text)], &COLUMNS, &[]);
    }

    #[test]
    fn no_mix_of_tokens_panics(parts in prop::collection::vec(prop::sample::select(vec![
        "close", "open", "ts_mean", "ema", "cs_rank", "where", "(", ")", ",", "+", "-", "*", "/", "^", "<", "==",
        "and", "not", "!", "1", "5", "0.5", "2", " ", "?", ":", "$close", "adv5", "group_rank", "session_sum",
    ]), 0..20)) {
        let text = parts.concat();
        let _ = Program::compile(&[], &[FactorSpec::new("f", text)], &COLUMNS, &[]);
    }
}
