//! Numbers worked out by hand, and the inverse property of the civil-date functions.

use super::*;

#[test]
fn hand_worked_instants() {
    assert_eq!(parse_iso("1970-01-01").unwrap(), 0);
    assert_eq!(parse_iso("2024-07-21").unwrap(), 1_721_520_000 * SECOND);
    assert_eq!(parse_iso("2024-07").unwrap(), 1_719_792_000 * SECOND);
    assert_eq!(parse_iso("2019-10-11T00:00:11.620Z").unwrap(), 1_570_752_011_620_000);
    assert_eq!(parse_iso("2013-09-01 17:00:00.083").unwrap(), 1_378_054_800_083_000);
    assert_eq!(format_iso(1_570_752_011_620_000), "2019-10-11T00:00:11.620000Z");
    assert_eq!(format_iso(-SECOND), "1969-12-31T23:59:59Z");
    assert_eq!(weekday(parse_iso("2024-07-22").unwrap()), 0);
    assert_eq!(weekday(0), 3);
    assert_eq!(days_in_month(2024, 2), 29);
    assert_eq!(days_in_month(2100, 2), 28);
}

#[test]
fn refuses_what_is_not_a_time() {
    for text in [
        "",
        "2023-02-30",
        "2023-13-01",
        "24-01-01",
        "2023-01-01T25:00",
        "2023-01-01T10:00+02:00",
        "2023-1-1",
        "yesterday",
    ] {
        assert!(parse_iso(text).is_err(), "{text}");
    }
}

#[test]
fn times_with_a_zone() {
    let of = |text: &str| parse_zoned(text).map(|(local, offset)| (format_iso(local), offset / MINUTE));
    assert_eq!(of("2023-03-10 00:00:00-05:00"), Some(("2023-03-10T00:00:00Z".to_owned(), -300)));
    assert_eq!(of("2023-03-10T09:30:00.5+0530"), Some(("2023-03-10T09:30:00.500000Z".to_owned(), 330)));
    assert_eq!(of("2023-03-10T09:30Z"), Some(("2023-03-10T09:30:00Z".to_owned(), 0)));
    for none in [
        "2023-03-10",
        "2023-03-10T09:30:00",
        "2023-03-10-05:00",
        "2023-03-10T09:30+25:00",
        "2023-03-10T09:30+05:60",
        "2023-03-10T09:30+5",
        "2023-03-10T09:30-\u{e9}\u{e9}",
        "2023-03-10Z",
    ] {
        assert_eq!(of(none), None, "{none}");
    }
}

#[test]
fn civil_inverts_midnight() {
    for day in (-800_000..800_000).step_by(37) {
        let c = civil(day * DAY + 5);
        assert_eq!((midnight(c.year, c.month, c.day), c.micros_of_day), (day * DAY, 5));
    }
}

#[test]
fn units_by_magnitude() {
    assert_eq!(EpochUnit::detect(1_577_836_800), Some(EpochUnit::Seconds));
    assert_eq!(EpochUnit::detect(1_577_836_800_000), Some(EpochUnit::Millis));
    assert_eq!(EpochUnit::detect(1_735_689_600_000_000), Some(EpochUnit::Micros));
    assert_eq!(EpochUnit::detect(1_735_689_600_000_000_000), Some(EpochUnit::Nanos));
    assert_eq!(EpochUnit::detect(0), None);
    assert_eq!(EpochUnit::detect(-5), None);
    assert_eq!(EpochUnit::Millis.to_micros(1_577_836_800_000), parse_iso("2020-01-01").unwrap());
}

#[test]
fn compact_dates() {
    assert_eq!(parse_compact("20201229 08:00:00"), parse_iso("2020-12-29T08:00").ok());
    assert_eq!(
        (parse_compact("19980717 00:00"), parse_compact("19980717")),
        (parse_iso("1998-07-17").ok(), parse_iso("1998-07-17").ok())
    );
    for text in
        ["", "1998071", "19981317", "19980230", "199807171", "19980717T00", "19980717 25:00", "\u{5e01}\u{5e01}12"]
    {
        assert_eq!(parse_compact(text), None, "{text}");
    }
}
