//! `auth jwt`: a service account says by a signature who it is (RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

use crate::base::failure::{Failure, Kind};
use crate::base::time::Timestamp;
use crate::connect::credentials::Credentials;

/// How an assertion is exchanged.
pub const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long an assertion is good: it is used at once, and some services take none that is good for longer.
const SECONDS: i64 = 180;

/// What `credentials` assert at `now`, signed.
///
/// # Errors
/// `auth_error` where the key is none.
pub fn assertion(credentials: &Credentials, now: Timestamp) -> Result<String, Failure> {
    let field = |name: &str| credentials.value(name, None);
    let mut header = serde_json::json!({ "alg": "RS256", "typ": "JWT" });
    if let Some(id) = field("key_id") {
        header["kid"] = id.into();
    }
    let mut claims = serde_json::json!({ "iat": now.as_second(), "exp": now.as_second() + SECONDS });
    for (claim, name) in [("iss", "issuer"), ("sub", "subject"), ("aud", "audience"), ("scope", "scope")] {
        if let Some(value) = field(name) {
            claims[claim] = value.into();
        }
    }
    let encoded = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", encoded(&header), encoded(&claims));
    let signature = sign(&key(&field("key").unwrap_or_default())?, signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The key of a PEM text, also of one whose line breaks are written `\n`, as environment variables have them.
fn key(text: &str) -> Result<RsaKeyPair, Failure> {
    let text = text.replace("\\n", "\n");
    let lines: String = text.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(lines).map_err(|_| wrong("it is no PEM text (`-----BEGIN PRIVATE KEY-----` ...)"))?;
    // As OpenSSL and Google write it, and as older tools do.
    let read = RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der));
    read.map_err(|_| wrong("it is no RSA key of 2048 bits or more"))
}

fn sign(key: &RsaKeyPair, text: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature)
        .map_err(|_| wrong("this machine gives no chance to sign with"))?;
    Ok(signature)
}

fn wrong(why: &str) -> Failure {
    Failure::new(Kind::AuthError, format!("the key of `auth jwt` cannot be used: {why}"))
}
