//! Bytes as a client's record batch, through everything that looks at one: head, checksum, codecs under a bound, records,
//! and the log's own judgement, whose verdict must agree with the walk over the records.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use ottla::base::ids::Millis;
use ottla::log::config::LogConfig;
use ottla::log::validate::{AppendOrigin, validate};
use ottla::record::batch::{BatchHeader, BatchView, assemble, batches};
use ottla::record::control::{ControlType, coordinator_epoch};
use ottla::record::iter::records;

const BOUND: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    for view in batches(data) {
        let Ok(view) = view else { break };
        look(&view);
    }
    // The same with a head that is right, so that what lies behind the checksum is reached too.
    let Ok(mut header) = BatchHeader::parse(data) else { return };
    header.base_offset.0 = 0;
    let sealed = assemble(&header, &data[ottla::record::batch::HEADER_BYTES..]);
    let view = BatchView::parse(&sealed).expect("put together");
    look(&view);
    let config = LogConfig { strict_compressed_validation: true, ..LogConfig::default() };
    if let Ok(judged) = validate(&Bytes::copy_from_slice(&sealed), &config, AppendOrigin::Client, Millis(0)) {
        for one in judged {
            let view = BatchView::parse(&one.bytes).expect("judged");
            view.verify_crc().expect("judged");
            let codec = view.header.compression().expect("judged");
            let payload = codec.decompress(view.payload(), BOUND * 64).expect("judged");
            let count = records(&payload, view.header.record_count).map(|r| r.expect("judged")).count();
            assert_eq!(count as i32, view.header.last_offset_delta + 1);
        }
    }
});

fn look(view: &BatchView<'_>) {
    let _ = view.verify_crc();
    let _ = (view.header.next_offset(), view.header.last_sequence(), view.header.check_offsets());
    let Some(codec) = view.header.compression() else { return };
    let Ok(payload) = codec.decompress(view.payload(), BOUND) else { return };
    assert!(payload.len() <= BOUND);
    for record in records(&payload, view.header.record_count).map_while(Result::ok) {
        let _ = record.headers().count();
        let _ = (record.key.and_then(ControlType::from_key), record.value.and_then(coordinator_epoch));
    }
}
