use std::error::Error;
use std::io::Write;
use std::net::TcpListener;

use super::*;

const SET: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}]}"#;

/// Fetches from an address that gives this response once.
fn fetched(answer: impl AsRef<[u8]>) -> Result<usize, String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let answer = answer.as_ref().to_vec();
    let issuer = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        // The client may disconnect when it has read enough.
        let _ = stream.write_all(&answer);
        String::from_utf8(request).unwrap().to_ascii_lowercase()
    });
    let fetched = KeySource::parse(&url).unwrap().fetch(&[Algorithm::EdDSA]);
    let request = issuer.join().unwrap();
    assert!(request.contains("accept: application/jwk-set+json, application/json\r\n"));
    described(fetched)
}

fn described(fetched: Result<Keys, KeysUnusable>) -> Result<usize, String> {
    fetched.map(|keys| keys.len()).map_err(|error| {
        let cause = error.source().map(|cause| format!(": {cause}"));
        format!("{error}{}", cause.unwrap_or_default())
    })
}

#[test]
fn keys_are_accepted_with_any_content_type() {
    for kind in [
        "",
        "content-type: application/jwk-set+json\r\n",
        "content-type: application/json; charset=utf-8\r\n",
        "content-type: application/octet-stream\r\n",
        "content-type: text/plain\r\ncache-control: max-age=0\r\n",
    ] {
        let length = SET.len();
        let answer = format!("HTTP/1.1 200 OK\r\n{kind}content-length: {length}\r\n\r\n{SET}");
        assert_eq!(fetched(answer), Ok(1), "{kind}");
    }
    let length = SET.len() + 3;
    let marked = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n\u{feff}{SET}");
    assert_eq!(fetched(marked), Ok(1));
    assert_eq!(fetched(format!("HTTP/1.0 200 OK\r\n\r\n{SET}")), Ok(1));
}

#[test]
fn failures_of_an_issuer_are_told_apart() {
    let page = "<html>";
    let large = format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(300 * 1024));
    for (answer, expected) in [
        (
            "HTTP/1.1 301 Moved\r\nlocation: https://login.example.org/keys\r\ncontent-length: 0\r\n\r\n",
            "answers 301, a redirect to \"https://login.example.org/keys\", and redirects are not",
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: /keys\r\ncontent-length: 0\r\n\r\n",
            "answers 302, a redirect to \"/keys\"",
        ),
        (
            "HTTP/1.1 307 Temporary\r\nlocation: /\u{e9}\r\ncontent-length: 0\r\n\r\n",
            "answers 307, a redirect to \"/\u{e9}\"",
        ),
        (
            "HTTP/1.1 308 Permanent\r\ncontent-length: 0\r\n\r\n",
            "answers 308, a redirect to nowhere",
        ),
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 6\r\n\r\n<html>",
            "answers with status 404",
        ),
        (
            "HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n",
            "answers with status 503",
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", "answers with status 204"),
        (
            &format!("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n{page}"),
            "a page (HTML or XML)",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "there is nothing where the keys should be",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            "missing field `keys`",
        ),
        (&large, "the keys are more than 256 KiB"),
        ("SSH-2.0-OpenSSH_9\r\n", "cannot fetch the keys: "),
        ("", "cannot fetch the keys: "),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"keys\":",
            "cannot fetch the keys: ",
        ),
    ] {
        let error = fetched(answer).unwrap_err();
        assert!(error.contains(expected), "{error}, not {expected}");
    }
}

#[test]
fn files_that_are_no_key_set_are_told_apart() {
    let folder = env!("CARGO_MANIFEST_DIR");
    for (path, expected) in [
        ("Cargo.toml", "no JSON Web Key Set"),
        ("no such file", "cannot read the keys: No such file"),
        ("src", "cannot read the keys: Is a directory"),
        ("../../Cargo.lock", "no JSON Web Key Set"),
        (
            "../http/assets/swagger-ui/swagger-ui-bundle.js",
            "the keys are more than 256 KiB",
        ),
        ("../http/assets/docs/index.html", "a page (HTML or XML)"),
    ] {
        let source = KeySource::parse(&format!("{folder}/{path}")).unwrap();
        let error = described(source.fetch(&[Algorithm::EdDSA])).unwrap_err();
        assert!(error.contains(expected), "{path}: {error}");
    }
}
