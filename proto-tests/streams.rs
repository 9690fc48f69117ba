//! What is built on groups and comes with Apache Kafka: Kafka Streams' word count and Kafka Connect from file to file.

mod support;

#[path = "streams/connect.rs"]
mod connect;
#[path = "streams/words.rs"]
mod words;

#[test]
fn word_count() {
    words::count("at_least_once");
}

/// With transactions: not even a killed instance counts a word twice.
#[test]
fn word_count_exactly_once() {
    words::count("exactly_once_v2");
}

#[test]
fn connect_standalone() {
    connect::standalone();
}

#[test]
fn connect_distributed() {
    connect::distributed();
}
