//! The page itself, in Prometheus' text form: each metric with all its series in one piece, as that form wants it.

use std::fmt::{Display, Write};
use std::sync::Arc;

use crate::base::ids::PartitionIndex;

type Of<'a> = (&'a Arc<str>, &'a Arc<str>, PartitionIndex);

/// What was found out, metric by metric.
#[derive(Default)]
pub struct Page {
    /// Members of each group.
    pub members: Vec<(Arc<str>, usize)>,
    /// Whether there was more than one page tells.
    pub partitions_not_told: bool,
    offsets: String,
    offset_sums: String,
    lags: String,
    lag_sums: String,
    seconds: String,
}

impl Page {
    /// Where a group stands in one partition.
    pub fn partition(&mut self, of: Of<'_>, committed: i64, lag: Option<i64>, seconds: Option<f64>) {
        series(&mut self.offsets, "kafka_consumergroup_current_offset", of.0, Some(of.1), Some(of.2), committed);
        if let Some(lag) = lag {
            series(&mut self.lags, "kafka_consumergroup_lag", of.0, Some(of.1), Some(of.2), lag);
        }
        if let Some(seconds) = seconds {
            series(&mut self.seconds, "kafka_consumergroup_lag_seconds", of.0, Some(of.1), Some(of.2), seconds);
        }
    }

    /// The sums over a topic's partitions.
    pub fn topic(&mut self, (group, topic): (&Arc<str>, &Arc<str>), offsets: i64, lags: i64) {
        series(&mut self.offset_sums, "kafka_consumergroup_current_offset_sum", group, Some(topic), None, offsets);
        series(&mut self.lag_sums, "kafka_consumergroup_lag_sum", group, Some(topic), None, lags);
    }

    /// All of it.
    pub fn render(self) -> String {
        let mut members = String::new();
        for (group, count) in &self.members {
            series(&mut members, "kafka_consumergroup_members", group, None, None, count);
        }
        let mut out = String::new();
        let metrics = [
            ("kafka_consumergroup_members", "Members of the group", members),
            ("kafka_consumergroup_current_offset", "Committed offset", self.offsets),
            (
                "kafka_consumergroup_current_offset_sum",
                "Committed offsets of all partitions of the topic",
                self.offset_sums,
            ),
            ("kafka_consumergroup_lag", "Records between the committed offset and the end", self.lags),
            ("kafka_consumergroup_lag_sum", "Records between committed offsets and ends of the topic", self.lag_sums),
            ("kafka_consumergroup_lag_seconds", "Age of the first batch that is not committed whole", self.seconds),
        ];
        for (name, help, series) in metrics.iter().filter(|(_, _, series)| !series.is_empty()) {
            // Writing to a string does not fail.
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{series}\n");
        }
        if self.partitions_not_told {
            out.push_str("# there are more partitions of groups than are told here\n");
        }
        out
    }
}

fn series(
    out: &mut String,
    name: &str,
    group: &str,
    topic: Option<&str>,
    partition: Option<PartitionIndex>,
    value: impl Display,
) {
    out.push_str(name);
    out.push_str("{consumergroup=\"");
    escape(out, group);
    if let Some(topic) = topic {
        out.push_str("\",topic=\"");
        escape(out, topic);
    }
    if let Some(partition) = partition {
        let _ = write!(out, "\",partition=\"{partition}");
    }
    let _ = writeln!(out, "\"}} {value}");
}

/// A group's name may hold anything.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_prometheus_reads() {
        let (group, topic): (Arc<str>, Arc<str>) = ("a\"b\\c\nd".into(), "t".into());
        let mut page = Page::default();
        page.members.push((Arc::clone(&group), 2));
        page.partition((&group, &topic, PartitionIndex(0)), 5, Some(4), Some(1.5));
        page.partition((&group, &topic, PartitionIndex(1)), 7, None, None);
        page.topic((&group, &topic), 12, 4);
        let rendered = page.render();
        let lines: Vec<_> = rendered.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
        let of = r#"consumergroup="a\"b\\c\nd""#;
        let expected = [
            format!("kafka_consumergroup_members{{{of}}} 2"),
            format!("kafka_consumergroup_current_offset{{{of},topic=\"t\",partition=\"0\"}} 5"),
            format!("kafka_consumergroup_current_offset{{{of},topic=\"t\",partition=\"1\"}} 7"),
            format!("kafka_consumergroup_current_offset_sum{{{of},topic=\"t\"}} 12"),
            format!("kafka_consumergroup_lag{{{of},topic=\"t\",partition=\"0\"}} 4"),
            format!("kafka_consumergroup_lag_sum{{{of},topic=\"t\"}} 4"),
            format!("kafka_consumergroup_lag_seconds{{{of},topic=\"t\",partition=\"0\"}} 1.5"),
        ];
        assert_eq!(lines, expected);
    }
}
