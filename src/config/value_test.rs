//! Tests of `value`.

use super::super::definition::{Importance, double, int, list, string};
use super::*;

fn throttled(text: &str) -> bool {
    list("x", None, Bounds::ThrottledReplicas, Importance::Low).parse(text).is_ok()
}

#[test]
fn doubles_print_as_java_prints_them() {
    for (value, text) in [
        (0.5, "0.5"),
        (1.0, "1.0"),
        (1e7, "1.0E7"),
        (f64::MAX, "1.7976931348623157E308"),
        (0.0001, "1.0E-4"),
        (12345.0, "12345.0"),
    ] {
        assert_eq!(Value::Double(value).to_string(), text);
    }
}

#[test]
fn blanks_do_not_count_and_bounds_do() {
    let def = int("x", None, Bounds::AtLeast(1), Importance::Low);
    assert_eq!(def.parse(" 7 "), Ok(Value::Integer(7)));
    assert_eq!(def.parse("0").unwrap_err().allowed, "a whole number of 32 bits, at least 1");
    assert!(def.parse("3000000000").is_err());
    assert!(def.parse("").is_err());
    let ratio = double("x", None, Bounds::BetweenF(0.0, 1.0), Importance::Low);
    assert!(ratio.parse("0.5").is_ok());
    assert!(ratio.parse("1.5").is_err());
    assert!(ratio.parse("NaN").is_err());
}

#[test]
fn what_a_list_holds_twice_counts_once() {
    let def = list("x", None, Bounds::Elements(Emptiness::NotEmpty, &["compact", "delete"]), Importance::Low);
    assert_eq!(def.parse("compact , delete").map(|v| v.to_string()), Ok("compact,delete".to_owned()));
    assert_eq!(def.parse("compact,compact").map(|v| v.to_string()), Ok("compact".to_owned()));
    for bad in ["", "compact,", "keep"] {
        assert!(def.parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn throttled_replicas_are_pairs_or_a_star() {
    assert!(throttled("*") && throttled("") && throttled("0:1,1:2"));
    assert!(!throttled("0") && !throttled("a:1") && !throttled("*,0:1"));
}

#[test]
fn offset_reset_takes_durations() {
    let def = string("x", None, Bounds::OffsetReset, Importance::Low);
    for good in ["earliest", "latest", "by_duration:PT1H", "by_duration:P1DT2.5S"] {
        assert!(def.parse(good).is_ok(), "{good}");
    }
    for bad in [
        "none",
        "by_duration:",
        "by_duration:P",
        "by_duration:PT",
        "by_duration:1H",
        "by_duration:PT-5S",
        "by_duration:PT1M1H",
    ] {
        assert!(def.parse(bad).is_err(), "{bad}");
    }
    assert_eq!(iso_duration_ms("P1DT1M0.25S"), Some(86_460_250));
}
