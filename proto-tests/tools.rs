//! Apache Kafka's command-line tools say on Ottla what they say on Apache Kafka: the same commands go to both, and standard
//! output, exit codes and the class of the error must be equal, ids, times and places aside.

#[path = "tools/cluster.rs"]
mod cluster;
#[path = "tools/compare.rs"]
mod compare;
#[path = "tools/groups.rs"]
mod groups;
#[path = "differential/known.rs"]
mod known;
#[path = "tools/normal.rs"]
mod normal;
mod support;
#[path = "tools/table.rs"]
mod table;

use std::sync::Mutex;

use compare::{compare, twice};
use normal::Server;
use support::broker::{Broker, Kind};
use support::tools::Tools;
use table::{Step, Table};

/// The runs of the table against one server.
fn run_all(kind: Kind, tools: &Mutex<Tools>) -> Vec<(String, String)> {
    run(&Broker::start(kind, &[]), tools, &Table::read("one-node.txt"))
}

/// Runs commands one after the other.
fn run(broker: &Broker, tools: &Mutex<Tools>, steps: &[Step]) -> Vec<(String, String)> {
    let place = |from: String, to: &str| (from, to.to_string());
    let server = Server {
        name: format!("{:?}", broker.kind),
        bootstrap: broker.bootstrap(),
        controllers: format!("localhost:{}", broker.controller_port()),
        dir: broker.dir(),
        places: vec![
            place(broker.controller_port().to_string(), "<controller port>"),
            place(broker.data().display().to_string(), "<data>"),
            place(broker.dir().display().to_string(), "<dir>"),
            place(broker.port.to_string(), "<port>"),
        ],
    };
    let mut runs = Vec::new();
    for step in steps {
        match step {
            Step::Run(command) => runs.push(normal::run(&server, tools, command)),
            Step::Do(words) => match &words[..] {
                [file, name, text] if file == "file" => {
                    std::fs::write(server.dir.join(name), text).expect("a file for a tool")
                }
                _ => panic!("one server cannot do this: {words:?}"),
            },
        }
    }
    runs
}

#[test]
fn tools_say_what_they_say_on_apache_kafka() {
    let tools = Mutex::new(Tools::start());
    let (kafka, ottla) = (run_all(Kind::Kafka, &tools), run_all(Kind::Ottla, &tools));
    compare("tools", "known-tool-differences.txt", &kafka, &ottla);
}

#[test]
fn consumer_groups_say_what_they_say_on_apache_kafka() {
    let tools = Mutex::new(Tools::start());
    let (kafka, ottla) = (groups::run_all(Kind::Kafka, &tools), groups::run_all(Kind::Ottla, &tools));
    compare("tools-groups", "known-group-tool-differences.txt", &kafka, &ottla);
}

#[test]
fn tools_say_of_three_nodes_what_they_say_on_apache_kafka() {
    let tools = Mutex::new(Tools::start());
    let (kafka, ottla) = (cluster::run_all(Kind::Kafka, &tools), cluster::run_all(Kind::Ottla, &tools));
    compare("tools-cluster", "known-cluster-tool-differences.txt", &kafka, &ottla);
}

#[test]
#[ignore = "checks the test itself; run it by name after changing the commands"]
fn tools_on_apache_kafka_twice() {
    let tools = Mutex::new(Tools::start());
    twice(|| run_all(Kind::Kafka, &tools));
}

#[test]
#[ignore = "checks the test itself; run it by name after changing the commands"]
fn consumer_groups_on_apache_kafka_twice() {
    let tools = Mutex::new(Tools::start());
    twice(|| groups::run_all(Kind::Kafka, &tools));
}

#[test]
#[ignore = "checks the test itself; run it by name after changing the commands"]
fn tools_on_three_nodes_of_apache_kafka_twice() {
    let tools = Mutex::new(Tools::start());
    twice(|| cluster::run_all(Kind::Kafka, &tools));
}
