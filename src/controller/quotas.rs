//! Setting and removing client quotas (KIP-546). Enforcing them is the brokers' business.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Decision;
use super::api_error::ApiError;
use crate::base::error_code::ErrorCode;
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{ClientQuota, MetadataRecord, QuotaEntity};

/// Changes of quotas of several entities.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AlterClientQuotas {
    /// Entity, and key to bound; no bound removes.
    #[serde(with = "by_bits")]
    pub entries: Vec<(QuotaEntity, Vec<(String, Option<f64>)>)>,
    /// Only say what would happen.
    pub validate_only: bool,
}

/// One result for each entity, in the order asked.
pub type AlterClientQuotasReply = Vec<(QuotaEntity, Result<(), ApiError>)>;

/// What kind of number a bound is.
#[derive(Clone, Copy, PartialEq)]
enum Number {
    Double,
    Long,
    Int,
}

const USER_AND_CLIENT: &[(&str, Number)] = &[
    ("producer_byte_rate", Number::Long),
    ("consumer_byte_rate", Number::Long),
    ("request_percentage", Number::Double),
    ("controller_mutation_rate", Number::Double),
];
const IP: &[(&str, Number)] = &[("connection_creation_rate", Number::Int)];

/// Between nodes a limit travels by its bits: text has no form for the infinities, and would round.
mod by_bits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::metadata::record::QuotaEntity;

    type Entries<T> = Vec<(QuotaEntity, Vec<(String, Option<T>)>)>;

    fn each<A: Copy, B>(entries: &Entries<A>, turn: impl Fn(A) -> B) -> Entries<B> {
        let ops = |ops: &Vec<(String, Option<A>)>| ops.iter().map(|(key, v)| (key.clone(), v.map(&turn))).collect();
        entries.iter().map(|(entity, changes)| (entity.clone(), ops(changes))).collect()
    }

    pub fn serialize<S: Serializer>(entries: &Entries<f64>, to: S) -> Result<S::Ok, S::Error> {
        each(entries, f64::to_bits).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Entries<f64>, D::Error> {
        Entries::<u64>::deserialize(from).map(|entries| each(&entries, f64::from_bits))
    }
}

/// Decides.
pub fn decide(image: &MetadataImage, operation: &AlterClientQuotas) -> Decision<AlterClientQuotasReply> {
    let mut records = Vec::new();
    let mut reply: AlterClientQuotasReply = Vec::with_capacity(operation.entries.len());
    for (entity, ops) in &operation.entries {
        let repeated = reply.iter().any(|(known, _)| known == entity);
        let result = if repeated {
            Err(ApiError::new(
                ErrorCode::InvalidRequest,
                "the same entity is named before in this request; this entry was passed over",
            ))
        } else {
            alter(image, entity, ops)
        };
        reply.push((entity.clone(), result.map(|changed| records.extend(changed))));
    }
    if operation.validate_only {
        records.clear();
    }
    Decision::new(records, reply)
}

fn alter(
    image: &MetadataImage,
    entity: &QuotaEntity,
    ops: &[(String, Option<f64>)],
) -> Result<Vec<MetadataRecord>, ApiError> {
    let keys = keys_of(entity)?;
    let current = image.quotas().of(entity);
    let mut wanted: BTreeMap<&str, Option<f64>> = BTreeMap::new();
    for (key, value) in ops {
        if wanted.insert(key, *value).is_some() {
            return refuse(format!("{key} is given twice for this entity, of which nothing was changed"));
        }
    }
    let mut records = Vec::new();
    for (key, value) in wanted {
        if let Some(value) = value {
            check(keys, key, value)?;
        }
        if current.and_then(|limits| limits.get(key)).copied() != value {
            records.push(MetadataRecord::ClientQuota(ClientQuota {
                entity: entity.clone(),
                key: key.to_owned(),
                value,
            }));
        }
    }
    Ok(records)
}

fn keys_of(entity: &QuotaEntity) -> Result<&'static [(&'static str, Number)], ApiError> {
    let mut kinds = Vec::new();
    for (kind, name) in entity {
        if !matches!(kind.as_str(), "user" | "client-id" | "ip") {
            return refuse(format!("{kind} is no kind of entity; there are user, client-id and ip"));
        }
        if kinds.contains(&kind.as_str()) {
            return refuse(format!("an entity has one {kind} at most"));
        }
        if name.as_deref() == Some("") {
            return refuse(format!("the name of the {kind} is empty; null stands for the default of all"));
        }
        kinds.push(kind.as_str());
    }
    if !kinds.contains(&"ip") {
        return if kinds.is_empty() {
            refuse("the entity is empty: name a user, a client-id or an ip")
        } else {
            Ok(USER_AND_CLIENT)
        };
    }
    if kinds.len() > 1 {
        return refuse("an ip stands alone: quotas of users and client-ids do not look at addresses");
    }
    match entity.first().and_then(|(_, name)| name.as_deref()) {
        // Kafka also resolves host names; a controller that asks the network decides differently from one day to the next.
        Some(name) if name.parse::<IpAddr>().is_err() && name != "localhost" => {
            refuse(format!("{name} is no IP address; give the address instead of a name"))
        }
        _ => Ok(IP),
    }
}

fn check(keys: &[(&str, Number)], key: &str, value: f64) -> Result<(), ApiError> {
    let Some((_, number)) = keys.iter().find(|(known, _)| *known == key) else {
        return refuse(format!(
            "{key} is no quota of this entity; there are {}",
            keys.iter().map(|(key, _)| *key).collect::<Vec<_>>().join(", ")
        ));
    };
    if value.is_nan() || value <= 0.0 {
        return refuse(format!("{key} = {value}: allowed: more than 0; delete the quota to lift it"));
    }
    let max = match number {
        Number::Double => return Ok(()),
        Number::Long => i64::MAX as f64,
        Number::Int => f64::from(i32::MAX),
    };
    if value > max {
        return refuse(format!("{key} = {value}: allowed: up to {max}"));
    }
    if (value % 1.0).abs() > 1e-6 {
        return refuse(format!("{key} = {value}: allowed: whole numbers"));
    }
    Ok(())
}

fn refuse<T>(message: impl Into<String>) -> Result<T, ApiError> {
    Err(ApiError::new(ErrorCode::InvalidRequest, message))
}
