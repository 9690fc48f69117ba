//! What both servers' tools printed, side by side.

use crate::known;
use crate::support::paths;

/// What both servers' tools printed, line by line: all of it to a file, the differences against the list of known ones.
pub fn compare(name: &str, known: &str, kafka: &[(String, String)], ottla: &[(String, String)]) {
    let mut differences = Vec::new();
    for (k, o) in kafka.iter().zip(ottla) {
        let (mut a, mut b): (Vec<&str>, Vec<&str>) = (k.1.lines().collect(), o.1.lines().collect());
        // Lines that both have, in this order, are equal; the rest is the difference.
        let common: Vec<&str> = a.iter().filter(|l| b.contains(l)).copied().collect();
        if common != b.iter().filter(|l| a.contains(l)).copied().collect::<Vec<_>>() {
            differences.push(known::Difference {
                step: k.0.clone(),
                path: "order".to_string(),
                kafka: a.join(" / "),
                ottla: b.join(" / "),
            });
        }
        a.retain(|l| !common.contains(l));
        b.retain(|l| !common.contains(l));
        for i in 0..a.len().max(b.len()) {
            let (kafka, ottla) = (a.get(i).unwrap_or(&"<no line>"), b.get(i).unwrap_or(&"<no line>"));
            // A line that only one has is named by itself, so that a reason covers this line and no other.
            let path = if *kafka == "<no line>" { format!("+ {ottla}") } else { kafka.to_string() };
            differences.push(known::Difference {
                step: k.0.clone(),
                path,
                kafka: kafka.to_string(),
                ottla: ottla.to_string(),
            });
        }
    }
    let all: String = kafka.iter().map(|(n, t)| format!("$ {n}\n{t}\n\n")).collect();
    std::fs::write(paths::target().join(format!("{name}-kafka.txt")), all).expect("the answers are written");
    std::fs::write(paths::target().join(format!("{name}.txt")), known::print(&differences))
        .expect("the report is written");
    println!("{} commands, {} differences", kafka.len(), differences.len());
    let report = known::judge(&paths::root().join("proto-tests/differential").join(known), &differences);
    assert!(report.is_empty(), "\n{report}");
}

/// The oracle against itself: what differs then is noise that `normal` must take out.
pub fn twice(run: impl Fn() -> Vec<(String, String)>) {
    let (a, b) = (run(), run());
    let all: String = a.iter().map(|(n, t)| format!("$ {n}\n{t}\n\n")).collect();
    std::fs::write(paths::target().join("tools-kafka.txt"), all).expect("the answers are written");
    let pairs = a.iter().zip(&b).filter(|(x, y)| x.1 != y.1);
    let noise: Vec<String> = pairs.map(|(x, y)| format!("$ {}\n{}\n---\n{}\n", x.0, x.1, y.1)).collect();
    assert!(noise.is_empty(), "\n{}", noise.join("\n"));
}
