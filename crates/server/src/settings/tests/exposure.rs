use super::*;

#[test]
fn contradictory_cross_origin_and_tls_settings_are_refused() {
    for (arguments, names) in [
        (
            &["--cors-origins=*", "--cors-credentials"][..],
            ["BYLINE_CORS_ORIGINS", "BYLINE_CORS_CREDENTIALS"],
        ),
        (
            &["--cors-credentials"],
            ["BYLINE_CORS_ORIGINS", "BYLINE_CORS_CREDENTIALS"],
        ),
        (
            &["--cors-origins=*,https://app.example.org"],
            ["BYLINE_CORS_ORIGINS", "alone"],
        ),
        (&["--tls-cert=cert.pem"], ["--tls-key", "required"]),
    ] {
        let message = refusal(arguments);
        for name in names {
            assert!(message.contains(name), "{arguments:?}: {message}");
        }
    }
    let some = [
        "--cors-origins=https://a.example,http://b:81",
        "--cors-credentials",
    ];
    let allowed = parse(&some).unwrap().protection.cross_origin();
    assert_eq!(allowed.origins, ["https://a.example", "http://b:81"]);
    assert!(allowed.credentials);
}

#[test]
fn addresses_off_loopback_need_allow_anonymous() {
    for listen in [
        "0.0.0.0:80",
        "[::]:80",
        "192.0.2.1:80",
        "[::ffff:192.0.2.1]:80",
    ] {
        let message = refusal(&["--listen", listen]);
        assert!(message.contains("BYLINE_ALLOW_ANONYMOUS=true"), "{message}");
        assert!(parse(&["--listen", listen, "--allow-anonymous=true"]).is_ok());
    }
    for listen in [
        "127.0.0.1:80",
        "127.8.8.8:80",
        "[::1]:80",
        "[::ffff:127.0.0.1]:80",
    ] {
        assert!(parse(&["--listen", listen]).is_ok(), "{listen}");
    }
}

#[test]
fn addresses_off_loopback_are_allowed_with_authentication() {
    assert!(parse(&["--listen", "0.0.0.0:80", "--auth", "keys"]).is_ok());
    let settings = parse(&["--auth", "keys"]).unwrap();
    assert!(settings.authentication.accepts(Method::Keys));
    assert!(!parse(&[]).unwrap().authentication.is_required());
    let message = refusal(&["--auth", "none,keys"]);
    assert!(message.contains("BYLINE_AUTH"), "{message}");
    let message = refusal(&["--auth", "basic"]);
    assert!(message.contains("keys"), "{message}");
}
