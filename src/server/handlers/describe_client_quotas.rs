//! DescribeClientQuotas (48), versions 0-1. The quotas of users, client ids and addresses (KIP-546).
//!
//! - v1: flexible
//!
//! Each component of the filter asks for an entity by name (0), for the default entity (1), or for any (2) of its type. A
//! strict filter takes only entities that have no other types. Quotas are stored and shown, and not enforced yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::messages::describe_client_quotas_request::{ComponentData, DescribeClientQuotasRequest};
use kafka_protocol::messages::describe_client_quotas_response::{
    DescribeClientQuotasResponse, EntityData, EntryData, ValueData,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::metadata::record::QuotaEntity;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::handlers::config_resources::{Told, invalid};
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DescribeClientQuotasRequest = request.decode()?;
    let answer = match Filter::of(&body) {
        Ok(filter) => {
            let image = ctx.metadata();
            let found = image.quotas().iter().filter(|(entity, _)| filter.matches(entity));
            DescribeClientQuotasResponse::default()
                .with_entries(Some(found.map(|(entity, limits)| entry(entity, limits)).collect()))
        }
        Err((code, text)) => DescribeClientQuotasResponse::default()
            .with_error_code(code.code())
            .with_error_message(Some(StrBytes::from_string(text)))
            .with_entries(None),
    };
    request.now(&answer)
}

/// What one component asks of its type.
#[derive(Debug, PartialEq)]
enum Match {
    /// This name, or the default entity.
    Exactly(Option<String>),
    /// Any.
    Any,
}

#[derive(Debug)]
struct Filter {
    components: BTreeMap<String, Match>,
    strict: bool,
}

impl Filter {
    fn of(body: &DescribeClientQuotasRequest) -> Result<Self, Told> {
        let mut components = BTreeMap::new();
        for component in &body.components {
            let kind = component.entity_type.to_string();
            if kind.is_empty() {
                return Err(invalid("an entity's type may not be empty"));
            }
            if components.contains_key(&kind) {
                return Err(invalid(format!("the filter names the type {kind} twice")));
            }
            if !matches!(kind.as_str(), "user" | "client-id" | "ip") {
                return Err((
                    ErrorCode::UnsupportedVersion,
                    format!("there are no quotas for entities of the type {kind}"),
                ));
            }
            components.insert(kind, wanted(component)?);
        }
        if components.contains_key("ip") && components.len() > 1 {
            return Err(invalid("an address cannot be combined with a user or a client id"));
        }
        Ok(Self { components, strict: body.strict })
    }

    fn matches(&self, entity: &QuotaEntity) -> bool {
        let fits = |(kind, wanted): (&String, &Match)| {
            let name = entity.iter().find(|(known, _)| known == kind).map(|(_, name)| name);
            match wanted {
                Match::Exactly(wanted) => name == Some(wanted),
                Match::Any => name.is_some(),
            }
        };
        (!self.strict || entity.len() == self.components.len()) && self.components.iter().all(fits)
    }
}

fn wanted(component: &ComponentData) -> Result<Match, Told> {
    let name = component._match.as_ref().map(ToString::to_string);
    match (component.match_type, name) {
        (0, Some(name)) => Ok(Match::Exactly(Some(name))),
        (0, None) => Err(invalid("an exact match needs a name")),
        (1, None) => Ok(Match::Exactly(None)),
        (2, None) => Ok(Match::Any),
        (1 | 2, Some(_)) => Err(invalid("only an exact match has a name")),
        (other, _) => Err(invalid(format!("there is no match of type {other}"))),
    }
}

fn entry(entity: &QuotaEntity, limits: &BTreeMap<String, f64>) -> EntryData {
    let text = |text: &String| StrBytes::from_string(text.clone());
    let component = |(kind, name): &(String, Option<String>)| {
        EntityData::default().with_entity_type(text(kind)).with_entity_name(name.as_ref().map(text))
    };
    let value = |(key, value): (&String, &f64)| ValueData::default().with_key(text(key)).with_value(*value);
    EntryData::default()
        .with_entity(entity.iter().map(component).collect())
        .with_values(limits.iter().map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(components: &[(&str, i8, Option<&str>)], strict: bool) -> Result<Filter, Told> {
        let component = |(kind, match_type, name): &(&str, i8, Option<&str>)| {
            let text = |text: &str| StrBytes::from_string(text.to_owned());
            ComponentData::default()
                .with_entity_type(text(kind))
                .with_match_type(*match_type)
                .with_match(name.map(text))
        };
        let components = components.iter().map(component).collect();
        Filter::of(&DescribeClientQuotasRequest::default().with_components(components).with_strict(strict))
    }

    fn entity(parts: &[(&str, Option<&str>)]) -> QuotaEntity {
        parts.iter().map(|(kind, name)| ((*kind).to_owned(), name.map(str::to_owned))).collect()
    }

    #[test]
    fn filters_match_by_name_default_and_type() {
        let alice = entity(&[("client-id", None), ("user", Some("alice"))]);
        for (components, strict, fits) in [
            (&[][..], false, true),
            (&[], true, false),
            (&[("user", 0, Some("alice"))], false, true),
            (&[("user", 0, Some("alice"))], true, false),
            (&[("user", 0, Some("bob"))], false, false),
            (&[("user", 1, None)], false, false),
            (&[("client-id", 1, None)], false, true),
            (&[("client-id", 2, None), ("user", 2, None)], true, true),
            (&[("ip", 2, None)], false, false),
        ] {
            assert_eq!(filter(components, strict).unwrap().matches(&alice), fits, "{components:?} {strict}");
        }
    }

    #[test]
    fn senseless_filters_are_refused() {
        for (components, code) in [
            (&[("", 2, None)][..], ErrorCode::InvalidRequest),
            (&[("user", 2, None), ("user", 1, None)], ErrorCode::InvalidRequest),
            (&[("host", 2, None)], ErrorCode::UnsupportedVersion),
            (&[("user", 0, None)], ErrorCode::InvalidRequest),
            (&[("user", 1, Some("a"))], ErrorCode::InvalidRequest),
            (&[("user", 3, None)], ErrorCode::InvalidRequest),
            (&[("ip", 2, None), ("user", 2, None)], ErrorCode::InvalidRequest),
        ] {
            assert_eq!(filter(components, false).unwrap_err().0, code, "{components:?}");
        }
    }
}
