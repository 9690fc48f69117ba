//! Consumer groups by every client library and both protocols, under load: no partition has two owners, no record is left
//! out, no committed offset moves back, whoever joins, leaves, dies or sleeps.

mod support;

#[path = "groups/check.rs"]
mod check;
#[path = "groups/dump.rs"]
mod dump;
#[path = "groups/faults.rs"]
mod faults;
#[path = "groups/life.rs"]
mod life;
#[path = "groups/load.rs"]
mod load;
#[path = "groups/loading.rs"]
mod loading;
#[path = "groups/phases.rs"]
mod phases;
#[path = "groups/reads.rs"]
mod reads;
#[path = "groups/rolling.rs"]
mod rolling;

use life::{life, plain};
use serde_json::json;
use support::client::Library;
use support::member::Protocol::{Classic, Consumer};

#[test]
fn java_classic() {
    life(Library::Java, Classic, plain());
}

#[test]
fn java_consumer() {
    life(Library::Java, Consumer, plain());
}

#[test]
fn librdkafka_classic() {
    life(Library::Confluent, Classic, plain());
}

#[test]
fn librdkafka_consumer() {
    life(Library::Confluent, Consumer, plain());
}

#[test]
fn franz_go_classic() {
    life(Library::Franz, Classic, plain());
}

#[test]
fn franz_go_consumer() {
    life(Library::Franz, Consumer, plain());
}

#[test]
fn sarama() {
    life(Library::Sarama, Classic, plain());
}

#[test]
fn kafkajs() {
    life(Library::KafkaJs, Classic, plain());
}

#[test]
fn aiokafka() {
    life(Library::AioKafka, Classic, plain());
}

#[test]
fn kafka_python() {
    life(Library::KafkaPython, Classic, plain());
}

#[test]
fn java_cooperative_sticky_takes_only_what_moves() {
    let assignor = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
    rolling::cooperative(Library::Java, Classic, json!({"assignor": assignor}));
}

#[test]
fn java_consumer_takes_only_what_moves() {
    rolling::cooperative(Library::Java, Consumer, plain());
}

#[test]
fn librdkafka_cooperative_sticky_takes_only_what_moves() {
    rolling::cooperative(Library::Confluent, Classic, json!({"assignor": "cooperative-sticky"}));
}

#[test]
fn franz_go_cooperative_sticky_takes_only_what_moves() {
    rolling::cooperative(Library::Franz, Classic, json!({"assignor": "cooperative-sticky"}));
}

#[test]
fn static_members_of_the_classic_protocol() {
    rolling::static_members(Classic);
}

#[test]
fn static_members_of_the_consumer_protocol() {
    rolling::static_members(Consumer);
}

#[test]
fn a_group_changes_its_protocol_and_back() {
    rolling::migration(Library::Java);
}

#[test]
fn resets_by_the_classic_protocol() {
    reads::resets(Classic);
}

#[test]
fn resets_by_the_consumer_protocol() {
    reads::resets(Consumer);
}

#[test]
fn positions_by_the_classic_protocol() {
    reads::positions(Classic);
}

#[test]
fn positions_by_the_consumer_protocol() {
    reads::positions(Consumer);
}

#[test]
fn patterns_of_java_classic() {
    reads::patterns(Library::Java, Classic);
}

#[test]
fn patterns_of_java_consumer() {
    reads::patterns(Library::Java, Consumer);
}

#[test]
fn patterns_of_librdkafka_consumer() {
    reads::patterns(Library::Confluent, Consumer);
}

#[test]
fn offsets_expire() {
    reads::expiry();
}

#[test]
fn late_commits_to_a_classic_group() {
    faults::late_commits(Classic);
}

#[test]
fn late_commits_to_a_consumer_group() {
    faults::late_commits(Consumer);
}

#[test]
fn offsets_of_a_transaction_by_the_classic_protocol() {
    faults::transactional_offsets(Classic);
}

#[test]
fn offsets_of_a_transaction_by_the_consumer_protocol() {
    faults::transactional_offsets(Consumer);
}

#[test]
fn a_classic_group_whose_server_dies_in_a_known_phase() {
    phases::classic();
}

#[test]
fn a_consumer_group_whose_server_dies_in_a_known_phase() {
    phases::consumer();
}

#[test]
fn a_classic_group_lives_through_deaths_of_its_server() {
    faults::deaths(Classic);
}

#[test]
fn a_consumer_group_lives_through_deaths_of_its_server() {
    faults::deaths(Consumer);
}

#[test]
fn a_compacted_log_loads_to_the_same_state() {
    faults::a_compacted_log();
}

#[test]
fn a_coordinator_that_loads_says_so() {
    loading::much();
}

#[test]
fn crowds_come_and_go() {
    faults::crowds();
}

#[test]
fn a_slow_member_of_a_classic_group_is_out() {
    faults::slow_member(Classic);
}

#[test]
fn a_slow_member_of_a_consumer_group_is_out() {
    faults::slow_member(Consumer);
}

#[test]
fn dump_log_decodes_what_groups_wrote() {
    dump::compare();
}
