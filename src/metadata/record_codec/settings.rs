//! Records of settings and counters: kinds 4, 12, 14 and 15.

use super::fields::{array_len, boolean, nullable_string, put_bool, put_no_tags, skip_tags, string};
use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::ids::{BrokerEpoch, NodeId, ProducerId};
use crate::metadata::record::{ClientQuota, Config, FeatureLevel, ProducerIds};

pub(super) fn put_config(out: &mut Writer, r: &Config) {
    out.i8(r.resource_type);
    out.compact_string(&r.resource_name);
    out.compact_string(&r.name);
    out.compact_nullable_string(r.value.as_deref());
    put_no_tags(out);
}

pub(super) fn config(r: &mut Reader<'_>) -> Result<Config, CodecError> {
    let record =
        Config { resource_type: r.i8()?, resource_name: string(r)?, name: string(r)?, value: nullable_string(r)? };
    skip_tags(r)?;
    Ok(record)
}

pub(super) fn put_feature(out: &mut Writer, r: &FeatureLevel) {
    out.compact_string(&r.name);
    out.i16(r.level);
    put_no_tags(out);
}

pub(super) fn feature(r: &mut Reader<'_>) -> Result<FeatureLevel, CodecError> {
    let record = FeatureLevel { name: string(r)?, level: r.i16()? };
    skip_tags(r)?;
    Ok(record)
}

pub(super) fn put_quota(out: &mut Writer, r: &ClientQuota) {
    out.compact_array_len(r.entity.len());
    for (kind, name) in &r.entity {
        out.compact_string(kind);
        out.compact_nullable_string(name.as_deref());
        put_no_tags(out);
    }
    out.compact_string(&r.key);
    out.f64(r.value.unwrap_or(0.0));
    put_bool(out, r.value.is_none());
    put_no_tags(out);
}

pub(super) fn quota(r: &mut Reader<'_>) -> Result<ClientQuota, CodecError> {
    let entity = (0..array_len(r, 3)?).map(|_| entity(r)).collect::<Result<_, _>>()?;
    let key = string(r)?;
    let value = r.f64()?;
    let removed = boolean(r)?;
    skip_tags(r)?;
    Ok(ClientQuota { entity, key, value: (!removed).then_some(value) })
}

fn entity(r: &mut Reader<'_>) -> Result<(String, Option<String>), CodecError> {
    let pair = (string(r)?, nullable_string(r)?);
    skip_tags(r)?;
    Ok(pair)
}

pub(super) fn put_producer_ids(out: &mut Writer, r: &ProducerIds) {
    out.i32(r.broker_id.0);
    out.i64(r.broker_epoch.0);
    out.i64(r.next_producer_id.0);
    put_no_tags(out);
}

pub(super) fn producer_ids(r: &mut Reader<'_>) -> Result<ProducerIds, CodecError> {
    let record = ProducerIds {
        broker_id: NodeId(r.i32()?),
        broker_epoch: BrokerEpoch(r.i64()?),
        next_producer_id: ProducerId(r.i64()?),
    };
    skip_tags(r)?;
    Ok(record)
}
