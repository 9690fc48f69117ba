//! A topic with fewer replicas than there are brokers, which are moved from one to the other while it is written and read.
//!
//! What its producer and its consumer are told is judged as for every other topic: a move loses and repeats nothing.

use kafka_protocol::messages::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
use kafka_protocol::messages::{AlterPartitionReassignmentsRequest, BrokerId};

use crate::client::{self, Client, REQUEST_TIMEOUT_MS, Target};
use crate::links::{Links, name};

pub const TOPIC: &str = "m";
pub const REPLICAS: usize = 2;

/// Makes the topic, has it written and read, and moves its replicas until the oracle says stop.
pub async fn run(client: Client, slot: usize) {
    let mut links = Links::new(&client, REQUEST_TIMEOUT_MS);
    links.make_topic(TOPIC, 1, REPLICAS, &[]).await;
    client::write_and_read(&client, Target { topic: TOPIC, partition: 0, slot });
    loop {
        client.pause_between(100, 1500).await;
        if client.oracle.borrow().stop {
            return;
        }
        let replicas = {
            let mut random = client.random.borrow_mut();
            let first = random.below(client.nodes);
            let second = (first + 1 + random.below(client.nodes - 1)) % client.nodes;
            // Now and then what is under way is given up.
            (!random.one_in(5)).then(|| [first, second].map(|node| BrokerId(node as i32 + 1)).to_vec())
        };
        let partition = ReassignablePartition::default().with_partition_index(0).with_replicas(replicas);
        let topic = ReassignableTopic::default().with_name(name(TOPIC)).with_partitions(vec![partition]);
        let request = AlterPartitionReassignmentsRequest::default().with_timeout_ms(1000).with_topics(vec![topic]);
        // Refused or not answered: then it is moved another time.
        links.ask_any(0, &request).await;
    }
}
