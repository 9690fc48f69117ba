//! Records of broker registrations: kinds 0, 1 and 17.

use super::fields::{
    Tags, array_len, boolean, ids, nullable_ids, nullable_string, put_bool, put_ids, put_no_tags, skip_tags, string,
    tags,
};
use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::ids::{BrokerEpoch, NodeId};
use crate::metadata::record::{
    BrokerEndpoint, BrokerFeature, BrokerRegistrationChange, RegisterBroker, UnregisterBroker,
};

const REGISTER_LOG_DIRS: u32 = 0;
const REGISTER_CORDONED_LOG_DIRS: u32 = 1;
const CHANGE_FENCED: u32 = 0;
const CHANGE_IN_CONTROLLED_SHUTDOWN: u32 = 1;
const CHANGE_LOG_DIRS: u32 = 2;
const CHANGE_CORDONED_LOG_DIRS: u32 = 3;

pub(super) fn put_register(out: &mut Writer, r: &RegisterBroker) {
    out.i32(r.broker_id.0);
    // A broker that migrates from ZooKeeper: never here.
    put_bool(out, false);
    out.uuid(r.incarnation_id);
    out.i64(r.broker_epoch.0);
    out.compact_array_len(r.endpoints.len());
    for endpoint in &r.endpoints {
        out.compact_string(&endpoint.name);
        out.compact_string(&endpoint.host);
        out.u16(endpoint.port);
        out.i16(endpoint.security_protocol);
        put_no_tags(out);
    }
    out.compact_array_len(r.features.len());
    for feature in &r.features {
        out.compact_string(&feature.name);
        out.i16(feature.min);
        out.i16(feature.max);
        put_no_tags(out);
    }
    out.compact_nullable_string(r.rack.as_deref());
    put_bool(out, r.fenced);
    put_bool(out, r.in_controlled_shutdown);
    let mut tagged = Tags::default();
    if !r.log_dirs.is_empty() {
        tagged.add(REGISTER_LOG_DIRS, |w| put_ids(w, &r.log_dirs));
    }
    if let Some(cordoned) = &r.cordoned_log_dirs {
        tagged.add(REGISTER_CORDONED_LOG_DIRS, |w| put_ids(w, cordoned));
    }
    tagged.put(out);
}

pub(super) fn register(r: &mut Reader<'_>, version: u32) -> Result<RegisterBroker, CodecError> {
    let broker_id = NodeId(r.i32()?);
    if version >= 2 {
        boolean(r)?;
    }
    let incarnation_id = r.uuid()?;
    let broker_epoch = BrokerEpoch(r.i64()?);
    let endpoints = (0..array_len(r, 7)?).map(|_| endpoint(r)).collect::<Result<_, _>>()?;
    let features = (0..array_len(r, 6)?).map(|_| feature(r)).collect::<Result<_, _>>()?;
    let mut record = RegisterBroker {
        broker_id,
        incarnation_id,
        broker_epoch,
        endpoints,
        features,
        rack: nullable_string(r)?,
        fenced: boolean(r)?,
        in_controlled_shutdown: version >= 1 && boolean(r)?,
        log_dirs: Vec::new(),
        cordoned_log_dirs: None,
    };
    tags(r, |tag, field| {
        match tag {
            REGISTER_LOG_DIRS => record.log_dirs = ids(field)?,
            REGISTER_CORDONED_LOG_DIRS => record.cordoned_log_dirs = nullable_ids(field)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(record)
}

fn endpoint(r: &mut Reader<'_>) -> Result<BrokerEndpoint, CodecError> {
    let endpoint = BrokerEndpoint { name: string(r)?, host: string(r)?, port: r.u16()?, security_protocol: r.i16()? };
    skip_tags(r)?;
    Ok(endpoint)
}

fn feature(r: &mut Reader<'_>) -> Result<BrokerFeature, CodecError> {
    let feature = BrokerFeature { name: string(r)?, min: r.i16()?, max: r.i16()? };
    skip_tags(r)?;
    Ok(feature)
}

pub(super) fn put_unregister(out: &mut Writer, r: &UnregisterBroker) {
    out.i32(r.broker_id.0);
    out.i64(r.broker_epoch.0);
    put_no_tags(out);
}

pub(super) fn unregister(r: &mut Reader<'_>) -> Result<UnregisterBroker, CodecError> {
    let record = UnregisterBroker { broker_id: NodeId(r.i32()?), broker_epoch: BrokerEpoch(r.i64()?) };
    skip_tags(r)?;
    Ok(record)
}

pub(super) fn put_change(out: &mut Writer, r: &BrokerRegistrationChange) {
    out.i32(r.broker_id.0);
    out.i64(r.broker_epoch.0);
    let mut tagged = Tags::default();
    if let Some(fenced) = r.fenced {
        tagged.add(CHANGE_FENCED, |w| w.i8(if fenced { 1 } else { -1 }));
    }
    if r.in_controlled_shutdown {
        tagged.add(CHANGE_IN_CONTROLLED_SHUTDOWN, |w| w.i8(1));
    }
    if !r.log_dirs.is_empty() {
        tagged.add(CHANGE_LOG_DIRS, |w| put_ids(w, &r.log_dirs));
    }
    if let Some(cordoned) = &r.cordoned_log_dirs {
        tagged.add(CHANGE_CORDONED_LOG_DIRS, |w| put_ids(w, cordoned));
    }
    tagged.put(out);
}

pub(super) fn change(r: &mut Reader<'_>) -> Result<BrokerRegistrationChange, CodecError> {
    let mut record = BrokerRegistrationChange {
        broker_id: NodeId(r.i32()?),
        broker_epoch: BrokerEpoch(r.i64()?),
        fenced: None,
        in_controlled_shutdown: false,
        log_dirs: Vec::new(),
        cordoned_log_dirs: None,
    };
    tags(r, |tag, field| {
        match tag {
            CHANGE_FENCED => {
                record.fenced = match field.i8()? {
                    0 => None,
                    v => Some(v > 0),
                }
            }
            CHANGE_IN_CONTROLLED_SHUTDOWN => record.in_controlled_shutdown = field.i8()? > 0,
            CHANGE_LOG_DIRS => record.log_dirs = ids(field)?,
            CHANGE_CORDONED_LOG_DIRS => record.cordoned_log_dirs = nullable_ids(field)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(record)
}
