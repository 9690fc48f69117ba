//! A client's principal, as a broker writes it into an envelope (KIP-590, KIP-373).
//!
//! ```text
//!  [version i16 = 0][type: compact string][name: compact string][token authenticated u8][tags]
//! ```
//!
//! Bytes behind it are let pass, as Kafka does.

use super::guard::{self, GuardError};
use crate::base::codec::{CodecError, Reader};

/// The only version so far.
const VERSION: i16 = 0;

/// Who a client is, as the broker that it is connected to found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// What kind of name it is, such as `User`.
    pub kind: String,
    /// The name.
    pub name: String,
    /// Whether a delegation token has shown it.
    pub token_authenticated: bool,
}

/// Why bytes are no principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrincipalError {
    /// Written by a later release.
    #[error("a principal of version {0}")]
    Version(i16),
    /// A length or a piece of text is wrong.
    #[error("a malformed principal: {0}")]
    Malformed(#[from] CodecError),
    /// The tagged fields are wrong.
    #[error("malformed tagged fields in a principal: {0}")]
    Tags(#[from] GuardError),
}

/// Reads one.
pub fn parse(bytes: &[u8]) -> Result<Principal, PrincipalError> {
    let mut reader = Reader::new(bytes);
    let version = reader.i16()?;
    if version != VERSION {
        return Err(PrincipalError::Version(version));
    }
    let (kind, name) = (reader.compact_string()?.to_owned(), reader.compact_string()?.to_owned());
    let token_authenticated = reader.u8()? != 0;
    guard::skip_tags(&mut reader)?;
    Ok(Principal { kind, name, token_authenticated })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_principal_is_one() {
        let whole = b"\0\0\x05User\x03me\0\0";
        let me = Principal { kind: "User".to_owned(), name: "me".to_owned(), token_authenticated: false };
        assert_eq!(parse(whole), Ok(me));
        for cut in 0..whole.len() - 1 {
            assert!(parse(&whole[..cut]).is_err(), "cut at {cut}");
        }
        assert_eq!(parse(b"\0\x01\x05User\x03me\0\0"), Err(PrincipalError::Version(1)));
        assert!(parse(b"\0\0\0\x03me\0\0").is_err(), "null is no kind");
    }
}
