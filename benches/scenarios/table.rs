//! Numbers to text: medians, ratios of pairs with their spread, and the same as JSON.

use crate::case::Sample;

/// All samples of one case.
pub struct Outcome {
    pub scenario: &'static str,
    pub title: String,
    pub ours: Vec<Sample>,
    pub peer: Vec<Sample>,
    pub null: Option<(&'static str, Vec<Sample>)>,
}

impl Outcome {
    pub fn new(scenario: &'static str, title: &str) -> Outcome {
        Outcome { scenario, title: title.into(), ours: Vec::new(), peer: Vec::new(), null: None }
    }
}

fn values(samples: &[Sample], name: &str) -> Vec<f64> {
    let value = |sample: &Sample| sample.values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    samples.iter().filter_map(value).collect()
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        len if len % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// The median ratio of pairs and the middle 95 % of what resampling the pairs gives.
fn ratio(ours: &[f64], peer: &[f64]) -> Option<(f64, f64, f64)> {
    let ratios: Vec<f64> =
        ours.iter().zip(peer).filter(|(_, peer)| **peer != 0.0).map(|(ours, peer)| ours / peer).collect();
    let middle = median(&ratios)?;
    let mut state = 1u64;
    let mut medians: Vec<f64> = (0..2000)
        .filter_map(|_| {
            let draw = |_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ratios[(state >> 33) as usize % ratios.len()]
            };
            median(&(0..ratios.len()).map(draw).collect::<Vec<f64>>())
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    Some((middle, medians[medians.len() / 40], medians[medians.len() - 1 - medians.len() / 40]))
}

/// Four significant digits are more than any of this is worth.
fn number(value: Option<f64>) -> String {
    match value {
        None => "-".into(),
        Some(value) if value.abs() >= 100.0 => format!("{value:.0}"),
        Some(value) if value.abs() >= 10.0 => format!("{value:.1}"),
        Some(value) if value.abs() >= 1.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.3}"),
    }
}

fn names(outcome: &Outcome) -> Vec<&'static str> {
    let null = outcome.null.iter().flat_map(|(_, samples)| samples);
    let mut names: Vec<&'static str> = Vec::new();
    for (name, _) in outcome.ours.iter().chain(&outcome.peer).chain(null).flat_map(|sample| &sample.values) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    names
}

/// One case as lines of text.
pub fn text(outcome: &Outcome) -> String {
    let null_name = outcome.null.as_ref().map_or("limit", |(name, _)| name);
    let mut out = format!("\n{}  {}\n", outcome.scenario, outcome.title);
    let head = ("ottla", "kafka", null_name, "ottla/kafka (95 %)");
    out += &format!("  {:<28}{:>11}{:>11}{:>11}   {:<24}", "", head.0, head.1, head.2, head.3);
    out += &format!("ottla/{null_name}\n");
    for name in names(outcome) {
        let (ours, peer) = (values(&outcome.ours, name), values(&outcome.peer, name));
        let limit = outcome.null.as_ref().map(|(_, samples)| values(samples, name)).unwrap_or_default();
        let spread = ratio(&ours, &peer).map_or(String::from("-"), |(middle, low, high)| {
            format!("{} ({} .. {})", number(Some(middle)), number(Some(low)), number(Some(high)))
        });
        let of_limit =
            median(&ours).zip(median(&limit)).filter(|(_, limit)| *limit != 0.0).map(|(ours, limit)| ours / limit);
        let (ours, peer, limit) = (number(median(&ours)), number(median(&peer)), number(median(&limit)));
        out += &format!("  {name:<28}{ours:>11}{peer:>11}{limit:>11}   {spread:<24}{}\n", number(of_limit));
    }
    out + &notes(outcome)
}

/// What else a reader has to know: how busy the generator was, who else used the machine.
fn notes(outcome: &Outcome) -> String {
    let null = outcome.null.iter().map(|(name, samples)| (*name, samples));
    let parts = [("ottla", &outcome.ours), ("kafka", &outcome.peer)].into_iter().chain(null);
    let mut clients = Vec::new();
    for (name, samples) in parts.filter(|(_, samples)| !samples.is_empty()) {
        let shares: Vec<f64> = samples.iter().map(|sample| sample.client_share).collect();
        let share = median(&shares).unwrap_or(0.0) * 100.0;
        clients.push(format!("{name} {share:.0} %{}", if share > 60.0 { " (client-bound)" } else { "" }));
    }
    let limits = || outcome.null.iter().flat_map(|(_, samples)| samples);
    let all = || outcome.ours.iter().chain(&outcome.peer).chain(limits());
    let worst = |pick: fn(&Sample) -> f64| all().map(pick).fold(0.0, f64::max) * 100.0;
    let noisy = all().filter(|sample| sample.foreign_share + sample.steal_share > 0.05).count();
    format!(
        "  generator's core: {}; foreign CPU up to {:.0} %, steal up to {:.0} %, {noisy} of {} runs over 5 %\n",
        clients.join(", "),
        worst(|sample| sample.foreign_share),
        worst(|sample| sample.steal_share),
        all().count(),
    )
}

/// Every sample of every case.
pub fn json(outcomes: &[Outcome]) -> serde_json::Value {
    let samples = |samples: &[Sample]| -> serde_json::Value {
        let one = |sample: &Sample| {
            let mut object: serde_json::Map<_, _> =
                sample.values.iter().map(|(name, value)| (name.to_string(), serde_json::json!(value))).collect();
            object.insert("generator share of a core".into(), serde_json::json!(sample.client_share));
            object.insert("foreign share of all cores".into(), serde_json::json!(sample.foreign_share));
            object.insert("steal share of all cores".into(), serde_json::json!(sample.steal_share));
            serde_json::Value::Object(object)
        };
        samples.iter().map(one).collect()
    };
    let case = |outcome: &Outcome| {
        serde_json::json!({
            "scenario": outcome.scenario,
            "title": outcome.title,
            "ottla": samples(&outcome.ours),
            "kafka": samples(&outcome.peer),
            "null": outcome.null.as_ref().map(|(name, all)| serde_json::json!({ "name": name, "samples": samples(all) })),
        })
    };
    outcomes.iter().map(case).collect()
}
