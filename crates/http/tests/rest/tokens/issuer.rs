//! An issuer of tokens.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use ring::{hmac, rsa};
use serde_json::{Value, json};

use crate::support::now;

pub(super) const ISSUER: &str = "https://issuer.example";
pub(super) const AUDIENCE: &str = "byline";

/// A key that is only used in this test.
const RSA_DER: &str = "MIIEowIBAAKCAQEAkG4E13O5KuQbf+4E1TPBrK0T2SH3oF1FvbNRz25IC0OMY6H32EtZigEFNCytouzPcQzEOFDkmVKfjSA6S0P+m9saVpLAhtqK23FSfP4uXpQknWWQDXwaxlJMyS/ThVoB3YI44UcwePrfDQLXlhoGHmmbD5TYrPfqjjcUngmDp/l4zjPGzj1MbJF9jvnmxA5Bvkqcz1ofbdqjXiuTzwL+7qZjIcL68i+BC80SkShVu3AzJGNh18t6y4DErcJ5oNuoKdMfmKH9KjiACYBNbrSmHzCVl1icmRkYEVHgmoVw+FQXy4SMd2Y5JALx8GYHd90uTliXR7qce/zx7yFljXJ1rwIDAQABAoIBAAkKHPSpju63sitSmvjUSwxJe0ZWxIHdjjThf7HrTBUJ/qpptvJrQ0jKgY6sN5d/5m5D7bAJca7q9FN7FeSKD+oMHFzlkg+epzXO2B1vzZ7CLnx8OjgUPjTCOxriCtIVoEV14thITvXAQqxn/7t3frSLYlbnHc/NmhLM/bxacH2kNnyjpE5m8WJalu6MJFMEDgAyrc/+f4WA1NjkNpb3AHTiHeIeOcmgg/3kEgdxX4o74xzvPIfyX6Pk18rFGDxZRedaxsTbedQOXnNkUtpALvF2Z4msFbYaZy2UxkNgJpe2yb0dvYbmKBimdQHZrMPhfur2F81/YBZECP1FcvxSZTkCgYEAw/N4GZBE7BTjW0c2HYqw9MFPEXhqm3L/GFHDYES+tQSnW8AAfjt78IYTKpfEswS9P5Ghrsr0jtwFg+KjEAl2pOzzf8DuodBDkKqd3pFfW082RIHaiS7FzCv7Ig/cs76J6Hl5eMR1cLk7Z+XxVw4IsQNsjj8z6ju/qyYTJAs0eisCgYEAvLCo3ogzFOF8mUQKW0t9d3ZX4Bo9WR2S6V6mOI8yoyt66wHjfw6bpbEl+HsxWGsd6nKEmCbb0MUMgSn7o0T98VyC33zjjuha9XoY+mGRlQ3uS9YrEcS3GZ43r322zwiysJfqFV6BQOvJhTQXe42zT724pdY8ejPmMkUwpCInhI0CgYBvoQjfT0/kSjYHbvcGN1d95446vqXE7usiGJo8Ao2+I+uPmj7tqsd9i3PpxNIaxe1mBHneUOKna/J8YqVQYoPDivVg5zFK35FOHdSX0atIIkUhG/S6R/oIyVlk2zJ492grFuC7ivf4gp20H8uwM1+CMBgspRbXLriPML6gvv1jRwKBgGHm93efC4IGDPQpDYaZAJx/VtD8TGB0q8lSRsSJ6CgpYzmUXUmLds7dv2nR4aSSz47ZpFqdruf/laFe+yWXonsdGPqEfj2j6a38kAE5pqPD+qR2lxo9CxPLt/DiNXvuc2iVKeu0gTQCIyluAdElkKgLNEc3hWGSlBn5NGe1IPPxAoGBAK7K7k9bNHJinljAlCtXYWoOHUFiY/jmGJbbFKJG5FAYsBiDJ9YFn7Q3qXRIbLmv7QEyAgIsBlYyGZzesj10brHScK0oZSd6x7D9uXM6qGgEVQt29zSlIYYDmhQeITTipdtoSx1mIlnyeoKJ/yHANK52XMUih4BpJSOMeQyOXGh4";

/// The modulus of a key of 1024 bits.
const SMALL_MODULUS: &str = "B9C2B80EAE4A7EAFD16E4CFC72E13821419DB6BC758D69086C9AC0EE221F985125C4C5E64F06A5F841AE801D2B9B01713025CF7108B3DF3486616CB2D2B43D3BF4F3E2FCCD3B2FC5501A15D745911FFA763F2DE2E658A39374179D549A0C91141F30766B4BAFCE1482F2E03BD453AD521A8801A3CF1ACB6645A63D861404FB6B";

/// The keys of the issuer.
pub(super) struct Issuer {
    pub(super) rsa: RsaKeyPair,
    pub(super) ec: EcdsaKeyPair,
    pub(super) ed: Ed25519KeyPair,
    /// No longer in the key set.
    pub(super) old: Ed25519KeyPair,
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Issuer {
    pub(super) fn new() -> Self {
        let random = SystemRandom::new();
        let ed = || {
            let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
            Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap()
        };
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self {
            rsa: RsaKeyPair::from_der(&STANDARD.decode(RSA_DER).unwrap()).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                document.as_ref(),
                &random,
            )
            .unwrap(),
            ed: ed(),
            old: ed(),
        }
    }

    pub(super) fn modulus(&self) -> Vec<u8> {
        rsa::PublicKeyComponents::<Vec<u8>>::from(self.rsa.public()).n
    }

    pub(super) fn jwks(&self) -> Value {
        let point = self.ec.public_key().as_ref();
        let small: Vec<u8> = (0..SMALL_MODULUS.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&SMALL_MODULUS[at..at + 2], 16).unwrap())
            .collect();
        json!({"keys": [
            {"kty": "RSA", "kid": "rsa", "use": "sig", "n": encode(self.modulus()), "e": "AQAB"},
            {"kty": "EC", "kid": "ec", "crv": "P-256", "alg": "ES256",
             "x": encode(&point[1..33]), "y": encode(&point[33..])},
            {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "key_ops": ["verify"],
             "x": encode(self.ed.public_key().as_ref())},
            {"kty": "OKP", "kid": "enc", "crv": "Ed25519", "use": "enc",
             "x": encode(self.ed.public_key().as_ref())},
            {"kty": "oct", "kid": "oct", "k": encode([7; 32])},
            {"kty": "RSA", "kid": "small", "n": encode(small), "e": "AQAB"},
            {"kty": "XX", "kid": "odd", "y": 1},
        ]})
    }

    pub(super) fn ed(&self, header: &Value, claims: &Value) -> String {
        signed(header, claims, |message| {
            self.ed.sign(message).as_ref().to_vec()
        })
    }

    pub(super) fn rsa(&self, header: &Value, claims: &Value) -> String {
        signed(header, claims, |message| {
            let mut signature = vec![0; self.rsa.public().modulus_len()];
            let random = SystemRandom::new();
            self.rsa
                .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                .unwrap();
            signature
        })
    }

    pub(super) fn ec(&self, header: &Value, claims: &Value) -> String {
        signed(header, claims, |message| {
            let signature = self.ec.sign(&SystemRandom::new(), message).unwrap();
            signature.as_ref().to_vec()
        })
    }
}

pub(super) fn signed(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    raw(&header.to_string(), &claims.to_string(), sign)
}

pub(super) fn raw(header: &str, claims: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

pub(super) fn hs256(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    signed(header, claims, |message| {
        hmac::sign(&key, message).as_ref().to_vec()
    })
}

pub(super) fn seconds() -> i64 {
    now().as_micros() / 1_000_000
}

pub(super) fn header() -> Value {
    json!({"alg": "EdDSA", "kid": "ed", "typ": "at+jwt"})
}

pub(super) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": seconds() + 600,
        "iat": seconds(), "nbf": seconds(), "scope": "openid users:read users:write",
    })
}

pub(super) fn with(mut object: Value, name: &str, value: impl Into<Value>) -> Value {
    object[name] = value.into();
    object
}

pub(super) fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}
