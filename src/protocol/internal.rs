//! Frames between nodes of one cluster, beside Kafka's: served on the controllers' listener only, and never advertised.
//!
//! ```text
//!  request   [size i32][key i16][version i16 = 0][correlation id i32][client id i16 = -1]
//!            [cluster id: compact string][node id i32][directory id 16 bytes][payload ...]
//!  response  [size i32][correlation id i32][error code i16][node id i32][directory id 16 bytes][payload ...]
//! ```
//!
//! The header is that of Kafka's requests, so that framing, size limits and pipelining are the clients' own. The keys lie far
//! above Kafka's (which grow from below); KRaft's own messages are not used, since what they carry (a log that followers fetch)
//! is not what openraft sends. Both sides say who they are in every frame: a node of another cluster learns nothing and changes
//! nothing. What the payloads hold is known to the rooms that make them.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::frame;
use super::response::Response;
use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, Uuid};

/// The lowest key; everything from here on belongs to these frames.
const FIRST_KEY: i16 = 32_000;
/// The only version so far.
const VERSION: i16 = 0;

macro_rules! internal_apis {
    ($($(#[$doc:meta])* $key:literal $name:ident),* $(,)?) => {
        /// What one node can ask of another.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(i16)]
        pub enum InternalApi { $($(#[$doc])* $name = $key),* }

        impl InternalApi {
            fn from_number(number: i16) -> Option<Self> {
                match number { $($key => Some(Self::$name),)* _ => None }
            }
            /// Its name, for logs.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }
        }
    };
}

internal_apis! {
    /// Which cluster and node is this? Asked before the asker knows its cluster. No payload; answered with the cluster's id.
    32000 Identify,
    /// Raft's AppendEntries.
    32001 RaftAppend,
    /// Raft's RequestVote.
    32002 RaftVote,
    /// A piece of a snapshot for a follower that is too far behind.
    32003 RaftSnapshot,
    /// An operation for the active controller, passed on for a client. What brokers ask for themselves are Kafka's own messages.
    32004 Operation,
    /// Committed metadata from an offset on, for a broker that is no voter.
    32005 FollowMetadata,
    /// A piece of an image, for a broker that is too far behind.
    32006 FetchImage,
    /// Who leads the quorum, and how far everybody is.
    32007 QuorumStatus,
    /// A change of who is in the quorum, for its leader.
    32008 ChangeQuorum,
    /// Would you vote for me? Raft's pre-vote.
    32009 RaftPreVote,
}

/// Who speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its cluster; empty while it does not know.
    pub cluster_id: String,
    /// Its number.
    pub node_id: NodeId,
    /// The id of its metadata log's directory.
    pub directory_id: Uuid,
}

/// A request, taken apart.
#[derive(Clone, Debug)]
pub struct InternalRequest {
    /// What is asked.
    pub api: InternalApi,
    /// What the response must repeat.
    pub correlation_id: i32,
    /// Who asks.
    pub from: Identity,
    /// The question.
    pub payload: Bytes,
}

/// An answer, taken apart.
#[derive(Clone, Debug)]
pub struct InternalAnswer {
    /// Nothing, or why there is no payload.
    pub error: ErrorCode,
    /// Who answers.
    pub node_id: NodeId,
    /// The id of its metadata log's directory.
    pub directory_id: Uuid,
    /// The answer.
    pub payload: Bytes,
}

/// Why a frame is none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InternalError {
    /// A key or version of another make.
    #[error("the internal API {key} version {version} is not known")]
    Unknown {
        /// The key.
        key: i16,
        /// The version.
        version: i16,
    },
    /// A length or a piece of text is wrong.
    #[error("malformed internal frame: {0}")]
    Malformed(#[from] CodecError),
}

/// True if a frame (its size taken off) asks for one of these APIs.
pub fn is_internal(frame: &[u8]) -> bool {
    frame.first_chunk::<2>().is_some_and(|key| i16::from_be_bytes(*key) >= FIRST_KEY)
}

/// A request as a whole frame.
pub fn encode_request(api: InternalApi, correlation_id: i32, from: &Identity, payload: &[u8]) -> Option<Bytes> {
    let mut head = Writer::with_capacity(64);
    head.compact_string(&from.cluster_id);
    head.i32(from.node_id.0);
    head.uuid(from.directory_id);
    let mut out = BytesMut::with_capacity(32 + head.len() + payload.len());
    frame::start(&mut out);
    out.put_i16(api as i16);
    out.put_i16(VERSION);
    out.put_i32(correlation_id);
    out.put_i16(-1);
    out.put_slice(head.as_slice());
    out.put_slice(payload);
    frame::finish(&mut out, 0).then(|| out.freeze())
}

/// Takes a request apart (its frame's size already taken off). The payload is a slice of the frame.
pub fn parse_request(frame: Bytes) -> Result<InternalRequest, InternalError> {
    let mut reader = Reader::new(&frame);
    let (key, version) = (reader.i16()?, reader.i16()?);
    let correlation_id = reader.i32()?;
    let api = InternalApi::from_number(key).filter(|_| version == VERSION);
    let api = api.ok_or(InternalError::Unknown { key, version })?;
    reader.nullable_string()?;
    let cluster_id = reader.compact_string()?.to_owned();
    let from = Identity { cluster_id, node_id: NodeId(reader.i32()?), directory_id: reader.uuid()? };
    let payload = frame.slice(reader.position()..);
    Ok(InternalRequest { api, correlation_id, from, payload })
}

/// An answer as a response. `None` if it does not fit a frame.
pub fn encode_answer(correlation_id: i32, error: ErrorCode, from: &Identity, payload: &[u8]) -> Option<Response> {
    let mut out = BytesMut::with_capacity(32 + payload.len());
    frame::start(&mut out);
    out.put_i32(correlation_id);
    out.put_i16(error.code());
    out.put_i32(from.node_id.0);
    out.put_slice(&from.directory_id.0);
    out.put_slice(payload);
    frame::finish(&mut out, 0).then(|| Response::of_bytes(out.freeze()))
}

/// Takes an answer apart, behind its correlation id.
pub fn parse_answer(mut body: Bytes) -> Result<InternalAnswer, InternalError> {
    let mut reader = Reader::new(&body);
    let error = ErrorCode::from_code(reader.i16()?).unwrap_or(ErrorCode::UnknownServerError);
    let (node_id, directory_id) = (NodeId(reader.i32()?), reader.uuid()?);
    let at = reader.position();
    body.advance(at);
    Ok(InternalAnswer { error, node_id, directory_id, payload: body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::api::ApiKey;

    fn identity() -> Identity {
        Identity { cluster_id: "a-cluster".to_owned(), node_id: NodeId(3), directory_id: Uuid([7; 16]) }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut frame = encode_request(InternalApi::RaftVote, 9, &identity(), b"payload").unwrap();
        frame.advance(4);
        assert!(is_internal(&frame));
        let request = parse_request(frame.clone()).unwrap();
        assert_eq!((request.api, request.correlation_id, &request.from), (InternalApi::RaftVote, 9, &identity()));
        assert_eq!(&request.payload[..], b"payload");
        for cut in 0..frame.len() - 7 {
            assert!(parse_request(frame.slice(..cut)).is_err(), "cut at {cut}");
        }
        let answer = encode_answer(9, ErrorCode::NotController, &identity(), b"x").unwrap();
        let bytes = match &answer.parts[..] {
            [super::super::response::Part::Bytes(bytes)] => bytes.slice(8..),
            other => panic!("{other:?}"),
        };
        let answer = parse_answer(bytes).unwrap();
        assert_eq!(
            (answer.error, answer.node_id, &answer.payload[..]),
            (ErrorCode::NotController, NodeId(3), &b"x"[..])
        );
    }

    #[test]
    fn no_key_of_kafkas_is_taken() {
        assert!(ApiKey::ALL.iter().all(|key| key.number() < FIRST_KEY));
        assert!(!is_internal(&ApiKey::Fetch.number().to_be_bytes()));
        assert!(!is_internal(&[]));
    }
}
