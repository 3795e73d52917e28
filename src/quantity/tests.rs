use super::*;
use proptest::prelude::*;

fn of(text: &str) -> Quantity {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn what_kubernetes_reads_is_read_and_written_as_kubernetes_writes_it() {
    for (text, nano, canonical) in [
        ("0", 0, "0"),
        ("0Gi", 0, "0"),
        ("1", ONE, "1"),
        ("100m", ONE / 10, "100m"),
        ("0.1", ONE / 10, "100m"),
        (".5", ONE / 2, "500m"),
        ("5.", 5 * ONE, "5"),
        ("+5", 5 * ONE, "5"),
        ("-5", -5 * ONE, "-5"),
        ("-0.5Gi", -(ONE << 29), "-512Mi"),
        ("1e3", 1000 * ONE, "1e3"),
        ("1E3", 1000 * ONE, "1e3"),
        ("1e-3", ONE / 1000, "1e-3"),
        ("12e2", 1200 * ONE, "1200"),
        ("1E", 1_000_000_000_000_000_000 * ONE, "1E"),
        ("1k", 1000 * ONE, "1k"),
        ("1500k", 1_500_000 * ONE, "1500k"),
        ("1Ki", 1024 * ONE, "1Ki"),
        ("1Gi", ONE << 30, "1Gi"),
        ("1.5Gi", 1536 * (ONE << 20), "1536Mi"),
        ("1024Mi", ONE << 30, "1Gi"),
        ("0.5Ki", 512 * ONE, "512"),
        ("1023", 1023 * ONE, "1023"),
        ("7Ei", 7 * (ONE << 60), "7Ei"),
        ("1n", 1, "1n"),
        ("1u", 1000, "1u"),
        ("0.1n", 1, "1n"),
        ("1.0000000001", ONE + 1, "1000000001n"),
        ("0.00000000000000000000000000000000000000000000001", 1, "1n"),
        ("1e-300", 1, "1e-9"),
        ("0e999999", 0, "0"),
        ("00010Gi", 10 * (ONE << 30), "10Gi"),
    ] {
        let read = of(text);
        assert_eq!(read.nano, nano, "{text}");
        assert_eq!(read.to_string(), canonical, "{text}");
    }
}

#[test]
fn what_kubernetes_refuses_is_refused_with_what_to_write_instead() {
    for (text, said) in [
        ("", "begins with a number, such as 10Gi"),
        ("Gi", "begins with a number"),
        (".", "begins with a number"),
        ("-", "begins with a number"),
        ("--1", "begins with a number"),
        (" 1", "begins with a number"),
        ("10gb", "did you mean G (1000³) or Gi (1024³)?"),
        ("10GB", "did you mean G"),
        ("10GiB", "did you mean Gi?"),
        ("10gi", "did you mean Gi?"),
        ("1K", "did you mean k (1000) or Ki (1024)?"),
        ("1 Gi", "did you mean Gi?"),
        ("50%", "not a share"),
        ("1mi", "did you mean Mi?"),
        ("1.2.3", "\".3\" is not a suffix"),
        ("1e", "\"e\" is not a suffix"),
        ("1e1.5", "is not a suffix"),
        ("1e+-3", "is not a suffix"),
        ("1\u{1F600}", "is not a suffix"),
        ("8Ei", "less than 8Ei"),
        ("10E", "larger than Kubernetes can hold"),
        ("1e19", "larger"),
        ("1e2147483647", "larger"),
        ("99999999999999999999999999999999999999999999", "larger"),
    ] {
        let error = parse(text).expect_err(text).to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn amounts_compare_whatever_they_are_written_in() {
    assert_eq!(of("1Gi"), of("1024Mi"));
    assert_eq!(of("1"), of("1000m"));
    assert!(of("1G") < of("1Gi"));
    assert!(of("1e3") > of("999"));
    assert!(of("-1") < of("0"));
}

#[test]
fn sums_are_exact_and_keep_the_form_of_the_first() {
    let all = |list: &[&str]| list.iter().map(|text| of(text)).sum::<Quantity>().to_string();
    assert_eq!(all(&["100m", "0.25", "1"]), "1350m");
    assert_eq!(all(&["1Gi", "512Mi"]), "1536Mi");
    assert_eq!(all(&["0.1", "0.2"]), "300m");
    assert_eq!(all(&[]), "0");
    assert_eq!(of("1Gi").checked_sub(of("1024Mi")).unwrap().to_string(), "0");
    assert_eq!(of("250m").checked_mul(3).unwrap().to_string(), "750m");
    assert!(of("7Ei").checked_add(of("7Ei")).is_none());
    assert!(of("7Ei").checked_mul(i64::MAX).is_none());
}

#[test]
fn thousandths_and_whole_units_round_up_because_less_would_not_be_enough() {
    assert_eq!(of("1u").to_milli(), 1);
    assert_eq!(of("1500m").to_whole(), 2);
    assert_eq!(of("-1500m").to_whole(), -1);
    assert_eq!(of("1Gi").to_whole(), 1 << 30);
    assert_eq!(Quantity::bytes(1 << 30).to_string(), "1Gi");
    assert_eq!(Quantity::milli(500).to_string(), "500m");
}

proptest! {
    #[test]
    fn the_canonical_form_says_the_same_amount(number in -1_000_000i64..1_000_000, suffix in "|m|k|M|Ki|Mi|Gi|e3|e-2") {
        let text = format!("{number}{suffix}");
        let read = of(&text);
        prop_assert_eq!(of(&read.to_string()), read);
    }

    #[test]
    fn any_text_is_answered_without_a_panic(text in "[-+]?[0-9.]{0,60}[a-zA-Z]{0,3}[-+0-9]{0,12}|.{0,40}") {
        let _ = parse(&text).map(|read| (read.to_string(), read.to_milli()));
    }
}
