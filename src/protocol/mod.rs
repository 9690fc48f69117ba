//! The wire: frames, headers, the bodies of requests and responses, and the guard that stands before every decode.
//!
//! Bytes in, messages out, and back. The only room that calls kafka_protocol's decoders and encoders; what is above may name
//! its messages. No sockets, no clock, no async.
//!
//! ```text
//!  frame    [size i32][ header ][ body ]             size counts what follows it
//!  header   [api key i16][version i16][correlation i32][client id][tags]
//!  body     guard::check walks it  ->  codec::decode  ->  a message
//!  answer   codec::response  ->  Response { parts }   one Bytes, or a list with file slices between (Fetch)
//! ```
//!
//! Invariant: no body reaches a decoder before `guard` has walked its every length.

pub mod api;
pub mod api_versions;
pub mod codec;
pub mod extra;
pub mod fetch_response;
pub mod frame;
pub mod guard;
pub mod header;
pub mod internal;
pub mod principal;
pub mod produce_request;
pub mod response;
