//! Tests of `alter`.

use super::*;

fn map(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn ops(pairs: &[(&str, Op)]) -> Vec<(String, Op)> {
    pairs.iter().map(|(k, op)| ((*k).to_owned(), op.clone())).collect()
}

fn topic_code(pairs: &[(&str, &str)]) -> Option<ErrorCode> {
    check_topic(&map(pairs), &map(&[]), &ServerConfig::quickstart()).err().map(|refusal| refusal.code())
}

fn broker_refusal(key: &str, value: &str, per_broker: bool) -> Option<String> {
    let settings = map(&[(key, value)]);
    let refusal = check_broker(&settings, per_broker)
        .and_then(|()| check_broker_step(&settings, &ServerConfig::quickstart()))
        .err()?;
    assert_eq!(refusal.code(), ErrorCode::InvalidRequest);
    Some(refusal.to_string())
}

#[test]
fn operations_set_delete_append_and_subtract() {
    let held = map(&[("retention.ms", "5"), ("segment.ms", "6")]);
    let after = apply(
        Kind::Topic,
        &held,
        &ops(&[
            ("retention.ms", Op::Delete),
            ("segment.ms", Op::Set("7".into())),
            ("cleanup.policy", Op::Append("compact,delete".into())),
            ("leader.replication.throttled.replicas", Op::Subtract("0:1".into())),
        ]),
    );
    let wanted =
        [("segment.ms", "7"), ("cleanup.policy", "delete,compact"), ("leader.replication.throttled.replicas", "")];
    assert_eq!(after, Ok(map(&wanted)));
    let taken = apply(
        Kind::Topic,
        &map(&[("cleanup.policy", "compact,delete")]),
        &ops(&[("cleanup.policy", Op::Subtract("compact".into()))]),
    );
    assert_eq!(taken, Ok(map(&[("cleanup.policy", "delete")])));
    for key in ["retention.ms", "no.such.key"] {
        let refused = apply(Kind::Topic, &held, &ops(&[(key, Op::Append("1".into()))])).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidConfig);
    }
}

#[test]
fn operations_come_by_number() {
    assert_eq!(Op::from_wire(1, None), Ok(Op::Delete));
    assert_eq!(Op::from_wire(2, Some("a")), Ok(Op::Append("a".into())));
    assert_eq!(Op::from_wire(0, None).unwrap_err().code(), ErrorCode::InvalidRequest);
    assert_eq!(Op::from_wire(4, Some("a")).unwrap_err().code(), ErrorCode::InvalidRequest);
}

#[test]
fn topics_take_sound_values_of_known_keys() {
    for good in [
        &[][..],
        &[("retention.ms", "-1")],
        &[("cleanup.policy", "")],
        &[("cleanup.policy", "compact,delete")],
        &[("internal.segment.bytes", "14")],
        &[("min.compaction.lag.ms", "5"), ("max.compaction.lag.ms", "5")],
        &[("remote.storage.enable", "false")],
    ] {
        assert_eq!(topic_code(good), None, "{good:?}");
    }
    for bad in [
        &[("retention.ms", "-2")][..],
        &[("retention.ms", "x")],
        &[("bogus", "1")],
        &[("cleanup.policy", "x")],
        &[("segment.bytes", "14")],
        &[("compression.gzip.level", "0")],
        &[("min.compaction.lag.ms", "10"), ("max.compaction.lag.ms", "5")],
        &[("remote.storage.enable", "true")],
    ] {
        assert_eq!(topic_code(bad), Some(ErrorCode::InvalidConfig), "{bad:?}");
    }
    let hint = check_topic(&map(&[("retention.mss", "1")]), &map(&[]), &ServerConfig::quickstart()).unwrap_err();
    assert!(hint.to_string().contains("the nearest key is retention.ms"));
}

#[test]
fn brokers_take_what_is_dynamic() {
    for key in [
        "log.retention.ms",
        "max.connections",
        "listener.name.foo.max.connections",
        "leader.replication.throttled.rate",
        "bogus",
    ] {
        assert_eq!(broker_refusal(key, "7", true), None, "{key}");
        assert_eq!(broker_refusal(key, "7", false), None, "{key}");
    }
    for key in ["num.partitions", "node.id", "log.roll.hours", "advertised.listeners", "ssl.keystore.location"] {
        assert!(broker_refusal(key, "1", true).is_some_and(|text| text.contains(key)), "{key}");
    }
    assert!(broker_refusal("listeners", "PLAINTEXT://:1", true).is_some_and(|text| text.contains("restart")));
    for (key, value) in [
        ("listeners", "PLAINTEXT://localhost:9092"),
        ("listener.name.foo.ssl.keystore.location", "/x"),
        ("cordoned.log.dirs", "*"),
    ] {
        assert_eq!(broker_refusal(key, value, true), None, "{key}");
        assert!(broker_refusal(key, value, false).is_some(), "{key}");
    }
    assert_eq!(broker_refusal("num.io.threads", "9", true), None);
    assert_eq!(broker_refusal("group.consumer.assignment.interval.ms", "15000", false), None);
    assert!(broker_refusal("group.consumer.assignment.interval.ms", "15001", true).is_some());
    assert_eq!(broker_refusal("min.insync.replicas", "2", false), None);
    for (key, value) in
        [("log.retention.ms", "0"), ("log.roll.ms", "0"), ("num.io.threads", "1000"), ("log.cleaner.threads", "3")]
    {
        assert!(broker_refusal(key, value, true).is_some(), "{key}");
    }
    for (key, value) in
        [("log.retention.ms", "x"), ("max.connections", "-1"), ("leader.replication.throttled.rate", "-7")]
    {
        assert!(broker_refusal(key, value, true).is_some(), "{key}");
    }
}

#[test]
fn client_metrics_as_kafka_judges_them() {
    let code =
        |key: &str, value: &str| check_client_metrics("s", &map(&[(key, value)])).err().map(|refusal| refusal.code());
    for (key, value) in [
        ("interval.ms", "100"),
        ("metrics", "a,a"),
        ("metrics", ""),
        ("match", "client_id=.*,client_source_port=12"),
        ("match", ""),
    ] {
        assert_eq!(code(key, value), None, "{key}={value}");
    }
    for (key, value) in [("interval.ms", "50"), ("interval.ms", "99999999"), ("bogus", "1")] {
        assert_eq!(code(key, value), Some(ErrorCode::InvalidRequest), "{key}={value}");
    }
    for (key, value) in [("interval.ms", "x"), ("match", "foo=.*"), ("match", "client_id=("), ("match", "client_id")] {
        assert_eq!(code(key, value), Some(ErrorCode::InvalidConfig), "{key}={value}");
    }
    assert!(check_client_metrics("", &map(&[])).is_err());
}

#[test]
fn groups_stay_between_the_brokers_bounds() {
    let code = |pairs: &[(&str, &str)]| {
        check_group(&map(pairs), &ServerConfig::quickstart()).err().map(|refusal| refusal.code())
    };
    assert_eq!(code(&[("consumer.session.timeout.ms", "50000"), ("share.auto.offset.reset", "earliest")]), None);
    for bad in [
        ("consumer.session.timeout.ms", "44999"),
        ("consumer.heartbeat.interval.ms", "15001"),
        ("share.delivery.count.limit", "11"),
        ("streams.num.standby.replicas", "3"),
        ("share.auto.offset.reset", "x"),
        ("bogus", "1"),
    ] {
        assert_eq!(code(&[bad]), Some(ErrorCode::InvalidConfig), "{bad:?}");
    }
}
