//! A request frame as it comes off a socket: header, guard, decode. Whatever the guard lets through must decode, encode, and
//! decode to the same; a Produce request read in place must show as many topics as it counts.
#![no_main]

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey as CrateKey, RequestKind};
use libfuzzer_sys::fuzz_target;
use ottla::protocol::api::ApiKey;
use ottla::protocol::guard;
use ottla::protocol::header::RequestHeader;
use ottla::protocol::produce_request::ProduceRequest;

/// How a message shows that it holds tags which the crate does not know, and that it holds none.
const UNKNOWN_TAGS: &str = "unknown_tagged_fields: {";
const NO_UNKNOWN_TAGS: &str = "unknown_tagged_fields: {}";

fuzz_target!(|data: &[u8]| {
    let mut frame = Bytes::copy_from_slice(data);
    let Ok(header) = RequestHeader::parse(&mut frame) else { return };
    let (key, version) = (header.api_key, header.api_version);
    if guard::check_request(key, version, &frame).is_err() {
        return;
    }
    if key == ApiKey::Produce {
        let request = ProduceRequest::decode(version, frame.clone()).expect("guarded");
        assert_eq!(request.topics().count(), request.topic_count());
        for topic in request.topics() {
            assert_eq!(topic.partitions().count(), topic.partition_count);
        }
    }
    // Versions that the crate lacks have types of Ottla's own; proto-tests/protocol covers them.
    let Ok(crate_key) = CrateKey::try_from(key.number()) else { return };
    let Ok(request) = RequestKind::decode(crate_key, &mut frame, version) else { return };
    let mut out = BytesMut::new();
    request.encode(&mut out, version).expect("what was decoded can be encoded");
    let shown = format!("{request:?}");
    // Of unknown tags the crate keeps the last of a kind, in an order of its own, and loses some from 2^31 on; the server writes
    // none.
    if shown.matches(UNKNOWN_TAGS).count() != shown.matches(NO_UNKNOWN_TAGS).count() {
        return;
    }
    assert_eq!(guard::check_request(key, version, &out), Ok(()), "what was encoded passes the guard");
    // As text: a number in a quota may be NaN, which equals nothing.
    let again = RequestKind::decode(crate_key, &mut out.freeze(), version).expect("what was encoded can be decoded");
    assert_eq!(shown, format!("{again:?}"));
});
