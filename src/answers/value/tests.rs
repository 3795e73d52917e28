use super::*;

fn url_kind() -> Kind {
    Kind::Url { schemes: vec!["http".into(), "https".into()] }
}

#[test]
fn typed_text_becomes_a_value_of_its_type_and_text_again() {
    for (kind, text, wanted) in [
        (Kind::YesNo, "Yes", json!(true)),
        (Kind::Number { min: Some(1), max: None }, " 7 ", json!(7)),
        (Kind::Port, "8288", json!(8288)),
        (Kind::Quantity, "20Gi", json!("20Gi")),
        (Kind::Duration, "1h30m", json!("1h30m")),
        (Kind::Host, "App.Example.com", json!("app.example.com")),
        (url_kind(), "https://a.example.com:3000/x", json!("https://a.example.com:3000/x")),
        (Kind::Issuer, "ClusterIssuer/le", json!({"kind": "ClusterIssuer", "name": "le"})),
        (Kind::List(Box::new(Kind::Text)), "a, b", json!(["a", "b"])),
        (Kind::List(Box::new(Kind::Port)), "[80, 443]", json!([80, 443])),
        (Kind::Map, "disk=ssd", json!({"disk": "ssd"})),
        (Kind::Object { schema: "x".into() }, "{a: {b: 1}}", json!({"a": {"b": 1}})),
    ] {
        let value = from_text(&kind, text).unwrap();
        assert_eq!(value, wanted, "{text}");
        assert_eq!(from_text(&kind, &to_text(&kind, &value)).unwrap(), value, "{text}");
    }
}

#[test]
fn a_wrong_value_says_the_rule() {
    for (kind, text, rule) in [
        (Kind::YesNo, "maybe", "must be yes or no"),
        (Kind::Number { min: Some(1), max: Some(3) }, "0", "must be at least 1"),
        (Kind::Number { min: Some(1), max: Some(3) }, "4", "must be at most 3"),
        (Kind::Port, "70000", "must be a port from 1 to 65535"),
        (Kind::Host, "https://a.b", "must be a host name alone, without https:// and without a path"),
        (Kind::Host, "-a.b", "must be a host name such as app.example.com"),
        (url_kind(), "ftp://a", "must begin with http:// or https://"),
        (Kind::Issuer, "le", "must name an issuer: Issuer/NAME or ClusterIssuer/NAME"),
        (Kind::List(Box::new(Kind::Port)), "80,x", "entry 2 must be a whole number"),
        (
            Kind::List(Box::new(Kind::Map)),
            "- a: b\n- c: [",
            "must be written as JSON or YAML, and line 2 is not: unclosed bracket '['",
        ),
        (Kind::Secret, "hunter2", "is a secret: write env:NAME, file:PATH, generate or secret:NAME/KEY"),
    ] {
        assert_eq!(from_text(&kind, text).unwrap_err(), rule, "{text}");
    }
    assert!(
        from_text(&Kind::Quantity, "10gb")
            .unwrap_err()
            .starts_with("must be a Kubernetes quantity such as 20Gi or 500m")
    );
    assert!(from_text(&Kind::Host, &format!("{}.com", "a".repeat(64))).unwrap_err().contains("63"));
}
