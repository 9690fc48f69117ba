//! Which transactions there are, by state, producer, age and name (KIP-664, KIP-994, KIP-1152).

use regex::{Regex, RegexBuilder};

use super::machine::TransactionMachine;
use super::record::TransactionalId;
use super::state::TransactionState;
use crate::base::ids::{Millis, ProducerId};
use crate::base::limits::PATTERN_BYTES_MAX;

/// What is asked for. An empty list asks for all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In one of these states.
    pub states: Vec<TransactionState>,
    /// A state was named that there is not: if no other was, nothing is found.
    pub has_unknown_states: bool,
    /// Of one of these producers.
    pub producer_ids: Vec<ProducerId>,
    /// Begun longer ago than this; negative: whenever.
    pub longer_than_ms: Millis,
    /// With a name that matches as a whole.
    pub pattern: Option<Pattern>,
}

/// A regular expression over names.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles it; an error says why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let whole = RegexBuilder::new(&format!(r"\A(?:{text})\z")).size_limit(PATTERN_BYTES_MAX).build();
        // Looked at by itself as well: `)(` makes an expression only between the brackets that were put around it.
        RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build().map_err(|e| e.to_string())?;
        whole.map(Self).map_err(|e| e.to_string())
    }
}

/// A transaction that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub transactional_id: TransactionalId,
    /// Its producer.
    pub producer_id: ProducerId,
    /// Where it stands.
    pub state: TransactionState,
}

/// Lists one partition's.
pub fn list(machine: &TransactionMachine, now: Millis, filter: &Filter) -> Vec<Listed> {
    let by_state = !filter.states.is_empty() || filter.has_unknown_states;
    let found = machine.transactions().iter().filter(|(id, metadata)| {
        (!by_state || filter.states.contains(&metadata.state))
            && (filter.producer_ids.is_empty() || filter.producer_ids.contains(&metadata.producer.id))
            && (filter.longer_than_ms.is_none() || now.since(metadata.started) > filter.longer_than_ms)
            && filter.pattern.as_ref().is_none_or(|pattern| pattern.0.is_match(id))
    });
    let listed = found.map(|(id, metadata)| Listed {
        transactional_id: id.clone(),
        producer_id: metadata.producer.id,
        state: metadata.state,
    });
    listed.collect()
}
