//! The cases, by what is wrong with them.

use super::SMUGGLED;

/// A name, and what is sent.
pub(super) type Case = (String, Vec<u8>);

/// All of them.
pub(super) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    lengths(&mut cases);
    encodings(&mut cases);
    chunks(&mut cases);
    request_lines(&mut cases);
    headers(&mut cases);
    whole(&mut cases);
    cases
}

/// A request that must never be answered: it stands where a body is.
fn hidden() -> String {
    format!("GET /{SMUGGLED} HTTP/1.1\r\nhost: byline\r\nx-request-id: {SMUGGLED}\r\n\r\n")
}

fn post(headers: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Vec<u8> {
    let head = b"POST /users HTTP/1.1\r\nhost: byline\r\ncontent-type: application/json\r\n";
    [head.as_slice(), headers.as_ref(), b"\r\n", body.as_ref()].concat()
}

fn get(line: impl AsRef<[u8]>, headers: impl AsRef<[u8]>) -> Vec<u8> {
    [line.as_ref(), b"\r\n", headers.as_ref(), b"\r\n"].concat()
}

fn show(bytes: impl AsRef<[u8]>) -> String {
    let bytes = bytes.as_ref();
    bytes[..bytes.len().min(60)].escape_ascii().to_string()
}

/// `Content-Length` that is none, or more than one.
fn lengths(cases: &mut Vec<Case>) {
    let values: [&[u8]; 30] = [
        b"",
        b"-1",
        b"-0",
        b"+5",
        b" +5",
        b"5, 5",
        b"5,6",
        b"5 5",
        b"5;",
        b"0x5",
        b"5e0",
        b"5.0",
        b"five",
        b"\"5\"",
        b"1_0",
        b"5\x0b",
        b"5\x0c",
        b"\x0b5",
        b"5\0",
        b"\xc2\xa05",
        b"\xd9\xa5",
        b"18446744073709551615",
        b"18446744073709551616",
        b"99999999999999999999999",
        b"9223372036854775808",
        b"1048577",
        b"4294967296",
        b"00000000000000000000005",
        b"0,",
        b"5\rx: y",
    ];
    let body = hidden();
    for value in values {
        let line = [b"content-length: ", value, b"\r\n"].concat();
        cases.push((format!("length {}", show(value)), post(line, &body)));
    }
    let pairs = [
        ("5", "5"),
        ("0", "5"),
        ("5", "0"),
        ("5", "6"),
        ("", "5"),
        ("5", "x"),
    ];
    for (one, other) in pairs {
        let lines = format!("content-length: {one}\r\ncontent-length: {other}\r\n");
        cases.push((format!("lengths {one} and {other}"), post(lines, &body)));
    }
    let names = [
        "Content-Length ",
        " Content-Length",
        "Content_Length",
        "Content-Length\t",
        "Content\u{2010}Length",
        "Content-Length\0",
    ];
    for name in names {
        let line = format!("{name}: 0\r\n");
        let line = [line.as_bytes(), b"content-length: 5\r\n"].concat();
        cases.push((format!("a length as {}", show(name)), post(line, "     ")));
    }
    let get = format!(
        "GET /livez HTTP/1.1\r\nhost: byline\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    cases.push(("a body of GET".into(), get.into_bytes()));
}

/// `Transfer-Encoding` that one reader may heed and another not.
fn encodings(cases: &mut Vec<Case>) {
    let body = format!("0\r\n\r\n{}", hidden());
    let values: [&[u8]; 36] = [
        b"",
        b"identity",
        b"gzip",
        b"gzip, chunked",
        b"chunked, gzip",
        b"chunked, identity",
        b"identity, chunked",
        b"chunked, chunked",
        b"chunked,",
        b",chunked",
        b"chunked;q=1",
        b"chunked;",
        b"xchunked",
        b"chunkedx",
        b"chunk",
        b"chun ked",
        b"\"chunked\"",
        b"'chunked'",
        b"chunked\0",
        b"\0chunked",
        b"chunked\x0b",
        b"\x0bchunked",
        b"chunked\x0c",
        b"\xa0chunked",
        b"chunked\xa0",
        b"chunked\r",
        b"\rchunked",
        b"x, chunked",
        b"chunked x",
        b"chunked/1",
        b"chunked=1",
        b"deflate, gzip, chunked",
        b"trailers, chunked",
        b"(comment)chunked",
        b"\xc3\xa7hunked",
        b"chunked\x7f",
    ];
    for value in values {
        let length = format!("\r\ncontent-length: {}\r\n", body.len());
        let line = [b"transfer-encoding: ", value, length.as_bytes()].concat();
        cases.push((
            format!("encoding {} with a length", show(value)),
            post(line, &body),
        ));
        let line = [b"transfer-encoding: ", value, b"\r\n"].concat();
        cases.push((format!("encoding {}", show(value)), post(line, &body)));
    }
    let lines = [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: x\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "transfer-encoding : chunked\r\ncontent-length: 5\r\n",
        " transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "transfer-encoding\t: chunked\r\ncontent-length: 5\r\n",
        "transfer_encoding: chunked\r\ncontent-length: 5\r\n",
        "transfer-encoding:\r\n chunked\r\ncontent-length: 5\r\n",
        "transfer-encoding: \r\n\tchunked\r\ncontent-length: 5\r\n",
        "x: y\rtransfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "x: y\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "transfer-encoding\0: chunked\r\ncontent-length: 5\r\n",
        "connection: transfer-encoding\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "connection: content-length\r\ncontent-length: 5\r\n",
    ];
    for line in lines {
        cases.push((format!("lines {}", show(line)), post(line, &body)));
    }
    let old = format!(
        "POST /users HTTP/1.0\r\nhost: byline\r\ntransfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n{body}"
    );
    cases.push(("chunks in HTTP/1.0".into(), old.into_bytes()));
}

/// Chunks (RFC 9112 section 7.1).
fn chunks(cases: &mut Vec<Case>) {
    let bodies: [&[u8]; 40] = [
        b"5\r\nhello",
        b"5\r\nhello\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"4\r\nhello\r\n0\r\n\r\n",
        b"6\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\n0\n\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\rhello\r0\r\r",
        b"\r\n5\r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"5\t\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5h\r\nhello\r\n0\r\n\r\n",
        b"g\r\nhello\r\n0\r\n\r\n",
        b"\r\nhello\r\n0\r\n\r\n",
        b"5;\r\nhello\r\n0\r\n\r\n",
        b"5;x\r\nhello\r\n0\r\n\r\n",
        b"5;x=y\r\nhello\r\n0\r\n\r\n",
        b"5;x=\"\r\nhello\r\n0\r\n\r\n",
        b"5;x\nhello\r\n0\r\n\r\n",
        b"5;\0\r\nhello\r\n0\r\n\r\n",
        b"5;x\ry\r\nhello\r\n0\r\n\r\n",
        b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        b"10000000000000005\r\nhello\r\n0\r\n\r\n",
        b"fffffffffffffffb\r\nhello\r\n0\r\n\r\n",
        b"7fffffffffffffff\r\nhello\r\n0\r\n\r\n",
        b"80000000\r\nhello\r\n0\r\n\r\n",
        b"0000000000000000000005\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n00\r\n\r\n",
        b"5\r\nhello\r\n0",
        b"5\r\nhello\r\n0\r\n",
        b"5\r\nhello\r\n0\r\nx: y\r\n\r\n",
        b"5\r\nhello\r\n0\r\ncontent-length: 40\r\n\r\n",
        b"5\r\nhello\r\n0\r\ntransfer-encoding: chunked\r\n\r\n",
        b"5\r\nhello\r\n0\r\nhost: other\r\n\r\n",
        b"5\r\nhello\r\n0\r\n: y\r\n\r\n",
        b"5\r\nhello\r\n0\r\nx\r\n\r\n",
    ];
    for body in bodies {
        let request = post("transfer-encoding: chunked\r\nconnection: close\r\n", body);
        cases.push((format!("chunks {}", show(body)), request));
    }
    // What looks like the end of a chunk to those who skip its extension.
    let hidden = hidden();
    for first in ["5;", "5\n", "5\r", "0;", "0\n", "0 "] {
        let body = format!("{first}\r\nhello\r\n0\r\n\r\n");
        let bytes = post("transfer-encoding: chunked\r\n", body + "x" + &hidden);
        cases.push((format!("chunks that begin with {}", show(first)), bytes));
    }
}

/// Request lines.
fn request_lines(cases: &mut Vec<Case>) {
    let lines: [&[u8]; 62] = [
        b"",
        b" ",
        b"GET",
        b"GET ",
        b"GET /",
        b"GET / ",
        b"GET  / HTTP/1.1",
        b"GET /  HTTP/1.1",
        b" GET / HTTP/1.1",
        b"GET\t/\tHTTP/1.1",
        b"GET / HTTP/1.1 ",
        b"GET / HTTP/1.1 x",
        b"GET / HTTP/1",
        b"GET / HTTP/1.",
        b"GET / HTTP/.1",
        b"GET / HTTP/1.2",
        b"GET / HTTP/2.0",
        b"GET / HTTP/0.9",
        b"GET / HTTP/10.1",
        b"GET / HTTP/1.10",
        b"GET / http/1.1",
        b"GET / HTTPS/1.1",
        b"GET / ICY/1.1",
        b"GET / HTTP/-1.1",
        b"GET / HTTP /1.1",
        b"G\0T / HTTP/1.1",
        b"G\xc3\x89T / HTTP/1.1",
        b"\xef\xbb\xbfGET / HTTP/1.1",
        b"(GET) / HTTP/1.1",
        b"GET{} / HTTP/1.1",
        b"get / HTTP/1.1",
        b"TRACE / HTTP/1.1",
        b"CONNECT byline:80 HTTP/1.1",
        b"CONNECT / HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"GET * HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"GET users HTTP/1.1",
        b"GET ?x HTTP/1.1",
        b"GET # HTTP/1.1",
        b"GET /#x HTTP/1.1",
        b"GET /us ers HTTP/1.1",
        b"GET /us\0ers HTTP/1.1",
        b"GET /us\rers HTTP/1.1",
        b"GET /us\ners HTTP/1.1",
        b"GET /us\ters HTTP/1.1",
        b"GET /us\x7fers HTTP/1.1",
        b"GET /\xff\xfe HTTP/1.1",
        b"GET /%zz HTTP/1.1",
        b"GET /%00 HTTP/1.1",
        b"GET /%0d%0ax:%20y HTTP/1.1",
        b"GET //users HTTP/1.1",
        b"GET /./users HTTP/1.1",
        b"GET /../users HTTP/1.1",
        b"GET /..%2fusers HTTP/1.1",
        b"GET \\users HTTP/1.1",
        b"GET /users\\..\\posts HTTP/1.1",
        b"GET http://other.example/users HTTP/1.1",
        b"GET http:/users HTTP/1.1",
        b"GET ftp://byline/users HTTP/1.1",
        b"GET http://u:p@byline/users HTTP/1.1",
        b"GET http://[::1/users HTTP/1.1",
    ];
    for line in lines {
        let request = get(line, "host: byline\r\nconnection: close\r\n");
        cases.push((format!("line {}", show(line)), request));
    }
    for length in [9_000, 70_000, 200_000] {
        let line = format!("GET /{} HTTP/1.1", "x".repeat(length));
        let request = get(line, "host: byline\r\nconnection: close\r\n");
        cases.push((format!("a target of {length} bytes"), request));
        let line = format!("{} / HTTP/1.1", "X".repeat(length));
        let request = get(line, "host: byline\r\nconnection: close\r\n");
        cases.push((format!("a method of {length} bytes"), request));
    }
}

/// Header lines.
fn headers(cases: &mut Vec<Case>) {
    let lines: [&[u8]; 46] = [
        b"",
        b"host: a\r\nhost: b\r\n",
        b"host: a, b\r\n",
        b"host:\r\n",
        b"host: \r\n",
        b"host: a b\r\n",
        b"host: a/b\r\n",
        b"host: user@a\r\n",
        b"host: a:b\r\n",
        b"host: a:99999\r\n",
        b"host: a:-1\r\n",
        b"host: [::1\r\n",
        b"host: a\0b\r\n",
        b"host: \xc3\xa9\r\n",
        b"Host : byline\r\n",
        b" host: byline\r\n",
        b"host: byline\r\n x\r\n",
        b"host: byline\r\nx\r\n",
        b"host: byline\r\n: x\r\n",
        b"host: byline\r\nx y: z\r\n",
        b"host: byline\r\nx\0y: z\r\n",
        b"host: byline\r\nx: \0\r\n",
        b"host: byline\r\nx: \x01\r\n",
        b"host: byline\r\nx: y\rz\r\n",
        b"host: byline\r\nx: y\n z\r\n",
        b"host: byline\r\nx: y\r\n\tz\r\n",
        b"host: byline\r\n\xff: x\r\n",
        b"host: byline\r\nx: \xff\xfe\r\n",
        b"host: byline\r\nx(y): z\r\n",
        b"host: byline\r\n\"x\": z\r\n",
        b"host: byline\r\nx=y: z\r\n",
        b"host: byline\nconnection: close\n",
        b"\r\nhost: byline\r\n",
        b"host: byline\r\nconnection: ,,,\r\n",
        b"host: byline\r\nconnection: keep-alive, close\r\n",
        b"host: byline\r\nconnection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQ\r\n",
        b"host: byline\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n",
        b"host: byline\r\nexpect: 100-continue\r\n",
        b"host: byline\r\nexpect: 200-ok\r\n",
        b"host: byline\r\nexpect: 100-continue, x\r\n",
        b"host: byline\r\nte: trailers, x;q=2\r\n",
        b"host: byline\r\nrange: bytes=0-0,1-1,2-2\r\n",
        b"host: byline\r\nmax-forwards: -1\r\n",
        b"host: byline\r\nx-http-method-override: DELETE\r\n",
        b"host: byline\r\nx-original-url: /posts\r\n",
        b"host: byline\r\nforwarded: for=\"\r\nx-forwarded-for: \r\n",
    ];
    for line in lines {
        cases.push((
            format!("headers {}", show(line)),
            get("GET /users HTTP/1.1", line),
        ));
    }
    for count in [95, 97, 200, 2_000] {
        let many: String = (0..count)
            .map(|number| format!("x{number}: y\r\n"))
            .collect();
        let request = get("GET /users HTTP/1.1", format!("host: byline\r\n{many}"));
        cases.push((format!("{count} headers"), request));
    }
    for length in [8_000, 70_000, 140_000] {
        let line = format!("host: byline\r\nx: {}\r\n", "y".repeat(length));
        cases.push((
            format!("a header of {length} bytes"),
            get("GET /users HTTP/1.1", line),
        ));
        let line = format!("host: byline\r\n{}: y\r\n", "x".repeat(length));
        cases.push((
            format!("a header name of {length} bytes"),
            get("GET /users HTTP/1.1", line),
        ));
    }
}

/// What is no request at all.
fn whole(cases: &mut Vec<Case>) {
    let bytes: [(&str, &[u8]); 12] = [
        ("nothing", b""),
        ("line ends", b"\r\n\r\n\r\n\r\n"),
        ("NULs", &[0; 512]),
        (
            "a TLS handshake",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        ),
        (
            "an HTTP/2 preface",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        ),
        ("an answer", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
        (
            "a proxy's preamble",
            b"PROXY TCP4 203.0.113.9 127.0.0.1 1 80\r\nGET / HTTP/1.1\r\nhost: byline\r\n\r\n",
        ),
        (
            "a binary preamble",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\0\x50\0\x50",
        ),
        ("SMTP", b"EHLO example.org\r\nMAIL FROM:<a@b.c>\r\n"),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("half a line", b"GET /users HT"),
        ("half a head", b"GET /users HTTP/1.1\r\nhost: by"),
    ];
    for (name, bytes) in bytes {
        cases.push((name.to_owned(), bytes.to_vec()));
    }
    // A good request between two bad ones.
    let good = "GET /livez HTTP/1.1\r\nhost: byline\r\n\r\n";
    for bad in [
        "GET / HTTP/9.9\r\n\r\n",
        "X\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        ": x\r\n\r\n",
    ] {
        cases.push((
            format!("a good request, then {}", show(bad)),
            [good, bad, &hidden()].concat().into_bytes(),
        ));
    }
}
