//! The controllers' quorum and the metadata log.

use crate::config::definition::Bounds::{Any, AtLeast};
use crate::config::definition::Importance::{High, Low, Medium};
use crate::config::definition::{ConfigDef, boolean, int, list, long, string};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    list("controller.quorum.voters", Some(""), Any, High).doc("The controllers that vote, as `id@host:port`."),
    list("controller.quorum.bootstrap.servers", Some(""), Any, High)
        .doc("Controllers to ask for the quorum's present members, as `host:port`."),
    int("controller.quorum.election.timeout.ms", Some("1000"), AtLeast(0), High)
        .doc("How long a voter without a leader waits before it stands for election (ms)."),
    int("controller.quorum.fetch.timeout.ms", Some("2000"), AtLeast(0), High)
        .doc("How long a voter hears nothing from the leader before it stands for election (ms)."),
    int("controller.quorum.election.backoff.max.ms", Some("1000"), AtLeast(0), High)
        .not_used(reason::RHYTHM)
        .doc("Longest pause after a lost election (ms)."),
    int("controller.quorum.append.linger.ms", Some("25"), AtLeast(0), Medium)
        .not_used(reason::RHYTHM)
        .doc("How long the leader gathers writes before it flushes them (ms)."),
    int("controller.quorum.request.timeout.ms", Some("2000"), AtLeast(0), Medium)
        .not_used(reason::RHYTHM)
        .doc("How long a quorum request may take (ms)."),
    int("controller.quorum.retry.backoff.ms", Some("20"), AtLeast(0), Low)
        .not_used(reason::RHYTHM)
        .doc("Pause before a failed quorum request is sent again (ms)."),
    boolean("controller.quorum.auto.join.enable", Some("false"), Any, Low)
        .doc("Whether a new controller asks to become a voter."),
    int("controller.quorum.fetch.snapshot.max.bytes", Some("1048576"), AtLeast(1), Low)
        .not_used(reason::RHYTHM)
        .doc("Most bytes of one part of a metadata snapshot."),
    int("controller.quorum.fetch.max.bytes", Some("1048576"), AtLeast(1), Low)
        .not_used(reason::RHYTHM)
        .doc("Most bytes of one fetch of the metadata log."),
    string("sasl.mechanism.controller.protocol", Some("GSSAPI"), Any, High)
        .not_yet(reason::SECURITY)
        .doc("The SASL mechanism towards controllers."),
    string("metadata.log.dir", None, Any, High)
        .doc("Where the metadata log is kept; the first of `log.dirs` when absent."),
    long("metadata.log.max.record.bytes.between.snapshots", Some("20971520"), AtLeast(1), High)
        .doc("Metadata bytes written before a new snapshot is made."),
    long("metadata.log.max.snapshot.interval.ms", Some("3600000"), AtLeast(0), High)
        .doc("Longest time between metadata snapshots while there is something new (ms); 0 for no bound."),
    int("metadata.log.segment.bytes", Some("1073741824"), AtLeast(8_388_608), High)
        .not_used(reason::SNAPSHOTS)
        .doc("Size at which the metadata log starts a new segment (bytes)."),
    long("metadata.log.segment.ms", Some("604800000"), Any, High)
        .not_used(reason::SNAPSHOTS)
        .doc("Age at which the metadata log starts a new segment (ms)."),
    long("metadata.max.retention.bytes", Some("104857600"), Any, High)
        .not_used(reason::SNAPSHOTS)
        .doc("Size of metadata log and snapshots above which old ones are deleted (bytes)."),
    long("metadata.max.retention.ms", Some("604800000"), Any, High)
        .not_used(reason::SNAPSHOTS)
        .doc("Age above which metadata log segments and snapshots are deleted (ms)."),
    int("metadata.max.idle.interval.ms", Some("500"), AtLeast(0), Low)
        .not_used(reason::RAFT)
        .doc("How often an idle controller writes a record that says nothing (ms); 0 for never."),
    int("internal.metadata.log.segment.bytes", None, Any, Low)
        .internal()
        .not_used(reason::TESTING)
        .doc("Overrides `metadata.log.segment.bytes`; for tests."),
    int("internal.metadata.max.batch.size.in.bytes", Some("8388608"), Any, Low)
        .internal()
        .not_used(reason::TESTING)
        .doc("Largest metadata batch (bytes); for tests."),
    long("internal.metadata.delete.delay.millis", Some("60000"), Any, Low)
        .internal()
        .not_used(reason::TESTING)
        .doc("Pause before a metadata file is removed (ms); for tests."),
    long("controller.performance.sample.period.ms", Some("60000"), AtLeast(100), Medium)
        .internal()
        .not_used(reason::METRICS)
        .doc("How often the controller logs its own speed (ms)."),
    long("controller.performance.always.log.threshold.ms", Some("2000"), AtLeast(0), Medium)
        .internal()
        .not_used(reason::METRICS)
        .doc("Controller events slower than this are logged (ms)."),
];
