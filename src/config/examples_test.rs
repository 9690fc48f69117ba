//! The example files in `config/` all load, without a key that has no effect.

use super::server::{ServerConfig, Unknown};
use super::source::{Warning, parse_file};

/// Every file of the folder, by name.
const EXAMPLES: [(&str, &str); 8] = [
    ("cluster/node-1.properties", include_str!("../../config/cluster/node-1.properties")),
    ("cluster/node-2.properties", include_str!("../../config/cluster/node-2.properties")),
    ("cluster/node-3.properties", include_str!("../../config/cluster/node-3.properties")),
    ("server.properties", include_str!("../../config/server.properties")),
    ("single.yaml", include_str!("../../config/single.yaml")),
    ("three-node-1.yaml", include_str!("../../config/three-node-1.yaml")),
    ("three-node-2.yaml", include_str!("../../config/three-node-2.yaml")),
    ("three-node-3.yaml", include_str!("../../config/three-node-3.yaml")),
];

fn load(name: &str, text: &str) -> (ServerConfig, Vec<Warning>) {
    let settings = parse_file(text, name).unwrap_or_else(|error| panic!("{error}"));
    ServerConfig::load(settings, Unknown::Refused).unwrap_or_else(|errors| panic!("{name}: {errors}"))
}

#[test]
fn every_example_loads_without_a_warning() {
    for (name, text) in EXAMPLES {
        let (config, warnings) = load(name, text);
        assert!(warnings.is_empty(), "{name}: {warnings:?}");
        assert!(config.roles().broker && config.roles().controller, "{name}");
    }
}

#[test]
fn every_file_of_the_folder_is_an_example() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let names = |folder: &std::path::Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    let mut found = names(&folder);
    found.retain(|name| name != "cluster");
    found.extend(names(&folder.join("cluster")).into_iter().map(|name| format!("cluster/{name}")));
    // The script that starts them is no example.
    found.retain(|name| name != "cluster/start");
    found.sort();
    assert_eq!(found, EXAMPLES.map(|(name, _)| name.to_owned()));
}

#[test]
fn the_three_nodes_are_one_cluster() {
    for files in [&EXAMPLES[..3], &EXAMPLES[5..]] {
        are_one_cluster(files);
    }
}

fn are_one_cluster(files: &[(&str, &str)]) {
    let nodes: Vec<ServerConfig> = files.iter().map(|(name, text)| load(name, text).0).collect();
    assert!(nodes.iter().all(|node| node.voters() == nodes[0].voters() && node.voters().len() == 3));
    for (i, node) in (1..).zip(&nodes) {
        assert_eq!(node.node_id().0, i);
        let voter = node.voters().iter().find(|voter| voter.id == i).unwrap();
        assert_eq!(voter.port, node.controller_listeners()[0].bind.port);
    }
}
