use super::*;

#[test]
fn tokens_need_an_issuer_an_audience_and_keys() {
    let all = [
        "--auth=keys,jwt",
        "--jwt-issuer=https://issuer.example",
        "--jwt-audience=byline",
        "--jwt-jwks=https://issuer.example/jwks",
    ];
    let settings = parse(&all).unwrap();
    assert!(
        settings.authentication.accepts(Method::Jwt)
            && settings.authentication.accepts(Method::Keys)
    );
    for (missing, name) in [
        (1, "BYLINE_JWT_ISSUER"),
        (2, "BYLINE_JWT_AUDIENCE"),
        (3, "BYLINE_JWT_JWKS"),
    ] {
        let mut rest = all.to_vec();
        rest.remove(missing);
        let message = refusal(&rest);
        assert!(message.contains(name), "{message}");
    }
    for (argument, says) in [
        ("--jwt-jwks=http://issuer.example/jwks", "https"),
        ("--jwt-jwks=ftp://issuer.example/jwks", "no address"),
        ("--jwt-algorithms=HS256", "RS256"),
        ("--jwt-algorithms=none", "RS256"),
        ("--jwt-algorithms=RS256,HS512", "RS256"),
        ("--jwt-issuer=", "--jwt-issuer"),
    ] {
        let mut rest = all.to_vec();
        rest.retain(|one| !argument.starts_with(one.split('=').next().unwrap()));
        rest.push(argument);
        let message = refusal(&rest);
        assert!(message.contains(says), "{argument}: {message}");
    }
    let both = [&all[..], &["--jwt-secret=0123456789abcdef0123456789abcdef"]].concat();
    let message = refusal(&both);
    assert!(message.contains("BYLINE_JWT_SECRET"), "{message}");
    assert!(!message.contains("0123456789abcdef"), "{message}");
}
