//! Pages as text: a stored page, escaping, thinning, and the same bytes twice.

use crate::escape::{push_html, push_json_number, push_json_text};
use crate::{Align, Cell, Chart, Mark, Page, Table, Tile, thin};

/// 2024-01-01T00:00:00Z in microseconds.
const NEW_YEAR: i64 = 1_704_067_200_000_000;
/// One hour in microseconds.
const HOUR: i64 = 3_600_000_000;

/// A page that holds each kind of block once.
fn tiny() -> Page {
    let mut page = Page::new("Tiny <page> & \"quotes\"");
    page.subtitle("it's small").footer("the end");
    page.section("Numbers")
        .tiles(vec![Tile { label: "sum".into(), value: "3".into(), note: "1 + 2".into() }])
        .facts(vec![("name".into(), "A<B".into()), ("hash".into(), "0f".into())])
        .note("A paragraph.")
        .list(vec!["first".into(), "second & last".into()])
        .preformatted("text", "\n{\n  \"a\": 1\n}");
    let mut table = Table::new(&[("symbol", Align::Left), ("value", Align::Right)]).sortable();
    table.row(vec!["\u{5e01}<&>".into(), Cell::number(1.5, "1.50")]);
    table.row(vec!["B".into(), Cell::number(f64::NAN, "")]);
    let times = [NEW_YEAR, NEW_YEAR + HOUR, NEW_YEAR + 3 * HOUR];
    page.section("Pictures")
        .table(table)
        .table(Table::new(&[("empty", Align::Left)]))
        .chart(
            Chart::new("value & <more>", &times)
                .series("</script><b>", Mark::Line, &[1.0, f64::NAN, 3.25])
                .series("other", Mark::Stem, &[0.1, 0.2, 1e-7])
                .series("count", Mark::Step, &[1.0, 2.0, 2.0])
                .log_switch(),
        )
        .chart(Chart::new("share", &times).series("down", Mark::Area, &[0.0, -0.125, -0.5]).percent().height(120))
        .chart(Chart::new("nothing", &[]).series("none", Mark::Line, &[]));
    page
}

/// The body of a page without its style and script, which are files of their own.
fn without_assets(html: &str) -> String {
    html.replace(include_str!("page.css"), "[page.css]\n").replace(include_str!("page.js"), "[page.js]\n")
}

#[test]
fn tiny_page_is_the_stored_one() {
    let html = without_assets(&tiny().render());
    assert_eq!(html, include_str!("tests/tiny.html"), "the page changed; if that is meant, store this one:\n{html}");
}

#[test]
fn same_page_same_bytes() {
    assert_eq!(tiny().render(), tiny().render());
}

#[test]
fn nothing_is_requested() {
    let html = tiny().render();
    for word in ["://", "src=", "@import", "url(", "fetch(", "XMLHttpRequest", "<iframe", "import("] {
        assert!(!html.contains(word), "{word}");
    }
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn html_escapes() {
    let mut out = String::new();
    push_html(&mut out, "a<b>&\"'\u{5e01}\0\u{7f}\n");
    assert_eq!(out, "a&lt;b&gt;&amp;&quot;&#39;\u{5e01}\u{FFFD}\u{FFFD}\n");
}

#[test]
fn json_escapes() {
    let mut out = String::new();
    push_json_text(&mut out, "</script><!-- & \"\\\n\u{2028}\u{5e01}");
    assert_eq!(out, "\"\\u003c/script\\u003e\\u003c!-- \\u0026 \\\"\\\\\\u000a\\u2028\u{5e01}\"");
}

#[test]
fn numbers_keep_eight_digits() {
    let text = |value: f64| {
        let mut out = String::new();
        push_json_number(&mut out, value);
        out
    };
    assert_eq!(text(195_538_574.793), "195538570");
    assert_eq!(text(0.1), "0.1");
    assert_eq!(text(-0.0), "0");
    assert_eq!(text(1.0 / 3.0), "0.33333333");
    assert_eq!(text(1e-9), "1e-9");
    assert_eq!(text(1.5e300), "1.5e300");
    assert_eq!(text(f64::NAN), "null");
    assert_eq!(text(f64::INFINITY), "null");
}

#[test]
fn short_series_are_kept_whole() {
    assert_eq!(thin::positions(&[], &[&[]], 10), Vec::<usize>::new());
    assert_eq!(thin::positions(&[5], &[&[1.0]], 10), [0]);
    assert_eq!(thin::positions(&[1, 2, 3], &[&[1.0, 2.0, 3.0]], 3), [0, 1, 2]);
}

#[test]
fn thinning_keeps_extremes_gaps_and_ends() {
    // Eight points in two buckets of four: times 0..3 and 4..7 (the bucket edge is 3.5).
    let times: Vec<i64> = (0..8).collect();
    let values = [1.0, 9.0, 0.5, 9.0, f64::NAN, f64::NAN, f64::NAN, f64::NAN];
    // First bucket: lowest at 2, first highest at 1; second: nothing finite, its first; and the ends 0 and 7.
    assert_eq!(thin::positions(&times, &[&values], 4), [0, 1, 2, 4, 7]);
}

#[test]
fn thinning_bounds_long_series_and_never_loses_a_spike() {
    let n = 43_800;
    let times: Vec<i64> = (0..n as i64).map(|hour| NEW_YEAR + hour * HOUR).collect();
    let mut values: Vec<f64> = (0..n).map(|i| (i % 97) as f64).collect();
    values[31_111] = 1e6;
    let flat = vec![1.0; n];
    let kept = thin::positions(&times, &[&values, &flat], thin::POINTS_MAX);
    assert!(kept.len() <= thin::POINTS_MAX + 2, "{}", kept.len());
    assert!(kept.contains(&31_111) && kept[0] == 0 && kept[kept.len() - 1] == n - 1);
    assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
    let page_bytes = |chart: Chart| {
        let mut page = Page::new("long");
        page.section("chart").chart(chart);
        page.render().len()
    };
    assert!(page_bytes(Chart::new("long", &times).series("values", Mark::Line, &values)) < 100_000);
}

#[test]
fn equal_times_do_not_divide_by_zero() {
    let kept = thin::positions(&[7; 100], &[&[2.0; 100]], 10);
    assert_eq!(kept, [0, 99]);
}

#[test]
fn log_switch_needs_positive_values() {
    let page = |low: f64| {
        let mut page = Page::new("p");
        page.section("s").chart(Chart::new("c", &[0, HOUR]).series("a", Mark::Line, &[low, 2.0]).log_switch());
        page.render().contains("class=\"log\"")
    };
    assert!(page(1.0));
    assert!(!page(0.0));
    assert!(!page(-1.0));
}

#[test]
fn cells_are_shaded_and_hold_bars() {
    let mut table = Table::new(&[("month", Align::Line), ("heat", Align::Right), ("bar", Align::Left)]).dense();
    table.row(vec!["2024-01".into(), Cell::number(-0.5, "-50%").heat(-0.5), Cell::number(2.0, "").bar(7.0)]);
    table.row(vec!["2024-02".into(), Cell::number(0.0, "0%").heat(0.0), Cell::text("").bar(f64::NAN)]);
    let mut page = Page::new("p");
    page.section("s").table(table);
    let html = page.render();
    assert!(html.contains("<table class=\"dense\">"));
    assert!(html.contains("<td class=\"w\">2024-01</td>"));
    assert!(html.contains("<td class=\"r heat down\" style=\"--share:50%\">-50%</td>"));
    assert!(html.contains("<td class=\"bar up\" style=\"--share:100%\"></td>"), "shares end at 1");
    assert!(
        html.contains("<td class=\"r heat up\" style=\"--share:0%\">0%</td><td></td>"),
        "what is no number is not drawn"
    );
}

#[test]
fn stacked_series_are_told_to_the_script() {
    let mut page = Page::new("p");
    page.section("s").chart(Chart::new("c", &[0, HOUR]).series("a", Mark::Stack, &[0.5, -0.25]));
    assert!(page.render().contains("{\"name\":\"a\",\"mark\":\"stack\",\"values\":[0.5,-0.25]}"));
}
