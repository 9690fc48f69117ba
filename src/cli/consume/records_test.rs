//! Tests of opening fetched batches and of printing their records.

use bytes::Bytes;

use super::*;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, PartitionIndex, ProducerEpoch, Sequence};
use crate::cli::consume::format::Format;
use crate::record::batch::{CONTROL, TRANSACTIONAL};
use crate::record::builder::BatchBuilder;

fn batch(base: i64, producer: i64, flags: i16, codec: Compression, values: &[&str]) -> Bytes {
    let mut builder = BatchBuilder::new().producer(ProducerId(producer), ProducerEpoch(0), Sequence(0)).flags(flags);
    for value in values {
        builder.append(Millis(1000), Some(b"k"), Some(value.as_bytes()), &[(b"h", Some(b"x")), (b"n", None)]);
    }
    builder.build(Offset(base), LeaderEpoch(0), codec).unwrap()
}

fn marker(base: i64, producer: i64, kind: ControlType) -> Bytes {
    let mut builder = BatchBuilder::new()
        .producer(ProducerId(producer), ProducerEpoch(0), Sequence::NONE)
        .flags(CONTROL | TRANSACTIONAL);
    builder.append(Millis(1000), Some(&kind.key()), Some(&[0; 6]), &[]);
    builder.build(Offset(base), LeaderEpoch(0), Compression::None).unwrap()
}

fn fetched(batches: &[Bytes], aborted: &[(i64, i64)]) -> Fetched {
    Fetched {
        topic: "t".to_string(),
        partition: PartitionIndex(2),
        error: ErrorCode::None,
        high_watermark: Offset(100),
        last_stable_offset: Offset(100),
        log_start_offset: Offset(0),
        aborted: aborted.iter().map(|(producer, first)| (ProducerId(*producer), Offset(*first))).collect(),
        records: batches.concat().into(),
    }
}

fn values(of: &Fetched, from: i64, until: Option<i64>, read_committed: bool) -> Vec<String> {
    let mut seen = Vec::new();
    walk(of, Offset(from), until.map(Offset), read_committed, &mut |consumed| {
        let value = consumed.record.value.unwrap_or_default();
        seen.push(format!("{}={}", consumed.offset, String::from_utf8_lossy(value)));
        Ok(Flow::GoOn)
    })
    .unwrap();
    seen
}

#[test]
fn only_what_lies_between_is_given_whatever_the_codec() {
    for codec in Compression::ALL {
        let all = fetched(&[batch(0, -1, 0, codec, &["a", "b", "c"]), batch(3, -1, 0, codec, &["d", "e"])], &[]);
        assert_eq!(values(&all, 1, Some(4), false), ["1=b", "2=c", "3=d"], "{codec:?}");
        let mut cut = all.clone();
        cut.records = all.records.slice(..all.records.len() - 1);
        assert_eq!(values(&cut, 0, None, false), ["0=a", "1=b", "2=c"], "{codec:?}");
    }
}

#[test]
fn aborted_transactions_are_hidden_up_to_their_marker() {
    let none = Compression::None;
    let all = fetched(
        &[
            batch(0, 7, TRANSACTIONAL, none, &["aborted"]),
            batch(1, 8, TRANSACTIONAL, none, &["committed"]),
            batch(2, 7, 0, none, &["outside"]),
            marker(3, 7, ControlType::Abort),
            marker(4, 8, ControlType::Commit),
            batch(5, 7, TRANSACTIONAL, none, &["later"]),
            batch(6, 8, TRANSACTIONAL, none, &["aborted too"]),
            marker(7, 8, ControlType::Abort),
        ],
        &[(8, 6), (7, 0)],
    );
    assert_eq!(values(&all, 0, None, true), ["1=committed", "2=outside", "5=later"]);
    assert_eq!(values(&all, 0, None, false).len(), 5);
}

#[test]
fn a_damaged_batch_is_an_error_that_says_where() {
    let mut bytes = batch(40, -1, 0, Compression::None, &["value"]).to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let damaged = fetched(&[bytes.into()], &[]);
    let error = walk(&damaged, Offset(0), None, false, &mut |_| Ok(Flow::GoOn)).unwrap_err();
    let told = format!("{error:#}");
    assert!(told.contains("partition 2 of topic \"t\", batch at offset 40") && told.contains("checksum"), "{told}");
}

fn printed(format: &Format, of: &Fetched) -> String {
    let mut out = Vec::new();
    walk(of, Offset(0), None, false, &mut |consumed| {
        format.write(&mut out, consumed)?;
        Ok(Flow::GoOn)
    })
    .unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn formats() {
    let of = fetched(&[batch(5, -1, 0, Compression::None, &["v"])], &[]);
    let format = |text| Format::parse(text, b"NULL".to_vec());
    assert_eq!(
        printed(&format(r"%t/%p@%o %K:%k %S:%s %T %d [%h] 100%%\n").unwrap(), &of),
        "t/2@5 1:k 1:v 1000 1970-01-01T00:00:01.000Z [h=x,n=NULL] 100%\n"
    );
    assert_eq!(printed(&Format::plain(true, Some(b"=".to_vec()), Vec::new()), &of), "h=x,n=\tk=v\n");
    assert!(format("%q").is_err() && format("%").is_err() && format(r"\q").is_err());
}

#[test]
fn json_tells_bytes_from_text() {
    let mut builder = BatchBuilder::new();
    builder.append(Millis(1), None, Some(&[0xff, 0]), &[(b"h", Some(&[0xfe]))]);
    let of = fetched(&[builder.build(Offset(0), LeaderEpoch(0), Compression::None).unwrap()], &[]);
    assert_eq!(
        printed(&Format::Json, &of),
        concat!(
            r#"{"topic":"t","partition":2,"offset":0,"timestamp":1,"timestamp_type":"CreateTime","#,
            r#""key":null,"value_base64":"/wA=","headers":[{"key":"h","value_base64":"/g=="}]}"#,
            "\n"
        )
    );
}
