//! AlterUserScramCredentials (51), version 0. Sets and removes SCRAM credentials (KIP-554).
//!
//! A client sends the salted password; only the two keys that RFC 5802 derives from it go further. They are stored, and not asked
//! for yet; the log says so.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use kafka_protocol::messages::alter_user_scram_credentials_request::{
    AlterUserScramCredentialsRequest, ScramCredentialUpsertion,
};
use kafka_protocol::messages::alter_user_scram_credentials_response::{
    AlterUserScramCredentialsResponse, AlterUserScramCredentialsResult,
};
use kafka_protocol::protocol::StrBytes;
use sha2::{Digest, Sha256, Sha512};

use crate::controller::api_error::ApiError;
use crate::controller::scram::AlterScramCredentials;
use crate::metadata::record::UserScramCredential;
use crate::server::context::{CHANGE_TIMEOUT, Context};
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};
use crate::server::stored_only;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: AlterUserScramCredentialsRequest = request.decode()?;
    let operation = AlterScramCredentials {
        deletions: body.deletions.iter().map(|d| (d.name.to_string(), d.mechanism)).collect(),
        upsertions: body.upsertions.iter().map(credential).collect(),
    };
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let results = match ctx.change(operation, CHANGE_TIMEOUT).await {
            Ok(reply) => {
                if reply.iter().any(|(_, result)| result.is_ok()) {
                    stored_only::scram_credentials();
                }
                reply.into_iter().map(|(user, result)| outcome(user, result)).collect()
            }
            Err(error) => {
                let code = error_map::controller(&error).code();
                let deleted = body.deletions.iter().map(|d| d.name.to_string());
                let users = deleted.chain(body.upsertions.iter().map(|u| u.name.to_string()));
                users.map(|user| answer(user, code, Some(error.to_string()))).collect()
            }
        };
        request.respond(&AlterUserScramCredentialsResponse::default().with_results(results))
    }))
}

fn outcome(user: String, result: Result<(), ApiError>) -> AlterUserScramCredentialsResult {
    match result {
        Ok(()) => answer(user, 0, None),
        Err(error) => answer(user, error.code.code(), error.message),
    }
}

fn answer(user: String, code: i16, message: Option<String>) -> AlterUserScramCredentialsResult {
    AlterUserScramCredentialsResult::default()
        .with_user(StrBytes::from_string(user))
        .with_error_code(code)
        .with_error_message(message.map(StrBytes::from_string))
}

fn credential(wanted: &ScramCredentialUpsertion) -> UserScramCredential {
    let (stored_key, server_key) = match wanted.mechanism {
        1 => keys::<Hmac<Sha256>, Sha256>(&wanted.salted_password),
        2 => keys::<Hmac<Sha512>, Sha512>(&wanted.salted_password),
        // The controller refuses the mechanism.
        _ => (Vec::new(), Vec::new()),
    };
    UserScramCredential {
        name: wanted.name.to_string(),
        mechanism: wanted.mechanism,
        salt: wanted.salt.to_vec(),
        stored_key,
        server_key,
        iterations: wanted.iterations,
    }
}

/// StoredKey and ServerKey of RFC 5802: H(HMAC(salted, "Client Key")) and HMAC(salted, "Server Key").
fn keys<M: Mac + KeyInit, H: Digest>(salted_password: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let hmac = |text: &[u8]| {
        // HMAC takes a key of any length.
        <M as KeyInit>::new_from_slice(salted_password)
            .map(|mac| mac.chain_update(text).finalize().into_bytes().to_vec())
            .unwrap_or_default()
    };
    (H::digest(hmac(b"Client Key")).to_vec(), hmac(b"Server Key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_rfc_7677() {
        // The example of RFC 7677: user "user", password "pencil", 4096 iterations; the salted password by PBKDF2.
        let salted = [
            0xc4, 0xa4, 0x95, 0x10, 0x32, 0x3a, 0xb4, 0xf9, 0x52, 0xca, 0xc1, 0xfa, 0x99, 0x44, 0x19, 0x39, 0xe7, 0x8e,
            0xa7, 0x4d, 0x6b, 0xe8, 0x1d, 0xdf, 0x70, 0x96, 0xe8, 0x75, 0x13, 0xdc, 0x61, 0x5d,
        ];
        let (stored, server) = keys::<Hmac<Sha256>, Sha256>(&salted);
        use base64::Engine;
        let text = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
        assert_eq!(text(&stored), "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=");
        assert_eq!(text(&server), "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
    }
}
