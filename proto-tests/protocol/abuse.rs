//! Broken bodies: every one ends in an error, and a decode never takes more memory than the guard says.

use bytes::Bytes;
use kafka_protocol::messages::{ApiKey as CrateKey, RequestKind};
use ottla::base::limits::ARRAY_ELEMENTS_MAX;
use ottla::protocol::api::ApiKey;
use ottla::protocol::guard::{self, GuardError, decoded_bytes_max, schema};

use crate::bodies::crate_request_version;
use crate::count_alloc::counted;
use crate::generate::{self, Random};

/// Guard, then kafka_protocol, as `codec` does; asserts the memory bound.
fn guarded_decode(key: ApiKey, version: i16, body: &[u8]) {
    let (verdict, allocated) = counted(|| guard::check_request(key, version, body));
    assert_eq!(allocated, 0, "{key} {version}: the guard allocates");
    if verdict.is_err() {
        return;
    }
    let Some(crate_version) = crate_request_version(key, version) else { return };
    let crate_key = CrateKey::try_from(key.number()).expect("a key that the crate has");
    let mut bytes = Bytes::copy_from_slice(body);
    let (decoded, allocated) = counted(|| RequestKind::decode(crate_key, &mut bytes, crate_version));
    if let Err(error) = &decoded {
        panic!("{key} {version}: {error:#} after the guard, of {body:?}");
    }
    // A frozen buffer that is shared for the first time allocates its counter, once.
    let bound = decoded_bytes_max(body.len()) + 64;
    assert!(allocated <= bound, "{key} {version}: {allocated} bytes allocated for {} of body", body.len());
}

#[test]
fn counts_without_elements_are_refused() {
    for (message, version) in generate::every(schema::request) {
        for count in [1, 1000, ARRAY_ELEMENTS_MAX as u32, ARRAY_ELEMENTS_MAX as u32 + 1, 0x7fff_fffe] {
            let Some(body) = generate::first_count(message, version, count) else { continue };
            let verdict = guard::check_request(message.key, version, &body);
            assert!(
                matches!(verdict, Err(GuardError::CountBeyondBytes { .. } | GuardError::TooManyElements { .. })),
                "{} {version} with {count}: {verdict:?}",
                message.key
            );
        }
    }
}

#[test]
fn mutated_bodies_never_panic_nor_take_much_memory() {
    for (message, version) in generate::every(schema::request) {
        let mut random = Random::new(u64::from(message.key.number() as u16) * 100 + version as u64 + 1);
        for seed in 1..=40 {
            let mut body = generate::body(message, version, seed, true);
            for _ in 0..=random.below(4) {
                let Some(last) = (body.len() as u64).checked_sub(1) else { break };
                let at = random.below(last + 1) as usize;
                match random.below(4) {
                    0 => body[at] = random.next() as u8,
                    1 => body[at] = [0, 0xff, 0x7f, 0x80][random.below(4) as usize],
                    2 => drop(body.remove(at)),
                    _ => body.insert(at, random.next() as u8),
                }
            }
            guarded_decode(message.key, version, &body);
        }
    }
}

#[test]
fn large_bodies_of_the_smallest_elements_stay_within_the_bound() {
    // Empty names, empty arrays, empty tags: what takes the most memory for its bytes.
    for (message, version) in generate::every(schema::request) {
        for filler in [0u8, 1] {
            for count in [300u32, 20_000] {
                let Some(mut body) = generate::first_count(message, version, count) else { continue };
                body.resize(body.len() + 40 * count as usize, filler);
                guarded_decode(message.key, version, &body);
            }
        }
    }
}

#[test]
fn tags_are_bounded_in_number_and_in_memory() {
    // ApiVersions v3: two empty names, then tags.
    let mut body = vec![1, 1];
    body.extend([0x91, 0x4e]); // 10,001
    body.extend([9, 0].repeat(10_001));
    assert!(matches!(
        guard::check_request(ApiKey::ApiVersions, 3, &body),
        Err(GuardError::TooManyTags { count: 10_001, .. })
    ));
    body[2..4].copy_from_slice(&[0x90, 0x4e]);
    // As many as are allowed, but of two bytes each: their places in a map would take more than the body is worth.
    assert!(matches!(guard::check_request(ApiKey::ApiVersions, 3, &body), Err(GuardError::Amplified { .. })));
    // A few pass, out of order and twice, as with Kafka.
    let few = [1, 1, 3, 9, 0, 7, 1, 0xaa, 9, 0];
    assert_eq!(guard::check_request(ApiKey::ApiVersions, 3, &few), Ok(()));
    guarded_decode(ApiKey::ApiVersions, 3, &few);
}

#[test]
fn lengths_and_varints_out_of_bounds_are_refused() {
    // Metadata v1: a count of -2, then null (allowed), then a name of length -1 (not allowed).
    assert!(guard::check_request(ApiKey::Metadata, 1, &[0xff, 0xff, 0xff, 0xfe]).is_err());
    assert_eq!(guard::check_request(ApiKey::Metadata, 1, &[0xff; 4]), Ok(()));
    assert!(matches!(guard::check_request(ApiKey::Metadata, 0, &[0xff; 4]), Err(GuardError::Null { .. })));
    assert!(matches!(
        guard::check_request(ApiKey::Metadata, 1, &[0, 0, 0, 1, 0xff, 0xff]),
        Err(GuardError::Null { .. })
    ));
    // Six-byte varint, five-byte one past 32 bits.
    assert!(guard::check_request(ApiKey::Metadata, 12, &[0x80, 0x80, 0x80, 0x80, 0x80, 1, 0, 0]).is_err());
    assert!(guard::check_request(ApiKey::Metadata, 12, &[0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0, 0]).is_err());
    // Text that is not UTF-8; text of 32768 bytes.
    assert!(guard::check_request(ApiKey::ApiVersions, 3, &[3, 0xc3, 0x28, 1, 0]).is_err());
    let mut long = vec![0x81, 0x80, 2];
    long.extend(vec![b'a'; 32_768]);
    long.extend([1, 0]);
    assert!(matches!(
        guard::check_request(ApiKey::ApiVersions, 3, &long),
        Err(GuardError::TextTooLong { bytes: 32_768, .. })
    ));
}

#[test]
fn a_known_tag_of_the_wrong_size_is_refused() {
    // Fetch v12: replica -1, max wait, min bytes, max bytes, isolation, session, epoch, no topics, none forgotten, no rack,
    // one tag: the cluster id "c", said to take five bytes.
    let mut body = vec![0xff, 0xff, 0xff, 0xff];
    body.extend([0; 4 + 4 + 4 + 1 + 4 + 4]);
    body.extend([1, 1, 1, 1, 0, 2, 2, b'c']);
    assert_eq!(guard::check_request(ApiKey::Fetch, 12, &body), Ok(()));
    let size_at = body.len() - 3;
    body[size_at] = 5;
    body.extend([0; 8]);
    assert!(matches!(guard::check_request(ApiKey::Fetch, 12, &body), Err(GuardError::TagSize { field: "ClusterId" })));
}
